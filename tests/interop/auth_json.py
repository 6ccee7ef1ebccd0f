#!/usr/bin/env python3
"""Checks that this program and the reference use each other's auth.json.

usage: auth_json.py [OURS]

OURS is the program to check (default: target/debug/codex-app-server). The reference is found through the variable
REFERENCE_APP_SERVER, a command line such as "codex app-server"; without it nothing is checked, and the exit status is 0.
Each program signs in with the browser against a local authority; the other one then tells who is signed in, runs a
turn, refreshes the tokens after a 401, and hands the file back. Standard library only.
"""
import base64, hashlib, http.server, itertools, json, os, shlex, subprocess, sys, tempfile, threading, time
import urllib.error, urllib.parse, urllib.request

SERIAL = itertools.count(1)


def jwt(claims):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return ".".join([part({"alg": "none"}), part(claims), part("signature")])


class Authority:
    """Hands out tokens that are good for one refresh, and answers as account backend and model server."""

    def __init__(self):
        self.valid, self.refresh, self.challenges, self.refreshes = set(), set(), {}, 0
        authority = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *_):
                pass

            def do_GET(self):
                status, body = authority.answer(self, b"")
                data = body if isinstance(body, bytes) else json.dumps(body).encode()
                kind = "text/event-stream" if body is STREAM else "application/json"
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_POST(self):
                self.content = self.rfile.read(int(self.headers.get("content-length") or 0))
                self.do_GET()

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.handle_error = lambda *_: None  # a program that ends does not wait for its last answers
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def answer(self, request, _):
        path = urllib.parse.urlparse(request.path).path
        if path == "/oauth/token":
            return self.token(request.content)
        if path == "/oauth/revoke":
            return 200, {}
        if request.headers.get("authorization", "")[len("Bearer "):] not in self.valid:
            return 401, {"error": {"message": "the bearer token is not accepted"}}
        if path.endswith("/responses"):
            return 200, STREAM
        if path.endswith("/accounts/check"):
            return 200, {"accounts": [{"id": "ws", "name": "Workspace", "account_routing_override": "NO_CONSTRAINT",
                                       "workspace_backend_origin": "https://backend.example.com"}]}
        return 404, {}

    def token(self, content):
        try:
            form = json.loads(content)
        except ValueError:
            form = dict(urllib.parse.parse_qsl(content.decode()))
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh:
                return 401, {"error": {"code": "refresh_token_reused"}}
            self.refresh.discard(form["refresh_token"])
            self.refreshes += 1
        elif form["grant_type"] == "authorization_code":
            proof = hashlib.sha256(form["code_verifier"].encode()).digest()
            if base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != self.challenges.pop(form["code"]):
                return 400, {"error": "invalid_grant"}
        else:
            return 403, {"error": "no_api_key"}
        about = {"chatgpt_account_id": "ws", "chatgpt_plan_type": "pro", "chatgpt_user_id": "user-1"}
        claims = {"email": "me@example.com", "exp": int(time.time()) + 3600, "https://api.openai.com/auth": about}
        access, refresh = jwt({**claims, "jti": next(SERIAL)}), f"refresh-{next(SERIAL)}"
        self.valid.add(access)
        self.refresh.add(refresh)
        return 200, {"id_token": jwt(claims), "access_token": access, "refresh_token": refresh}

    def sign_in(self, auth_url):
        """What the user and the browser do."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(auth_url).query))
        code = f"code-{next(SERIAL)}"
        self.challenges[code] = query["code_challenge"]
        back = urllib.parse.urlencode({"code": code, "state": query["state"]})
        urllib.request.urlopen(f"{query['redirect_uri']}?{back}", timeout=20).read()


EVENTS = [
    {"type": "response.created", "response": {"id": "r"}},
    {"type": "response.output_item.done", "item": {
        "type": "message", "role": "assistant", "id": "m", "content": [{"type": "output_text", "text": "Hello"}]}},
    {"type": "response.completed", "response": {"id": "r", "usage": {
        "input_tokens": 1, "input_tokens_details": None, "output_tokens": 1, "output_tokens_details": None,
        "total_tokens": 2}}},
]
STREAM = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in EVENTS).encode()


class Program:
    def __init__(self, command, home, authority):
        keep = {name: os.environ[name] for name in ("PATH", "LANG", "TERM") if name in os.environ}
        url = authority.url
        env = {**keep, "HOME": home, "CODEX_HOME": home, "CODEX_APP_SERVER_LOGIN_ISSUER": url,
               "CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{url}/oauth/token"}
        self.child = subprocess.Popen(shlex.split(command), env=env, text=True, cwd=home, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        self.ids, self.notes = itertools.count(1), []
        self.call("initialize", {"clientInfo": {"name": "interop", "title": None, "version": "1"}})
        self.send({"method": "initialized"})

    def send(self, message):
        self.child.stdin.write(json.dumps(message) + "\n")
        self.child.stdin.flush()

    def receive(self):
        message = json.loads(self.child.stdout.readline())
        self.notes.append(message)
        return message

    def call(self, method, params=None):
        request = next(self.ids)
        self.send({"id": request, "method": method, "params": params})
        while "method" in (message := self.receive()) or message["id"] != request:
            pass
        assert "result" in message, message
        return message["result"]

    def wait(self, method):
        while not (found := [note for note in self.notes if note.get("method") == method]):
            self.receive()
        self.notes.clear()
        return found[0]["params"]

    def email(self):
        return ((self.call("account/read", {}) or {}).get("account") or {}).get("email")

    def turn(self):
        thread = self.call("thread/start", {"cwd": os.getcwd()})["thread"]["id"]
        self.call("turn/start", {"threadId": thread, "input": [{"type": "text", "text": "hi"}]})
        return self.wait("turn/completed")["turn"]["status"]

    def stop(self):
        self.child.stdin.close()
        self.child.wait(20)


def check(writer, reader):
    authority, home = Authority(), tempfile.mkdtemp(prefix="interop-")
    with open(os.path.join(home, "config.toml"), "w") as config:
        config.write(f"""
chatgpt_base_url = "{authority.url}/backend-api"
model_provider = "local"
model = "gpt-5.2-codex"
[model_providers.local]
name = "local"
base_url = "{authority.url}/v1"
requires_openai_auth = true
""")
    stored = lambda: json.load(open(os.path.join(home, "auth.json")))
    program = Program(writer, home, authority)
    login = program.call("account/login/start", {"type": "chatgpt"})
    authority.sign_in(login["authUrl"])
    assert program.wait("account/login/completed")["success"]
    program.stop()
    first = stored()

    program = Program(reader, home, authority)
    assert program.email() == "me@example.com"
    assert program.turn() == "completed"
    assert stored() == first, "reading changed the file"
    authority.valid.clear()
    assert program.turn() == "completed"
    assert authority.refreshes == 1, authority.refreshes
    program.stop()
    second = stored()
    assert second["tokens"]["access_token"] != first["tokens"]["access_token"]
    lost = {key for key in first if key not in second} | {key for key in first["tokens"] if key not in second["tokens"]}
    assert not lost, f"lost: {lost}"

    program = Program(writer, home, authority)
    assert program.email() == "me@example.com"
    assert program.turn() == "completed"
    program.call("account/logout")
    program.stop()
    assert not os.path.exists(os.path.join(home, "auth.json"))


def check_key(writer, reader):
    authority, home = Authority(), tempfile.mkdtemp(prefix="interop-")
    program = Program(writer, home, authority)
    program.call("account/login/start", {"type": "apiKey", "apiKey": "sk-test"})
    program.stop()
    program = Program(reader, home, authority)
    assert program.call("account/read", {})["account"] == {"type": "apiKey"}
    program.stop()


def main():
    ours = shlex.quote(os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/debug/codex-app-server"))
    reference = os.environ.get("REFERENCE_APP_SERVER")
    if not reference:
        print("skipped: set REFERENCE_APP_SERVER to the command line of the reference")
        return
    for writer, reader in [(reference, ours), (ours, reference)]:
        for what in (check, check_key):
            what(writer, reader)
            print(f"ok: {what.__name__}: written by `{writer}`, used by `{reader}`")


main()
