"""Where clients of others are installed, and a home for the program that they start."""
import http.server, itertools, json, os, pathlib, shutil, subprocess, sys, tempfile, threading

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "interop"))
from programs import command, message  # noqa: E402,F401

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "codex-app-server" / "clients"

# Longest wait for an installation, in seconds.
PATIENCE = 300


class Model(http.server.ThreadingHTTPServer):
    """A model that knows what to answer to which words of the user, or `ok`. Clients ask more than the user says, so the
    order of requests tells nothing."""

    def __init__(self, answers):
        self.answers, self.ids = answers, itertools.count()
        super().__init__(("127.0.0.1", 0), ModelHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ModelHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = json.dumps(body["input"][-1])
        items = next((items for words, items in self.server.answers.items() if words in said), [message("ok")])
        events = [{"type": "response.created", "response": {"id": "r"}}]
        for item in items:
            # Clients take messages of one id for one message.
            named = {**item, "id": f"item-{next(self.server.ids)}"}
            events.append({"type": "response.output_item.done", "item": named})
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        events.append({"type": "response.completed", "response": {"id": "r", "usage": usage}})
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        try:
            for event in events:
                self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
        except OSError:
            pass


def program():
    """The program to test: CODEX_PROGRAM, or a build of this tree."""
    given = os.environ.get("CODEX_PROGRAM")
    built = [ROOT / "target" / kind / "codex-app-server" for kind in ("debug", "release")]
    found = [given] if given else [str(path) for path in built if path.exists()]
    if not found:
        sys.exit("build the program first: cargo build")
    return os.path.abspath(found[0])


def installed(name, install):
    """The folder of a client; `install` fills it the first time. Without a network the test is skipped."""
    folder = CACHE / name
    done = folder / ".done"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            install(folder)
        except (OSError, subprocess.SubprocessError) as error:
            print(f"skipped: {name} could not be installed ({error})")
            sys.exit(0)
        done.touch()
    return folder


def run(*words, cwd=None):
    words = [str(word) for word in words]
    subprocess.run(words, cwd=cwd, check=True, timeout=PATIENCE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Home:
    """A fresh home whose configuration knows the scripted model, and a link named `codex` to the program."""

    def __init__(self, model):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="codex-client-"))
        self.work = self.path / "work"
        for folder in (self.path / ".codex", self.work):
            folder.mkdir()
        self.codex = self.path / "codex"
        self.codex.symlink_to(program())
        (self.path / ".codex" / "config.toml").write_text(
            'model = "gpt-5.5"\nmodel_provider = "mock"\n[model_providers.mock]\nname = "mock"\n'
            f'base_url = "http://127.0.0.1:{model.server_port}/v1"\nrequest_max_retries = 0\nstream_max_retries = 0\n'
        )

    def environment(self):
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}
        return {**kept, "HOME": str(self.path), "CODEX_HOME": str(self.path / ".codex")}

    def remove(self):
        shutil.rmtree(self.path, ignore_errors=True)
