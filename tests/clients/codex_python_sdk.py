#!/usr/bin/env python3
"""The SDK `codex-python-sdk`, unmodified, holds a conversation with this program.

usage: tests/clients/codex_python_sdk.py

Installs `codex-python-sdk` into a cache folder and skips without a network. CODEX_PROGRAM names another program than a build
of this tree.
"""
import json, subprocess, sys, venv

from installed import Home, Model, command, installed, message, run

VERSION = "0.2.1"

SESSION = '''
import os, sys
from codex_python_sdk import CodexAgenticError, SessionNotFoundError, create_client

work, = sys.argv[1:]
for decision in ("accept", "decline"):
    asked = []
    answer = lambda params: asked.append(params["command"]) or {"decision": decision}
    with create_client(on_command_approval=answer) as client:
        # A folder that counts from the program's.
        params = {"cwd": ".", "approvalPolicy": "on-request", "sandbox": "workspace-write"}
        thread = client.thread_start(params=params)["thread"]["id"]
        print("first", client.responses_create(prompt="Hello", thread_id=thread).text)
        print("second", client.responses_create(prompt=f"Write {decision}", thread_id=thread).text)
        print("asked", len(asked), os.path.exists(os.path.join(work, decision)))
        events = [event.type for event in client.responses_events(prompt="On", thread_id=thread)]
        print("streamed", "item/completed" in events, events[-1])
        client.thread_name_set(thread, "A name")
        print("read", len(client.thread_read(thread, include_turns=True)["turns"]))
        print("fork", client.responses_create(prompt="On", thread_id=client.thread_fork(thread)["thread"]["id"]).text)
        client.thread_archive(thread)
        print("archived", client.thread_unarchive(thread)["thread"]["name"])
        print("models", len(client.model_list()["data"]), "listed", len(client.thread_list()))
        run = client.command_exec(["sh", "-c", "echo out; exit 3"])
        print("command", run["exitCode"], run["stdout"].strip())
        try:
            client.thread_rollback(thread, 1)
        except CodexAgenticError as error:
            print("gone", "thread/rollback" in str(error))
        try:
            client.responses_create(prompt="On", thread_id="0195f000-0000-7000-8000-000000000000")
        except SessionNotFoundError:
            print("unknown thread")
'''

EXPECTED = """first Hi
second Written
asked 1 {made}
streamed True turn/completed
read 3
fork ok
archived A name
models 11 listed {listed}
command 3 out
gone True
unknown thread
"""


def install(folder):
    venv.create(folder / "venv", with_pip=True)
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, f"codex-python-sdk=={VERSION}")


def escalated(text):
    asking = command(text)
    arguments = {**json.loads(asking["arguments"]), "sandbox_permissions": "require_escalated", "justification": "to try"}
    return {**asking, "arguments": json.dumps(arguments)}


def main():
    folder = installed(f"codex-python-sdk-{VERSION}", install)
    model = Model({
        "Hello": [message("Hi")],
        "Write accept": [escalated("touch accept")],
        "Write decline": [escalated("touch decline")],
        "function_call_output": [message("Written")],
    })
    home = Home(model)
    expected = EXPECTED.format(made=True, listed=2) + EXPECTED.format(made=False, listed=4)
    try:
        environment = home.environment()
        # The SDK looks for a program named `codex`.
        environment["PATH"] = f"{home.path}:{environment['PATH']}"
        words = [folder / "venv" / "bin" / "python", "-c", SESSION, home.work]
        done = subprocess.run(words, env=environment, cwd=home.work, timeout=120, capture_output=True, text=True)
        print(done.stdout, end="")
        if done.returncode or done.stdout != expected:
            print(done.stderr[-4000:], f"expected:\n{expected}", sep="\n")
            sys.exit("failed")
    finally:
        home.remove()
    print("ok")


if __name__ == "__main__":
    main()
