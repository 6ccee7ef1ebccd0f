"""Both programs as child processes, and a scripted model for them to talk to."""
import http.server, json, os, queue, shlex, shutil, subprocess, threading, time

# Longest wait for an answer, in seconds.
PATIENCE = 20


class Model(http.server.ThreadingHTTPServer):
    """Answers every request with the next script entry, a list of items, or with `ok`."""

    def __init__(self):
        self.script, self.inputs, self.asked = [], [], threading.Condition()
        super().__init__(("127.0.0.1", 0), ModelHandler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait_for(self, count):
        """Until there were so many requests."""
        with self.asked:
            if not self.asked.wait_for(lambda: len(self.inputs) >= count, PATIENCE):
                raise queue.Empty


class ModelHandler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.send_error(404)

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        items = self.server.script.pop(0) if self.server.script else [message("ok")]
        with self.server.asked:
            self.server.inputs.append(body["input"])
            self.server.asked.notify_all()
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
                time.sleep(PATIENCE)
        except OSError:
            pass


def message(text):
    return {"type": "message", "role": "assistant", "id": "msg-1", "content": [{"type": "output_text", "text": text}]}


def command(text):
    return {"type": "function_call", "call_id": "c1", "name": "exec_command", "arguments": json.dumps({"cmd": text})}


def patch(number, *lines):
    text = "\n".join(["*** Begin Patch", *lines, "*** End Patch", ""])
    return {"type": "custom_tool_call", "call_id": f"p{number}", "name": "apply_patch", "input": text}


class Refused(Exception):
    """A request was answered with an error."""


class Server:
    """One of the two programs as a child process; `name` is `ours` or `reference`."""

    def __init__(self, name, argv, home):
        env = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "USER")}
        env.update(HOME=home, CODEX_HOME=home + "/.codex")
        self.name = name
        with open(home + "/stderr.log", "ab") as log:
            self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=env)
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

    def until(self, fits):
        """The first message that fits; all before it are dropped."""
        end = time.monotonic() + PATIENCE
        while True:
            frame = self.frames.get(timeout=max(0.01, end - time.monotonic()))
            if fits(frame):
                return frame

    def call(self, method, params):
        self.ids += 1
        number = self.ids
        self._send({"id": number, "method": method, "params": params})
        answer = self.until(lambda f: f.get("id") == number and "method" not in f)
        if "error" in answer:
            raise Refused(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def begin_turn(self, thread, text):
        """The turn's identifier."""
        params = {"threadId": thread, "input": [{"type": "text", "text": text}]}
        return self.call("turn/start", params)["turn"]["id"]

    def ended(self, thread):
        """The turn of the thread that ends next."""
        fits = lambda f: f.get("method") == "turn/completed" and f["params"]["threadId"] == thread
        return self.until(fits)["params"]["turn"]

    def turn(self, thread, text):
        """Runs a turn; gives its identifier."""
        self.begin_turn(thread, text)
        return self._completed(thread, text)

    def compact(self, thread):
        """Has the history summed up; gives the identifier of the turn in which that happens."""
        self.call("thread/compact/start", {"threadId": thread})
        return self._completed(thread, "compaction")

    def _completed(self, thread, what):
        turn = self.ended(thread)
        if turn["status"] != "completed":
            raise Refused(f"{what}: the turn is {turn['status']}: {turn['error']}")
        return turn["id"]

    def stop(self):
        self.child.stdin.close()
        self.child.wait(10)


def reference():
    """The command line of the reference, or None."""
    if "CODEX_REFERENCE" in os.environ:
        return shlex.split(os.environ["CODEX_REFERENCE"])
    found = shutil.which("codex")
    version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout if found else ""
    return [found, "app-server"] if "0.171." in version else None
