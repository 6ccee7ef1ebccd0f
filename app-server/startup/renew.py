#!/usr/bin/env python3
"""Makes order.txt: the functions that run at the start of the daemon, then those of a first turn, and so on.

usage: app-server/startup/renew.py

The linker puts them next to each other in this order (build.rs), so that a start touches a tenth of the program's pages
instead of half of them. Names follow from the toolchain and from Cargo.lock; run this after either has changed. Needs
valgrind.
"""
import json
import os
import re
import subprocess
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
ORDER = os.path.join(ROOT, "app-server", "startup", "order.txt")
SCRIPT = {"answers": [
    {"steps": [{"reason": {"summary": "thinking", "deltas": 3}}, {"say": {"text": "I look.", "deltas": 5}},
               {"call": {"id": "c1", "name": "exec_command", "arguments": {"cmd": "echo hi"}}}]},
    {"steps": [{"say": {"text": "Done.", "deltas": 5}}]}]}

# What users have: a value of every type, and the tables that most of them set.
CONFIG = """
model = "gpt-6.2-sol"
model_provider = "mock"
model_reasoning_effort = "high"
model_context_window = 200000
approval_policy = "on-request"
sandbox_mode = "workspace-write"
project_doc_fallback_filenames = ["README.md"]

[model_providers.mock]
name = "mock"
base_url = "BASE_URL"
wire_api = "responses"
requires_openai_auth = false
supports_websockets = false
request_max_retries = 0
stream_max_retries = 0
http_headers = { "X-Startup" = "1" }

[sandbox_workspace_write]
network_access = false
writable_roots = []

[shell_environment_policy]
inherit = "all"
exclude = ["AWS_*"]

[features]
goals = true
"""


def build():
    """The program as it is shipped, but with its names."""
    command = ["cargo", "rustc", "--release", "-p", "codex-app-server", "--bin", "codex-app-server",
               "--message-format=json", "--", "-C", "strip=none"]
    output = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    built = [message["executable"] for message in map(json.loads, output.splitlines()) if message.get("executable")]
    return built[-1]


class Client:
    """Drives the daemon under valgrind, which notes what runs."""

    def __init__(self, program, home, counts):
        command = ["valgrind", "--tool=callgrind", "--demangle=no", f"--callgrind-out-file={counts}", program]
        env = {**os.environ, "HOME": home, "CODEX_HOME": f"{home}/.codex", "RUST_LOG": "warn"}
        self.process = subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.id = 0

    def write(self, **message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def wait(self, fits):
        for line in self.process.stdout:
            message = json.loads(line)
            if fits(message):
                return message
        raise SystemExit("the daemon has ended")

    def call(self, method, **params):
        self.id += 1
        self.write(id=self.id, method=method, params=params)
        return self.wait(lambda message: message.get("id") == self.id and "method" not in message)["result"]

    def stop(self):
        # What follows the last answer in the background counts, too.
        time.sleep(3)
        self.process.stdin.close()
        self.process.stdout.read()
        self.process.wait()


def initialize(client):
    client.call("initialize", clientInfo={"name": "startup", "title": "Startup", "version": "1"},
                capabilities={"experimentalApi": True, "optOutNotificationMethods": ["item/agentMessage/delta"]})
    client.write(method="initialized")


def turn(client):
    initialize(client)
    thread = client.call("thread/start", cwd="/tmp", approvalPolicy="never", sandbox="danger-full-access")["thread"]
    client.call("turn/start", threadId=thread["id"], input=[{"type": "text", "text": "hello"}])
    client.wait(lambda message: message.get("method") == "turn/completed")
    # The folder has become a trusted project now. A model that nobody knows, and what the configuration says otherwise.
    thread = client.call("thread/start", cwd="/tmp", model="other")["thread"]
    client.call("turn/start", threadId=thread["id"], input=[{"type": "text", "text": "hello"}])
    client.wait(lambda message: message.get("method") == "turn/completed")


def history(client):
    initialize(client)
    thread = client.call("thread/list")["data"][0]["id"]
    client.call("thread/read", threadId=thread, includeTurns=True)
    client.call("thread/turns/list", threadId=thread)
    client.call("thread/resume", threadId=thread)


def own_functions(program):
    """Those that are not in libraries."""
    symbols = subprocess.run(["nm", "--defined-only", program], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name for _, kind, name in map(str.split, symbols.splitlines()) if kind in "tTwW"}


def called(counts):
    """Names in the output of callgrind. Some are told with the number of their calls of themselves."""
    with open(counts) as file:
        return set(re.findall(r"^c?fn=\(\d+\) ([^\n']+)", file.read(), re.MULTILINE))


def main():
    program = build()
    own, names = own_functions(program), []
    with tempfile.TemporaryDirectory() as home:
        os.mkdir(f"{home}/.codex")
        with open(f"{home}/script.json", "w") as file:
            json.dump(SCRIPT, file)
        model = subprocess.Popen([program, "mock-model", "--script", f"{home}/script.json"], text=True,
                                 stdout=subprocess.PIPE)
        with open(f"{home}/.codex/config.toml", "w") as file:
            file.write(CONFIG.replace("BASE_URL", model.stdout.readline().strip()))
        for scene in (initialize, turn, history):
            client = Client(program, home, f"{home}/counts")
            scene(client)
            client.stop()
            names += sorted(called(f"{home}/counts") & own - set(names))
        model.terminate()
    with open(ORDER, "w") as file:
        file.write("".join(name + "\n" for name in names))
    print(f"{len(names)} functions")


main()
