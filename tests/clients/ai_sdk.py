#!/usr/bin/env python3
"""Two providers of the AI SDK, unmodified, hold conversations with this program.

usage: tests/clients/ai_sdk.py

Installs `ai` with `ai-sdk-provider-codex-cli` and with `ai-sdk-provider-codex-app-server` into cache folders (without the
program that they come with) and skips without a network, npm or node. CODEX_PROGRAM names another program than a build of
this tree.
"""
import json, os, subprocess, sys

from installed import Home, Model, command, installed, message, run

# Longest wait for a session, in seconds.
PATIENCE = 120

COMMON = '''
import { existsSync } from "node:fs";
import { generateText, streamText } from "ai";

const { CODEX, WORK } = process.env;
const told = (...words) => console.log(words.map((word) => (typeof word === "string" ? word : JSON.stringify(word))).join(" "));
const shown = async (result) => {
  const parts = [];
  for await (const part of result.fullStream) if (parts.at(-1) !== part.type) parts.push(part.type);
  return [await result.text, parts.filter((part) => part.startsWith("tool-") && !part.startsWith("tool-input")).join(",")];
};
let stumbled = 0;
process.on("uncaughtException", () => (stumbled += 1));
process.on("unhandledRejection", () => (stumbled += 1));
'''

CLI = COMMON + '''
import { createCodexAppServer } from "ai-sdk-provider-codex-cli";

let decision = "accept";
const provider = createCodexAppServer({
  defaultSettings: {
    codexPath: CODEX, cwd: WORK, logger: false, approvalPolicy: "on-request", sandboxPolicy: "workspace-write",
    serverRequests: { onCommandExecutionApproval: async () => ({ decision }) },
  },
});
const model = provider("gpt-5.5");
const listed = await provider.listModels();
told("models", listed.models.length);
told("first", ...(await shown(streamText({ model, prompt: "Hello" }))));
told("accepted", ...(await shown(streamText({ model, prompt: "Write a file" }))), existsSync(`${WORK}/made`));
decision = "decline";
told("declined", ...(await shown(streamText({ model, prompt: "Write another" }))), existsSync(`${WORK}/other`));
const thread = (result) => result.finalStep.providerMetadata["codex-app-server"].threadId;
const options = (values) => ({ providerOptions: { "codex-app-server": values } });
const begun = await generateText({ model, prompt: "Hello", ...options({ threadMode: "persistent" }) });
const again = await generateText({ model, prompt: "On", ...options({ threadId: thread(begun) }) });
told("continued", again.text, thread(again) === thread(begun));
await provider.close();
told("stumbled", stumbled);
'''

APP_SERVER = COMMON + '''
import { createCodexAppServer, listModels } from "ai-sdk-provider-codex-app-server";

const settings = { codexPath: CODEX, cwd: WORK, logger: false, approvalMode: "never", sandboxMode: "workspace-write" };
const { models, defaultModel } = await listModels({ codexPath: CODEX });
told("models", models.length, defaultModel.id);
const model = createCodexAppServer({ defaultSettings: settings })("gpt-5.5");
told("first", ...(await shown(streamText({ model, prompt: "Hello" }))));
told("inside", ...(await shown(streamText({ model, prompt: "Write inside" }))), existsSync(`${WORK}/inside`));
const turns = 20;
for (let turn = 0; turn < turns; turn += 1) {
  const stop = new AbortController();
  const running = streamText({ model, prompt: "Wait", abortSignal: stop.signal, onError() {} });
  for await (const part of running.fullStream) if (part.type === "tool-call") stop.abort();
}
told("after", ...(await shown(streamText({ model, prompt: "On" }))));
// It stumbles where it reads the answer to its interrupt and the end of the turn at once, as it may on a busy machine.
told("stumbled each time", stumbled >= turns);
process.exit(0);
'''

CLI_EXPECTED = """models 11
first Hi 
accepted Written tool-call,tool-approval-request,tool-result true
declined Written tool-call,tool-approval-request,tool-result false
continued ok true
stumbled 0
"""

APP_SERVER_EXPECTED = """models 11 gpt-6.2-sol
first Hi 
inside Written tool-call,tool-result true
after ok 
stumbled each time false
"""

SESSIONS = [
    ("ai-sdk-provider-codex-cli", "2.2.1", "7.0.173", CLI, CLI_EXPECTED),
    ("ai-sdk-provider-codex-app-server", "1.1.7", "6.0.326", APP_SERVER, APP_SERVER_EXPECTED),
]


def installer(*packages):
    npm = ["npm", "install", "--no-audit", "--no-fund", "--omit=optional", "--ignore-scripts"]

    def install(folder):
        run(*npm, "--prefix", folder, *packages)
        run("node", "--version")

    return install


def escalated(text):
    asking = command(text)
    arguments = {**json.loads(asking["arguments"]), "sandbox_permissions": "require_escalated", "justification": "to try"}
    return {**asking, "arguments": json.dumps(arguments)}


def hold(folder, session, expected):
    model = Model({
        "Hello": [message("Hi")],
        "Write a file": [escalated("echo hello > made")],
        "Write another": [escalated("echo hello > other")],
        "Write inside": [command("echo hello > inside")],
        "Wait": [command("sleep 60")],
        "function_call_output": [message("Written")],
    })
    home = Home(model)
    try:
        script = folder / "session.mjs"
        script.write_text(session)
        environment = {**home.environment(), "CODEX": str(home.codex), "WORK": str(home.work)}
        words = ["node", "--no-warnings", str(script)]
        done = subprocess.run(words, env=environment, cwd=home.work, timeout=PATIENCE, capture_output=True, text=True)
        print(done.stdout, end="")
        if done.returncode or done.stdout != expected:
            print(done.stderr[-4000:], f"expected:\n{expected}", sep="\n")
            sys.exit("failed")
    finally:
        if not os.environ.get("KEEP_HOME"):
            home.remove()


def main():
    for name, version, sdk, session, expected in SESSIONS:
        packages = [f"{name}@{version}", f"ai@{sdk}", "zod@4.6.7"]
        folder = installed(f"{name}-{version}", installer(*packages))
        print(f"{name} {version}")
        hold(folder, session, expected)
    print("ok")


if __name__ == "__main__":
    main()
