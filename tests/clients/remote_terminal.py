#!/usr/bin/env python3
"""The terminal client and `codex exec` of the reference, unmodified, hold a conversation with this program over a WebSocket.

usage: tests/clients/remote_terminal.py

Installs `@openai/codex` into a cache folder and skips without a network, npm or node. CODEX_REFERENCE names an installed
one, CODEX_PROGRAM another program than a build of this tree (as "codex app-server").
"""
import json, os, pathlib, re, select, shlex, shutil, signal, struct, subprocess, sys, tempfile, threading, time
import fcntl, pty, termios

from installed import Home, Model, ModelHandler, installed, message, program, run

VERSION = "0.171.0"

# Longest wait for a word on the screen, in seconds.
PATIENCE = 40

ESCAPES = re.compile(
    rb"\x1b\[[0-9;?<>=!$\" ]*[A-Za-z@`~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[P_][^\x1b]*\x1b\\|\x1b[()][A-Z0-9]|\x1b[=>0-9A-Z]")

# What terminals are asked, and what this one answers.
QUESTIONS = {
    b"\x1b[6n": b"\x1b[1;1R",
    b"\x1b[c": b"\x1b[?62;c",
    b"\x1b[?u": b"\x1b[?0u",
    b"\x1b]10;?": b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
    b"\x1b]11;?": b"\x1b]11;rgb:0000/0000/0000\x1b\\",
}


def install(folder):
    run("npm", "install", "--prefix", folder, "--no-audit", "--no-fund", f"@openai/codex@{VERSION}")


def reference():
    if given := os.environ.get("CODEX_REFERENCE"):
        return given
    folder = installed(f"codex-{VERSION}", install)
    found = [path for path in folder.rglob("codex") if path.is_file() and path.stat().st_size > 1 << 20]
    if not found:
        print("skipped: the package holds no program for this system")
        sys.exit(0)
    return str(found[0])


class StreamingHandler(ModelHandler):
    """Sends events as they are, with pauses; the string `hang` goes silent."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        said = json.dumps(body["input"][-1])
        steps = next((steps for words, steps in self.server.streams.items() if words in said), None)
        if steps is None:
            steps = [{"type": "response.output_item.done", "item": message("fine")}]
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        end = {"type": "response.completed", "response": {"id": "r", "usage": usage}}
        number = next(self.server.ids)
        try:
            for step in [{"type": "response.created", "response": {"id": "r"}}, *steps, end]:
                if step == "hang":
                    time.sleep(PATIENCE)
                    return
                if isinstance(step, float):
                    time.sleep(step)
                    continue
                # Clients take messages of one id for one message.
                text = json.dumps(step).replace("msg-1", f"msg-{number}")
                self.wfile.write(f"event: {step['type']}\ndata: {text}\n\n".encode())
                self.wfile.flush()
        except OSError:
            pass


def delta(text):
    return {"type": "response.output_text.delta", "item_id": "msg-1", "output_index": 0, "content_index": 0, "delta": text}


def streamed(*parts):
    opened = {"type": "message", "role": "assistant", "id": "msg-1", "content": []}
    return [{"type": "response.output_item.added", "item": opened}, *[delta(p) if isinstance(p, str) else p for p in parts]]


def done(item):
    return [{"type": "response.output_item.done", "item": item}]


def escalated(text):
    arguments = {"cmd": text, "sandbox_permissions": "require_escalated", "justification": "because"}
    return done({"type": "function_call", "call_id": "c1", "name": "exec_command", "arguments": json.dumps(arguments)})


PATCH = "*** Begin Patch\n*** Add File: patched.txt\n+patched\n*** End Patch\n"

STREAMS = {
    "Hello": done(message("Good morning")),
    "Say it slowly": [*streamed("First ", "part\n\n", 1.5), delta("second part"), *done(message("First part\n\nsecond part"))],
    "Run a command": escalated("echo made > commanded.txt; echo the-output"),
    "the-output": done(message("It has run")),
    "Patch a file": done({"type": "custom_tool_call", "call_id": "c2", "name": "apply_patch", "input": PATCH}),
    "patched.txt": done(message("It is patched")),
    "Never stop": [*streamed("Endless words\n\n"), "hang"],
    "Are you still there": done(message("Still here")),
    "Remember": done(message("All of it")),
}


class Daemon:
    """The program, listening."""

    def __init__(self, home):
        words = shlex.split(os.environ.get("CODEX_PROGRAM", program()))
        self.child = subprocess.Popen([*words, "--listen", "ws://127.0.0.1:0"], env=home.environment(), cwd=home.work,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.log = []
        for line in self.child.stderr:
            if "listening on: " in line:
                self.url = line.split("listening on: ")[1].strip()
                break
        else:
            sys.exit("the program does not listen")
        threading.Thread(target=lambda: self.log.extend(self.child.stderr), daemon=True).start()

    def stop(self):
        self.child.terminate()
        return self.child.wait(timeout=PATIENCE)


class Terminal:
    """The terminal client on a terminal of ours."""

    def __init__(self, words, environment, folder):
        self.screen, self.mark, self.tail = b"", 0, b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(words[0], words, environment)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 140, 0, 0))

    def read(self, wait):
        if not select.select([self.fd], [], [], wait)[0]:
            return True
        try:
            data = os.read(self.fd, 1 << 16)
        except OSError:
            data = b""
        self.screen += data
        for question, answer in QUESTIONS.items():
            for _ in range(data.count(question)):
                os.write(self.fd, answer)
        return bool(data)

    def text(self):
        return " ".join(ESCAPES.sub(b" ", self.screen[self.mark:]).decode("utf-8", "replace").split())

    def wait(self, *words):
        """Until one of these is on the screen; says which."""
        end = time.monotonic() + PATIENCE
        alive = True
        while alive and time.monotonic() < end:
            text = self.text()
            for word in words:
                # What is redrawn in part may lack blanks.
                if word.replace(" ", "") in text.replace(" ", ""):
                    return word
            alive = self.read(0.2)
        sys.exit(f"none of {words} on the screen:\n{self.text()[-4000:]}")

    def settle(self):
        """Until nothing has been drawn for a moment."""
        end, size, quiet = time.monotonic() + PATIENCE, -1, 0
        while quiet < 3 and time.monotonic() < end:
            quiet = quiet + 1 if len(self.screen) == size else 0
            size = len(self.screen)
            self.read(0.2)

    def press(self, keys):
        self.mark = len(self.screen)
        os.write(self.fd, keys.encode())

    def say(self, text):
        self.press(text)
        self.wait(text)
        # What comes faster than a person types counts as pasted, and a line end in it as a part of it.
        self.settle()
        self.press("\r")

    def quit(self):
        self.press("\x03")
        self.settle()
        end = time.monotonic() + PATIENCE
        os.write(self.fd, b"\x03")
        while self.read(0.2) and time.monotonic() < end:
            pass
        try:
            os.kill(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        os.waitpid(self.pid, 0)


def open_terminal(words, environment, folder):
    terminal = Terminal(words, environment, folder)
    terminal.wait("Ask Codex", "? for shortcuts", "Do you trust")
    terminal.settle()
    for _ in range(3):
        text = terminal.text()
        if "Use existing model" in text[-1500:]:
            terminal.press("\x1b")
        elif "Do you trust" in text[-1500:]:
            terminal.press("\r")
        else:
            break
        terminal.settle()
    return terminal


def main():
    codex = reference()
    model = Model({})
    model.RequestHandlerClass, model.streams = StreamingHandler, STREAMS
    home = Home(model)
    theirs = pathlib.Path(tempfile.mkdtemp(prefix="codex-client-"))
    (theirs / ".codex").mkdir()
    environment = {**home.environment(), "HOME": str(theirs), "CODEX_HOME": str(theirs / ".codex"), "TERM": "xterm-256color"}
    daemon = Daemon(home)
    try:
        words = [codex, "exec", "--remote", daemon.url, "--skip-git-repo-check"]
        executed = subprocess.run([*words, "Hello"], env=environment, cwd=home.work, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=PATIENCE)
        if executed.returncode or executed.stdout.strip() != "Good morning":
            sys.exit(f"codex exec: {executed}")
        print("codex exec: answered")

        terminal = open_terminal([codex, "--remote", daemon.url], environment, home.work)
        terminal.say("Hello")
        terminal.wait("Good morning")
        print("terminal: answered")
        terminal.say("Say it slowly")
        terminal.wait("First part")
        if "second part" in terminal.text():
            sys.exit("the answer was not streamed")
        terminal.wait("second part")
        print("terminal: streamed")
        terminal.settle()
        terminal.say("Run a command")
        terminal.wait("Would you like to run", "Yes, proceed")
        terminal.settle()
        if (home.work / "commanded.txt").exists():
            sys.exit("the command has run without a question")
        terminal.press("y")
        terminal.wait("It has run")
        if (home.work / "commanded.txt").read_text() != "made\n":
            sys.exit("the command has not run")
        print("terminal: approved a command")
        terminal.settle()
        terminal.say("Patch a file")
        if terminal.wait("Would you like to make", "It is patched") != "It is patched":
            terminal.settle()
            terminal.press("y")
            terminal.wait("It is patched")
        if (home.work / "patched.txt").read_text() != "patched\n":
            sys.exit("the file is not patched")
        print("terminal: patched a file")
        terminal.settle()
        terminal.say("Never stop")
        terminal.wait("Endless words")
        terminal.press("\x1b")
        terminal.wait("interrupted")
        terminal.settle()
        terminal.say("Are you still there")
        terminal.wait("Still here")
        print("terminal: interrupted")
        terminal.settle()
        terminal.quit()

        terminal = open_terminal([codex, "resume", "--remote", daemon.url, "--last"], environment, home.work)
        terminal.mark = 0
        terminal.wait("Still here")
        terminal.say("Remember")
        terminal.wait("All of it")
        print("terminal: resumed")
        terminal.settle()
        terminal.quit()
        if daemon.stop():
            sys.exit("the daemon ended with an error")
    except SystemExit:
        print("--- log of the daemon", *daemon.log[-20:], sep="\n")
        raise
    finally:
        daemon.child.kill()
        home.remove()
        shutil.rmtree(theirs, ignore_errors=True)
    print("ok")


if __name__ == "__main__":
    main()
