"""Runs one turn for a user whose ChatGPT tokens belong to this application.

usage: python3 embed.py DAEMON TOKENS PROMPT
TOKENS holds one {"accessToken": "…", "chatgptAccountId": "…"} per line, as your own sign-in would hand them out.
"""
import itertools, json, os, subprocess, sys

program, token_file, prompt = sys.argv[1:]
tokens = open(token_file)
daemon = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
ids = itertools.count(1)

def send(message):
    daemon.stdin.write(json.dumps(message) + "\n")
    daemon.stdin.flush()

def receive():
    """The next message. Requests of the daemon are answered here."""
    message = json.loads(daemon.stdout.readline() or sys.exit("the daemon has ended"))
    if message.get("method") == "account/chatgptAuthTokens/refresh":
        fresh = tokens.readline()
        answer = {"result": json.loads(fresh)} if fresh else {"error": {"code": -32000, "message": "please sign in"}}
        send({"id": message["id"], **answer})
    elif "method" in message and "id" in message:
        send({"id": message["id"], "error": {"code": -32601, "message": "this application cannot do that"}})
    return message

def call(method, params):
    request = next(ids)
    send({"id": request, "method": method, "params": params})
    while "method" in (message := receive()) or message["id"] != request:
        pass
    return message["result"] if "result" in message else sys.exit(message["error"]["message"])

call("initialize", {"clientInfo": {"name": "embedder", "title": "Embedding example", "version": "1.0"}})
send({"method": "initialized"})
call("account/login/start", {"type": "chatgptAuthTokens", **json.loads(tokens.readline())})
thread = call("thread/start", {"cwd": os.getcwd()})["thread"]
call("turn/start", {"threadId": thread["id"], "input": [{"type": "text", "text": prompt}]})
while (message := receive()).get("method") != "turn/completed":
    if message.get("method") == "item/completed" and message["params"]["item"]["type"] == "agentMessage":
        print(message["params"]["item"]["text"])
turn = message["params"]["turn"]
daemon.stdin.close()  # ends the daemon, with all that it started
sys.exit(turn["error"]["message"] if turn["status"] == "failed" else 0)
