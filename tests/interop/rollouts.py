#!/usr/bin/env python3
"""Threads made by one program go on in the other: this one, and the reference `codex app-server` 0.169.

usage: CODEX_REFERENCE="…/codex app-server" tests/interop/rollouts.py [OURS]

OURS is our program (default: target/debug/codex-app-server). Without CODEX_REFERENCE a `codex` on the PATH is taken
if it is of release 0.169. Needs nothing but Python. Each program in turn makes a home with threads of many kinds;
the other one, then the first one again, lists them, resumes them, runs a turn on each, and reads them. What the
model is told and what is read must be the whole dialogue.
"""
import http.server, json, os, queue, shlex, shutil, subprocess, sys, tempfile, threading, time, uuid


class Model(http.server.ThreadingHTTPServer):
    """Answers every request with the next script entry, or with `ok`."""

    def __init__(self):
        self.script, self.inputs = [], []
        super().__init__(("127.0.0.1", 0), ModelHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()


class ModelHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.inputs.append(body["input"])
        items = self.server.script.pop(0) if self.server.script else [message("ok")]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        events = [{"type": "response.created", "response": {"id": "r"}}]
        events += [{"type": "response.output_item.done", "item": item} for item in items if item != "hang"]
        if "hang" not in items:
            usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
            events.append({"type": "response.completed", "response": {"id": "r", "usage": usage}})
        try:
            for event in events:
                self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
                self.wfile.flush()
            if "hang" in items:
                time.sleep(20)
        except OSError:
            pass


def message(text):
    return {"type": "message", "role": "assistant", "id": "msg-1", "content": [{"type": "output_text", "text": text}]}


def call(command):
    return {"type": "function_call", "call_id": "c1", "name": "exec_command", "arguments": json.dumps({"cmd": command})}


class Server:
    """One of the two programs as a child process."""

    def __init__(self, argv, home):
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "USER")}
        env.update(HOME=home, CODEX_HOME=home + "/.codex")
        self.log = open(home + "/stderr.log", "ab")
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, env=env)
        self.frames, self.ids = queue.Queue(), 0
        threading.Thread(target=self._read, daemon=True).start()
        client = {"name": "interop", "title": "Interop", "version": "1"}
        self.call("initialize", {"clientInfo": client, "capabilities": {"experimentalApi": True}})
        self._send({"method": "initialized"})

    def _read(self):
        for line in self.child.stdout:
            self.frames.put(json.loads(line))

    def _send(self, frame):
        self.child.stdin.write(json.dumps(frame).encode() + b"\n")
        self.child.stdin.flush()

    def _until(self, fits):
        end = time.monotonic() + 20
        while True:
            frame = self.frames.get(timeout=max(0.01, end - time.monotonic()))
            if fits(frame):
                return frame

    def call(self, method, params):
        self.ids += 1
        number = self.ids
        self._send({"id": number, "method": method, "params": params})
        answer = self._until(lambda f: f.get("id") == number and "method" not in f)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def turn(self, thread, text, **more):
        start = {"threadId": thread, "input": [{"type": "text", "text": text}], **more}
        turn = self.call("turn/start", start)["turn"]["id"]
        end = self._until(lambda f: f.get("method") == "turn/completed" and f["params"]["turn"]["id"] == turn)
        return turn, end["params"]["turn"]["status"]

    def stop(self):
        self.child.stdin.close()
        self.child.wait(10)


def make(argv, home, model):
    """Threads of many kinds. Gives, by kind, the thread and the user's words in it."""
    server, work, made = Server(argv, home), home + "/work", {}

    def start(kind, words=(), **more):
        thread = server.call("thread/start", {"cwd": work, **more})["thread"]["id"]
        made[kind] = (thread, list(words))
        return thread, [server.turn(thread, text)[0] for text in words]

    def fork(kind, source, words, **more):
        params = {"threadId": made[source][0], "excludeTurns": True, **more}
        thread = server.call("thread/fork", params)["thread"]["id"]
        kept = made[source][1][:1] if more else made[source][1]
        server.turn(thread, words)
        made[kind] = (thread, kept + [words])

    thread, turns = start("plain", ["one", "two"])
    server.call("thread/name/set", {"threadId": thread, "name": "A name"})
    model.script = [[call("echo hi")], [message("done")]]
    start("tools", ["use a tool"])
    start("instructions", ["base"], baseInstructions="my base words", developerInstructions="my developer words")
    fork("fork", "plain", "in the fork")
    fork("fork of a fork", "fork", "in the second fork")
    fork("fork at a turn", "plain", "after the first turn", lastTurnId=turns[0])
    thread, turns = start("reverted", ["kept", "dropped"])
    server.call("thread/revert", {"threadId": thread, "beforeTurnId": turns[1]})
    server.turn(thread, "after the revert")
    made["reverted"] = (thread, ["kept", "after the revert"])
    thread, _ = start("interrupted")
    model.script = [["hang"]]
    params = {"threadId": thread, "input": [{"type": "text", "text": "wait"}]}
    turn = server.call("turn/start", params)["turn"]["id"]
    time.sleep(0.5)
    server.call("turn/interrupt", {"threadId": thread, "turnId": turn})
    made["interrupted"] = (thread, ["wait"])
    thread, _ = start("archived", ["to the archive"])
    server.call("thread/archive", {"threadId": thread})
    server.stop()
    return made


def legacy(home, made):
    """A thread of the year 2025, which neither program has made."""
    thread = "01996a00-0000-7000-8000-00000000000a"
    folder = home + "/.codex/sessions/2025/09/20"
    os.makedirs(folder, exist_ok=True)
    said = lambda role, kind, text: {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
    lines = [
        ("session_meta", {"id": thread, "timestamp": "2025-09-20T10:00:00.000Z", "cwd": home + "/work",
                          "originator": "codex_cli_rs", "cli_version": "0.40.0", "instructions": None}),
        ("response_item", said("user", "input_text", "old words")),
        ("event_msg", {"type": "user_message", "message": "old words", "images": []}),
        ("event_msg", {"type": "agent_message", "message": "old answer"}),
        ("response_item", said("assistant", "output_text", "old answer")),
    ]
    with open(f"{folder}/rollout-2025-09-20T10-00-00-{thread}.jsonl", "w") as file:
        for kind, payload in lines:
            file.write(json.dumps({"timestamp": "2025-09-20T10:00:00.000Z", "type": kind, "payload": payload}) + "\n")
    made["legacy"] = (thread, ["old words"])


def words_of_user(turns):
    return [part["text"] for turn in turns for item in turn["items"] if item["type"] == "userMessage"
            for part in item["content"]]


def go_on(name, argv, home, model, made, failures):
    """Lists, resumes, continues and reads every thread; what was said must all be there."""
    server = Server(argv, home)

    def check(kind, what, got, wanted):
        if got != wanted:
            failures.append(f"{name}, {kind}: {what} is {got}, not {wanted}")

    listed = {row["id"] for row in server.call("thread/list", {"limit": 100})["data"]}
    archived = {row["id"] for row in server.call("thread/list", {"archived": True})["data"]}
    check("all", "list", listed, {thread for kind, (thread, _) in made.items() if kind != "archived"})
    check("all", "archive", archived, {made["archived"][0]})
    for kind, (thread, words) in made.items():
        if kind == "archived":
            continue
        try:
            server.call("thread/resume", {"threadId": thread, "excludeTurns": True})
            text = f"go on {uuid.uuid4().hex[:6]}"
            check(kind, "status", server.turn(thread, text)[1], "completed")
            words.append(text)
            told = json.dumps(model.inputs[-1])
            for word in words:
                if word not in told:
                    failures.append(f"{name}, {kind}: the model isn't told {word!r}")
            turns = server.call("thread/read", {"threadId": thread, "includeTurns": True})["thread"]["turns"]
            # Without its own databases the reference shows of a reverted thread only what its newest file holds.
            short = kind == "reverted" and name == "made by ours, in reference"
            check(kind, "turns", words_of_user(turns), words[1:] if short else words)
        except (RuntimeError, queue.Empty) as error:
            failures.append(f"{name}, {kind}: {error!r}")
    server.stop()


def reference():
    if "CODEX_REFERENCE" in os.environ:
        return shlex.split(os.environ["CODEX_REFERENCE"])
    found = shutil.which("codex")
    version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout if found else ""
    return [found, "app-server"] if "0.169." in version else None


def main():
    ours = shlex.split(sys.argv[1]) if len(sys.argv) > 1 else ["target/debug/codex-app-server"]
    theirs = reference()
    if theirs is None:
        print("skipped: the reference is not installed (set CODEX_REFERENCE to its command line)")
        return 0
    programs, failures = {"ours": ours, "reference": theirs}, []
    for maker in programs:
        home = tempfile.mkdtemp(prefix="interop-")
        os.makedirs(home + "/.codex")
        os.makedirs(home + "/work")
        model = Model()
        with open(home + "/.codex/config.toml", "w") as config:
            config.write(f'model = "gpt-5.5"\nmodel_provider = "mock"\napproval_policy = "never"\n'
                         f'sandbox_mode = "danger-full-access"\n[model_providers.mock]\nname = "mock"\n'
                         f'base_url = "http://127.0.0.1:{model.server_port}/v1"\nwire_api = "responses"\n')
        made = make(programs[maker], home, model)
        legacy(home, made)
        other = next(name for name in programs if name != maker)
        for name in (other, maker, other):
            go_on(f"made by {maker}, in {name}", programs[name], home, model, made, failures)
        print(f"made by {maker}: {len(made)} kinds of threads, each taken up three times")
        model.shutdown()
        shutil.rmtree(home)
    for failure in failures:
        print("FAILED", failure)
    print("ok" if not failures else f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
