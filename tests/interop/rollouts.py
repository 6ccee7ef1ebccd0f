#!/usr/bin/env python3
"""Threads made by one program go on in the other: this one, and the reference `codex app-server` 0.171.

usage: CODEX_REFERENCE="…/codex app-server" tests/interop/rollouts.py [OURS]

OURS is our program (default: target/debug/codex-app-server). Without CODEX_REFERENCE a `codex` on the PATH is taken
if it is of release 0.171. Needs nothing but Python. Each program in turn makes a home with threads of many kinds
(kinds.py); the other one, then the first one again, then the other, lists them, reads them with their turns, resumes
them, and runs turns. What is read must be what the program before has read, and hold the whole dialogue. What our
program sends to the model must be what the reference sends in the same place.
"""
import os, queue, shlex, shutil, sys, tempfile, uuid

import kinds
from kinds import Maker
from programs import Model, Refused, Server, reference


class Run:
    """One home, and both programs on it."""

    def __init__(self, programs, maker):
        self.programs, self.maker, self.model = programs, maker, Model()
        self.other = next(name for name in programs if name != maker)
        self.home = tempfile.mkdtemp(prefix="interop-")
        self.work = self.home + "/work"
        self.threads, self.failures, self.stage = {}, [], ""
        os.makedirs(self.work)
        os.makedirs(self.home + "/.codex")
        with open(self.home + "/.codex/config.toml", "w") as config:
            config.write(f'model = "gpt-5.5"\nmodel_provider = "{kinds.PLAIN}"\napproval_policy = "never"\n'
                         'sandbox_mode = "danger-full-access"\n')
            # A provider of this name sums histories up itself.
            for provider, name in ((kinds.PLAIN, "mock"), (kinds.SUMMING, "OpenAI")):
                config.write(f'[model_providers.{provider}]\nname = "{name}"\nwire_api = "responses"\n'
                             f'base_url = "http://127.0.0.1:{self.model.server_port}/v1"\n')

    def start(self, name):
        server = Server(name, self.programs[name], self.home)
        return server, Maker(server, self.work, self.model, self.threads)

    def whole(self):
        """Every thread made by one program, and taken up three times. Gives the failures."""
        # First of all: the reference takes in files of others when it makes its databases.
        kinds.legacy(self.home, self.threads)
        server, maker = self.start(self.maker)
        kinds.make(maker)
        self.read_all(server)
        server.stop()
        for time, name in enumerate((self.other, self.maker, self.other)):
            self.stage = f"made by {self.maker}, in {name} ({time + 1})"
            rehearsed = self.rehearse() if name == "ours" else {}
            server, maker = self.start(name)
            self.lists(server)
            for kind in list(self.threads):
                try:
                    self.take_up(maker, kind, rehearsed.get(kind))
                except (Refused, queue.Empty) as error:
                    self.failures.append(f"{self.stage}, {kind}: {error!r}")
            if time == 0:
                kinds.branch(maker)
            self.read_all(server)
            server.stop()
        self.model.shutdown()
        shutil.rmtree(self.home)
        return self.failures

    def read_all(self, server):
        for thread in self.threads.values():
            thread.turns = read(server, thread)

    def rehearse(self):
        """What the reference would send to the model next, by kind. Leaves no trace."""
        aside, inputs = self.home + ".aside", {}
        shutil.copytree(self.home, aside)
        server, _ = self.start("reference")
        for kind, thread in self.threads.items():
            if thread.archived:
                kinds.unarchive(server, kinds.Thread(thread.id, []))
            server.call("thread/resume", {"threadId": thread.id, "excludeTurns": True})
            server.turn(thread.id, "rehearsal")
            inputs[kind] = self.model.inputs[-1]
        server.stop()
        shutil.rmtree(self.home)
        os.rename(aside, self.home)
        return inputs

    def check(self, kind, what, got, wanted):
        if got != wanted:
            self.failures.append(f"{self.stage}, {kind}: {what}: {first_difference(got, wanted)}")

    def lists(self, server):
        for archived in (False, True):
            # Without the last word it would be the threads of the provider that is set.
            rows = server.call("thread/list", {"archived": archived, "limit": 100, "modelProviders": []})["data"]
            kind_of = {thread.id: kind for kind, thread in self.threads.items()}
            listed = {kind_of.get(row["id"], row["id"]): row["name"] for row in rows}
            here = {kind: thread for kind, thread in self.threads.items() if thread.archived == archived}
            self.check("all", "list", listed, {kind: t.names.get(server.name) for kind, t in here.items()})

    def take_up(self, maker, kind, rehearsed):
        """Reads, resumes and continues a thread."""
        server, thread = maker.server, self.threads[kind]
        before = read(server, thread)
        archived = thread.archived
        if archived:
            kinds.unarchive(server, thread)
        if kind == "named":
            self.check(kind, "name", self.told_name(server, thread), thread.names.get(server.name))
            kinds.name(server, thread, f"Not loaded, {self.stage}")
        resumed = server.call("thread/resume", {"threadId": thread.id})["thread"]
        self.check(kind, "name when resumed", resumed["name"], thread.names.get(server.name))
        # The reference takes in what others have written when it resumes a thread.
        if server.name == "ours":
            self.check(kind, "turns before", shown(thread, before), shown(thread, thread.turns))
        self.check(kind, "turns when resumed", shown(thread, resumed["turns"]), shown(thread, thread.turns))
        if kind == "named":
            self.check(kind, "name", self.told_name(server, thread), thread.names.get(server.name))
            kinds.name(server, thread, f"Loaded, {self.stage}")
        maker.say(kind, f"go on {uuid.uuid4().hex[:6]}")
        told = str(self.model.inputs[-1])
        self.check(kind, "words that the model isn't told", [w for w in thread.words if w not in told], [])
        if rehearsed:
            self.check(kind, "what the model is told", said(self.model.inputs[-1]), said(rehearsed[1:]))
        kinds.add_of_kind(maker, kind)
        words = [word for word in thread.words if server.name == "ours" or word not in thread.hidden]
        self.check(kind, "turns", words_of_user(read(server, thread)), words)
        if archived:
            kinds.archive(server, thread)

    def told_name(self, server, thread):
        """The name by which the thread is read, if it is listed by the same one."""
        listed = server.call("thread/list", {"searchTerm": thread.names.get(server.name)})["data"]
        found = [row["name"] for row in listed if row["id"] == thread.id]
        name = server.call("thread/read", {"threadId": thread.id})["thread"]["name"]
        return name if found == [name] else f"{name}, but listed as {found}"


def read(server, thread):
    return server.call("thread/read", {"threadId": thread.id, "includeTurns": True})["thread"]["turns"]


def shown(thread, turns):
    """The turns that both programs show."""
    return [turn for turn in turns if not set(words_of_user([turn])) & set(thread.hidden)]


def words_of_user(turns):
    return [part["text"] for turn in turns for item in turn["items"] if item["type"] == "userMessage"
            for part in item["content"]]


def said(sent):
    """The history in a request, without the new words and the new context at its end."""
    dropped = ("id", "internal_chat_message_metadata_passthrough")
    history = [{key: value for key, value in item.items() if key not in dropped} for item in sent[:-1]]
    while history and is_context(history[-1]):
        history.pop()
    return history


def is_context(item):
    if item["type"] != "message":
        return False
    text = item["content"][0]["text"]
    return item["role"] == "developer" or text.startswith(("<environment_context>", "# AGENTS.md"))


def first_difference(got, wanted, path=""):
    """Where two values differ first, for people."""
    if isinstance(got, dict) and isinstance(wanted, dict):
        for key in sorted(got.keys() | wanted.keys()):
            pair = got.get(key, "missing"), wanted.get(key, "missing")
            if pair[0] != pair[1]:
                return first_difference(*pair, f"{path}.{key}")
    if isinstance(got, list) and isinstance(wanted, list) and len(got) == len(wanted):
        for index, pair in enumerate(zip(got, wanted)):
            if pair[0] != pair[1]:
                return first_difference(*pair, f"{path}[{index}]")
    if isinstance(got, list) and isinstance(wanted, list):
        got, wanted = ([shape(part) for part in parts] for parts in (got, wanted))
    return f"{path} is {str(got)[:400]}, not {str(wanted)[:400]}"


def shape(part):
    """What can be told of a turn, item or message in a few words."""
    if not isinstance(part, dict):
        return part
    if "items" in part:
        return [shape(item) for item in part["items"]]
    content = part.get("content")
    return content[0].get("text", "")[:30] if content and isinstance(content[0], dict) else part.get("type")


def main():
    ours = shlex.split(sys.argv[1]) if len(sys.argv) > 1 else ["target/debug/codex-app-server"]
    theirs = reference()
    if theirs is None:
        print("skipped: the reference is not installed (set CODEX_REFERENCE to its command line)")
        return 0
    programs, failures = {"ours": ours, "reference": theirs}, []
    for maker in programs:
        run = Run(programs, maker)
        failures += run.whole()
        print(f"made by {maker}: {len(run.threads)} kinds of threads, each taken up three times")
    for failure in failures:
        print("FAILED", failure)
    print("ok" if not failures else f"{len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
