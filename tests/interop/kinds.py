"""The kinds of threads that the two programs hand to each other, and how each is made."""
import json, os
from dataclasses import dataclass, field

from programs import command, message, patch


@dataclass
class Thread:
    id: str
    # What the user has said in it, oldest first.
    words: list
    # How many of them were said before it was forked.
    inherited: int = 0
    # What each program calls it: the reference keeps names in its own databases, and knows no others.
    names: dict = field(default_factory=dict)
    archived: bool = False
    # Words in files that a revert by our program has left behind: the reference tells the model of them, but does not
    # show them, because it takes the turns of such files from its own databases.
    hidden: list = field(default_factory=list)
    # As they were last read, by either program.
    turns: list = field(default_factory=list)


# Providers: how a history is summed up depends on them. The second one has a server that does it.
PLAIN, SUMMING = "mock", "summing"
COMPACTION = {PLAIN: message("all that was summed up"),
              SUMMING: {"type": "compaction", "id": "cmp_1", "encrypted_content": "sealed"}}


class Maker:
    """Makes threads with one program."""

    def __init__(self, server, work, model, threads):
        self.server, self.work, self.model, self.threads = server, work, model, threads

    def start(self, kind, *words, **more):
        """A thread with a turn for each of the words. Gives the turns' identifiers."""
        thread = self.server.call("thread/start", {"cwd": self.work, **more})["thread"]["id"]
        self.threads[kind] = Thread(thread, list(words))
        return [self.server.turn(thread, text) for text in words]

    def fork(self, kind, source, keep=None, **cut):
        """A fork that keeps the first of its source's words, and says something."""
        source = self.threads[source]
        params = {"threadId": source.id, "excludeTurns": True, **cut}
        thread = self.server.call("thread/fork", params)["thread"]["id"]
        words = source.words[:keep]
        self.threads[kind] = Thread(thread, words, inherited=len(words))
        self.say(kind, f"in the {kind}")

    def revert(self, kind, before, keep):
        """Drops a turn and all behind it, and says something."""
        thread = self.threads[kind]
        self.server.call("thread/revert", {"threadId": thread.id, "beforeTurnId": before})
        thread.words = thread.words[:keep]
        if self.server.name == "ours":
            thread.hidden = thread.words[thread.inherited:]
        self.say(kind, f"{kind}, after the revert")

    def say(self, kind, text):
        thread = self.threads[kind]
        thread.words.append(text)
        return self.server.turn(thread.id, text)

    def say_with(self, kind, text, *calls):
        """The same, with calls of tools by the model."""
        self.model.script = [[call] for call in calls] + [[message("done")]]
        return self.say(kind, text)

    def patches(self, kind):
        """Files added, changed, moved and removed; one patch that fits nowhere, one within a command."""
        number = len(self.threads[kind].words)
        new, kept, moved = (f"{number}-{name}.txt" for name in ("new", "kept", "moved"))
        self.say_with(
            kind, f"patch {number}",
            # Names that sort differently as text and as paths.
            patch(1, f"*** Add File: {number}/a.txt", "+a", f"*** Add File: {number}-b.txt", "+b",
                  f"*** Add File: {new}", "+one", "+two", "+three", f"*** Add File: {number}.txt", "+c"),
            patch(2, f"*** Update File: {new}", f"*** Move to: {moved}", "@@", " one", "-two", "+zwei"),
            patch(3, f"*** Update File: {number}-b.txt", "@@", "-b", "+B", f"*** Delete File: {number}.txt"),
            patch(4, f"*** Update File: {moved}", "@@", "-nothing of this", "+x"),
            command(f"apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: {kept}\n+kept\n*** End Patch\nEOF"))

    def compact(self, kind, provider=PLAIN):
        """Has the history summed up; gives the turn."""
        self.model.script = [[COMPACTION[provider]]]
        return self.server.compact(self.threads[kind].id)


def make(maker):
    """Threads of every kind that the program can make."""
    server, threads, model = maker.server, maker.threads, maker.model
    turns = maker.start("plain", "one", "two")
    maker.start("named", "the first words")
    name(server, threads["named"], "A name")
    name(server, threads["named"], "A better name")
    maker.start("tools")
    maker.say_with("tools", "use a tool", command("echo hi"))
    maker.start("instructions", "base", baseInstructions="my base words", developerInstructions="my developer words")
    maker.fork("fork", "plain")
    maker.fork("fork of a fork", "fork")
    maker.fork("fork at a turn", "plain", keep=1, lastTurnId=turns[0])
    turns = maker.start("reverted", "kept", "dropped")
    maker.revert("reverted", turns[1], keep=1)
    maker.start("interrupted")
    interrupted = threads["interrupted"]
    model.script = [["hang"]]
    asked = len(model.inputs)
    turn = server.begin_turn(interrupted.id, "wait")
    model.wait_for(asked + 1)
    server.call("turn/interrupt", {"threadId": interrupted.id, "turnId": turn})
    interrupted.words.append("wait")
    maker.start("archived", "to the archive")
    archive(server, threads["archived"])
    maker.start("patches", "before the patches")
    maker.start("compacted", "before the compaction")
    if server.name == "reference":
        make_by_reference(maker)


def make_by_reference(maker):
    """What only the reference can make as yet."""
    maker.patches("patches")
    maker.fork("fork of patches", "patches")
    turns = [maker.say_with("compacted", "with a tool", command("echo hi"))]
    turns.append(maker.compact("compacted"))
    turns.append(maker.say("compacted", "after the compaction"))
    maker.fork("fork of a compacted one", "compacted")
    maker.fork("fork from before a compaction", "compacted", keep=2, lastTurnId=turns[0])
    maker.start("compacted twice", "a", "b")
    for text in ("c", "d"):
        maker.compact("compacted twice")
        maker.say("compacted twice", text)
    for kind in ("reverted to a compaction", "reverted to before a compaction"):
        maker.start(kind, "once", "twice")
        compaction = maker.compact(kind)
        after = maker.say(kind, "thrice")
        maker.revert(kind, after if kind == "reverted to a compaction" else compaction, keep=2)
    maker.start("compacted by the server", "sum it up", modelProvider=SUMMING)
    maker.compact("compacted by the server", SUMMING)
    maker.say("compacted by the server", "after that")


def branch(maker):
    """Forks and a revert of threads that the other program has made."""
    for kind in ("plain", "patches", "compacted"):
        maker.fork(f"{kind}, forked by the other", kind)
    kind = "compacted, reverted by the other"
    maker.fork(kind, "compacted")
    maker.revert(kind, maker.say(kind, "dropped"), keep=-1)


def add_of_kind(maker, kind):
    """More of what the kind is about, in a thread that was taken up."""
    if kind == "tools":
        maker.say_with(kind, f"tool {len(maker.threads[kind].words)}", command("echo again"))
    elif maker.server.name == "reference" and kind == "patches":
        maker.patches(kind)
    elif maker.server.name == "reference" and kind == "compacted":
        maker.compact(kind)


def name(server, thread, text):
    server.call("thread/name/set", {"threadId": thread.id, "name": text})
    # Ours also learns the names that the reference gives.
    thread.names.update({server.name: text, "ours": text})


def archive(server, thread):
    server.call("thread/archive", {"threadId": thread.id})
    thread.archived = True


def unarchive(server, thread):
    server.call("thread/unarchive", {"threadId": thread.id})
    thread.archived = False


def legacy(home, threads):
    """A thread of the year 2025, which neither program has made, with a patch in it."""
    thread = "01996a00-0000-7000-8000-00000000000a"
    folder = home + "/.codex/sessions/2025/09/20"
    os.makedirs(folder, exist_ok=True)
    said = lambda role, kind, text: {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}
    changes = {home + "/work/old.txt": {"type": "add", "content": "old\n"},
               home + "/work/moved.txt": {"type": "update", "unified_diff": "@@ -1 +1 @@\n-a\n+b\n",
                                          "move_path": home + "/work/there.txt"}}
    lines = [
        ("session_meta", {"id": thread, "timestamp": "2025-09-20T10:00:00.000Z", "cwd": home + "/work",
                          "originator": "codex_cli_rs", "cli_version": "0.40.0", "instructions": None}),
        ("response_item", said("user", "input_text", "old words")),
        ("event_msg", {"type": "user_message", "message": "old words", "images": []}),
        ("event_msg", {"type": "agent_reasoning", "text": "old thoughts"}),
        ("response_item", {"type": "custom_tool_call", "call_id": "p1", "name": "apply_patch", "input": "the patch"}),
        ("event_msg", {"type": "patch_apply_end", "call_id": "p1", "stdout": "Success.", "stderr": "", "success": True,
                       "status": "completed", "changes": changes}),
        ("response_item", {"type": "custom_tool_call_output", "call_id": "p1", "output": "Success."}),
        ("event_msg", {"type": "agent_message", "message": "old answer"}),
        ("response_item", said("assistant", "output_text", "old answer")),
    ]
    with open(f"{folder}/rollout-2025-09-20T10-00-00-{thread}.jsonl", "w") as file:
        for kind, payload in lines:
            file.write(json.dumps({"timestamp": "2025-09-20T10:00:00.000Z", "type": kind, "payload": payload}) + "\n")
    threads["legacy"] = Thread(thread, ["old words"])
