#!/usr/bin/env python3
"""The Python SDK, unmodified, holds a conversation with this program.

usage: tests/clients/python_sdk.py

Installs `openai-codex` into a cache folder (without the program that it comes with) and skips without a network.
CODEX_PROGRAM names another program than a build of this tree.
"""
import subprocess, sys, venv

from installed import Home, Model, command, installed, message, run

VERSION = "0.163.0"

SESSION = '''
import sys
from openai_codex import ApprovalMode, Codex, CodexConfig, Sandbox

program, work = sys.argv[1:]
with Codex(CodexConfig(codex_bin=program, cwd=work)) as codex:
    print("server", codex.metadata.userAgent.split(" ")[0])
    print("account", codex.account().account)
    models = codex.models()
    print("models", len(models.data), [model.id for model in models.data if model.is_default])
    thread = codex.thread_start(cwd=work, sandbox=Sandbox.workspace_write, approval_mode=ApprovalMode.deny_all)
    print("first", thread.run("Hello").final_response)
    print("second", thread.run("Write a file").final_response)
    thread.set_name("A name")
    handle = thread.turn("Stream, please")
    kinds = [event.method for event in handle.stream()]
    print("streamed", "turn/started" in kinds, kinds[-1])
    thread.compact()
    stored = thread.read(include_turns=True).thread
    print("read", stored.name, len(stored.turns))
    fork = codex.thread_fork(thread.id)
    print("fork", fork.run("On").final_response)
    again = codex.thread_resume(thread.id)
    print("resumed", again.run("Again").final_response)
    codex.thread_archive(fork.id)
    print("archived", codex.thread_unarchive(fork.id).id == fork.id)
    print("listed", len(codex.thread_list(cwd=work).data))
'''

EXPECTED = """server codex_python_sdk/0.171.0
account None
models 11 ['gpt-6.2-sol']
first Hi
second Written
streamed True turn/completed
read A name 4
fork ok
resumed ok
archived True
listed 2
"""


def install(folder):
    venv.create(folder / "venv", with_pip=True)
    pip = [folder / "venv" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    run(*pip, "--no-deps", f"openai-codex=={VERSION}")
    run(*pip, "pydantic>=2.12", "packaging")


def main():
    folder = installed(f"openai-codex-{VERSION}", install)
    model = Model({
        "Hello": [message("Hi")],
        "Write a file": [command("echo hello > made")],
        "function_call_output": [message("Written")],
    })
    home = Home(model)
    try:
        words = [folder / "venv" / "bin" / "python", "-c", SESSION, home.codex, home.work]
        done = subprocess.run(words, env=home.environment(), timeout=120, capture_output=True, text=True)
        print(done.stdout, end="")
        made = (home.work / "made").read_text() if (home.work / "made").exists() else None
        if done.returncode or done.stdout != EXPECTED or made != "hello\n":
            print(done.stderr[-4000:], f"made: {made!r}", f"expected:\n{EXPECTED}", sep="\n")
            sys.exit("failed")
    finally:
        home.remove()
    print("ok")


if __name__ == "__main__":
    main()
