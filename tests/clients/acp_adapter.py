#!/usr/bin/env python3
"""The adapter for the Agent Client Protocol, unmodified, holds a conversation with this program.

usage: tests/clients/acp_adapter.py

Installs `@agentclientprotocol/codex-acp` into a cache folder (without the program that it comes with) and skips without a
network, npm or node. CODEX_PROGRAM names another program than a build of this tree.
"""
import json, os, queue, subprocess, sys, threading

from installed import Home, Model, command, installed, message, run

VERSION = "2.6.0"
PACKAGE = "@agentclientprotocol/codex-acp"

# Longest wait for a message, in seconds.
PATIENCE = 30


def install(folder):
    npm = ["npm", "install", "--prefix", folder, "--no-audit", "--no-fund", "--omit=optional", "--ignore-scripts"]
    run(*npm, f"{PACKAGE}@{VERSION}")
    run("node", "--version")


class Adapter:
    """The adapter as a child process; we are its editor."""

    def __init__(self, folder, home):
        entry = folder / "node_modules" / PACKAGE / "dist" / "index.js"
        logs = home.path / "logs"
        logs.mkdir()
        environment = {**home.environment(), "CODEX_PATH": str(home.codex), "APP_SERVER_LOGS": str(logs),
                       "INITIAL_AGENT_MODE": "read-only"}
        self.logs = logs
        self.child = subprocess.Popen(
            ["node", str(entry)], env=environment, cwd=home.work, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(home.path / "stderr", "w"),
        )
        self.inbox, self.updates, self.asked, self.next = queue.Queue(), [], [], 0
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.child.stdout:
            self.inbox.put(json.loads(line))
        self.inbox.put(None)

    def send(self, frame):
        self.child.stdin.write(json.dumps({"jsonrpc": "2.0", **frame}) + "\n")
        self.child.stdin.flush()

    def call(self, method, params):
        self.next += 1
        self.send({"id": self.next, "method": method, "params": params})
        while True:
            frame = self.inbox.get(timeout=PATIENCE)
            if frame is None:
                raise EOFError(f"{method}: the adapter has ended")
            if "method" not in frame and frame.get("id") == self.next:
                if "error" in frame:
                    raise RuntimeError(f"{method}: {frame['error']}")
                return frame["result"]
            self.take(frame)

    def take(self, frame):
        """What the adapter tells, and what it asks: everything is allowed once."""
        if frame.get("method") == "session/update":
            self.updates.append(frame["params"]["update"])
        elif "id" in frame and frame.get("method") == "session/request_permission":
            options = frame["params"]["options"]
            self.asked.append(frame["params"])
            allow = next(option for option in options if option["kind"] == "allow_once")
            outcome = {"outcome": "selected", "optionId": allow["optionId"]}
            self.send({"id": frame["id"], "result": {"outcome": outcome}})
        elif "id" in frame and "method" in frame:
            self.send({"id": frame["id"], "error": {"code": -32601, "message": "not supported"}})

    def said(self, since):
        chunks = [update["content"].get("text", "") for update in self.updates[since:]
                  if update["sessionUpdate"] == "agent_message_chunk"]
        return "".join(chunks)

    def refused(self):
        """Methods that our program refused, from the adapter's log."""
        methods, refused = {}, []
        for log in self.logs.iterdir():
            for line in log.read_text(errors="replace").splitlines():
                start = line.find("{")
                if start < 0:
                    continue
                try:
                    frame = json.loads(line[start:])
                except ValueError:
                    continue
                if "[IN]" in line and "method" in frame:
                    methods[frame.get("id")] = frame["method"]
                elif "[OUT]" in line and "error" in frame:
                    refused.append(f"{methods.get(frame.get('id'))}: {frame['error']['message']}")
        return refused


def conversation(adapter, home):
    """What happens, line by line."""
    lines = []
    told = lambda *words: lines.append(" ".join(str(word) for word in words))
    opened = adapter.call("initialize", {
        "protocolVersion": 1,
        "clientInfo": {"name": "test", "version": "1"},
        "clientCapabilities": {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False},
    })
    told("agent", opened["agentInfo"]["version"], "protocol", opened["protocolVersion"])
    session = adapter.call("session/new", {"cwd": str(home.work), "mcpServers": []})
    name = session["sessionId"]
    prompt = lambda text: adapter.call("session/prompt", {"sessionId": name, "prompt": [{"type": "text", "text": text}]})
    since = len(adapter.updates)
    told("first", prompt("Hello")["stopReason"], adapter.said(since))
    since = len(adapter.updates)
    told("second", prompt("Write a file")["stopReason"], adapter.said(since))
    told("asked", len(adapter.asked), "made", (home.work / "made").read_text().strip())
    kinds = {update["sessionUpdate"] for update in adapter.updates}
    told("tool calls", {"tool_call", "tool_call_update"} <= kinds)
    listed = adapter.call("session/list", {"cwd": str(home.work)})
    told("listed", [one["sessionId"] for one in listed["sessions"]] == [name])
    since = len(adapter.updates)
    adapter.call("session/load", {"sessionId": name, "cwd": str(home.work), "mcpServers": []})
    told("loaded", adapter.said(since))
    told("after", prompt("On")["stopReason"], adapter.said(since)[-2:])
    return lines


EXPECTED = """agent 2.6.0 protocol 1
first end_turn Hi
second end_turn Written
asked 1 made hello
tool calls True
listed True
loaded HiWritten
after end_turn ok
"""


def main():
    folder = installed(f"codex-acp-{VERSION}", install)
    asking = command("echo hello > made")
    arguments = {**json.loads(asking["arguments"]), "sandbox_permissions": "require_escalated", "justification": "to try"}
    model = Model({
        "Hello": [message("Hi")],
        "Write a file": [{**asking, "arguments": json.dumps(arguments)}],
        "function_call_output": [message("Written")],
    })
    home = Home(model)
    adapter = Adapter(folder, home)
    try:
        lines = conversation(adapter, home)
        adapter.child.stdin.close()
        adapter.child.wait(PATIENCE)
    except Exception:
        print((home.path / "stderr").read_text()[-3000:])
        raise
    finally:
        for refusal in adapter.refused():
            print("refused", refusal)
        if adapter.child.poll() is None:
            adapter.child.kill()
        if not os.environ.get("KEEP_HOME"):
            home.remove()
    print("\n".join(lines))
    if lines != EXPECTED.splitlines():
        sys.exit(f"failed; expected:\n{EXPECTED}")
    print("ok")


if __name__ == "__main__":
    main()
