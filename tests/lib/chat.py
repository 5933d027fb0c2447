"""Stand-ins for Slack, Teams, a push service and a mail server on this machine: each records what it
was sent and fails as it is told to."""
import hashlib
import hmac
import http.server
import json
import socketserver
import threading
import time
import urllib.parse

import agent as agents

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"


class Recorder:
    """What arrived, in order; wait() gives the first that fits."""

    def __init__(self):
        self.seen, self.lock = [], threading.Condition()

    def add(self, what):
        with self.lock:
            self.seen.append(what)
            self.lock.notify_all()

    def wait(self, fits, seconds=15):
        with self.lock:
            self.lock.wait_for(lambda: any(map(fits, self.seen)), seconds)
            return next(filter(fits, self.seen), None)

    def all(self, fits=lambda _: True):
        with self.lock:
            return [s for s in self.seen if fits(s)]

    def clear(self):
        with self.lock:
            self.seen.clear()


class Web(Recorder):
    """An HTTP server: `answer(path, body)` gives (status, headers, bytes); `failures` come first."""

    def __init__(self, answer=None):
        super().__init__()
        self.failures, outer = [], self
        self.answer = answer or (lambda path, body: (200, {}, b"ok"))

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                wrong = outer.failures.pop(0) if outer.failures else None
                if wrong == "hang up":
                    outer.add({"path": self.path, "failed": wrong, "body": body})
                    self.close_connection = True
                    self.connection.close()
                    return
                status, head, said = wrong or outer.answer(self.path, body)
                outer.add({"path": self.path, "headers": dict(self.headers), "body": body,
                           "status": status, "failed": wrong, "at": time.monotonic()})
                self.send_response(status)
                for k, v in head.items():
                    self.send_header(k, v)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Slack(Web):
    """chat.postMessage and chat.update with a channel's messages; /respond/… hears whispers."""

    def __init__(self):
        super().__init__(self.reply)
        self.messages, self.count = {}, 0

    def reply(self, path, body):
        if path.startswith("/respond/"):
            return 200, {}, b"ok"
        said = json.loads(body)
        if path == "/api/chat.update" and said.get("ts") not in self.messages:
            return 200, {}, b'{"ok":false,"error":"message_not_found"}'
        if path == "/api/chat.postMessage":
            self.count += 1
            said["ts"] = f"1700000000.{self.count:06d}"
        self.messages[said["ts"]] = said
        return 200, {"Content-Type": "application/json"}, json.dumps(
            {"ok": True, "channel": said["channel"], "ts": said["ts"]}).encode()

    def posted(self, escalation_id, seconds=15):
        """The message about it, as it stands when it first is there."""
        link = ("/inbox/" + escalation_id).encode()
        self.wait(lambda s: not s["failed"] and s["path"] == "/api/chat.postMessage"
                  and link in s["body"], seconds)
        return next((m for m in self.messages.values() if link.decode() in json.dumps(m)), None)

    def whispers(self, name, seconds=15):
        said = self.wait(lambda s: s["path"] == "/respond/" + name, seconds)
        return json.loads(said["body"]) if said else None

    def signed(self, agent, path, body, stamp=None, secret=SECRET, signature=None):
        """A request as Slack makes it; (status, body, the signature)."""
        stamp = str(int(time.time()) if stamp is None else stamp)
        mac = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256)
        signature = signature or "v0=" + mac.hexdigest()
        status, _, data = agents.exchange(agent.port, "POST", path, body, {
            "Content-Type": "application/x-www-form-urlencoded", "X-Slack-Signature": signature,
            "X-Slack-Request-Timestamp": stamp})
        return status, data, (stamp, signature)

    def press(self, agent, message, button, user, reason=None, name="1", **more):
        """Somebody presses a button of a message."""
        elements = [e for b in message["blocks"] if b["type"] == "actions" for e in b["elements"]]
        value = next(e["value"] for e in elements if e["action_id"] == "closegate_" + button)
        payload = {"type": "block_actions", "user": {"id": user, "team_id": "T1"},
                   "team": {"id": "T1"}, "channel": {"id": "C1"},
                   "message": {"ts": message["ts"]}, "response_url": f"{self.url}/respond/{name}",
                   "actions": [{"action_id": "closegate_" + button, "value": value}],
                   "state": {"values": {"closegate_reason": {"closegate_reason": {
                       "type": "plain_text_input", "value": reason}}}}}
        body = urllib.parse.urlencode({"payload": json.dumps(payload)}).encode()
        return self.signed(agent, "/slack/actions", body, **more)


class Mail(Recorder):
    """A mail server without TLS; `refusals` are said to RCPT first."""

    def __init__(self):
        super().__init__()
        self.refusals, outer = [], self

        class Handler(socketserver.StreamRequestHandler):
            def say(self, text):
                self.wfile.write(text.encode() + b"\r\n")

            def handle(self):
                self.say("220 mail.test")
                mail = {"to": []}
                for line in self.rfile:
                    word = line.split(b" ")[0].strip().upper()
                    if word == b"DATA":
                        self.say("354 go on")
                        lines = []
                        for more in self.rfile:
                            if more == b".\r\n":
                                break
                            lines.append(more[1:] if more.startswith(b"..") else more)
                        outer.add({**mail, "data": b"".join(lines)})
                        self.say("250 taken")
                    elif word == b"QUIT":
                        self.say("221 bye")
                        return
                    elif word == b"RCPT" and outer.refusals:
                        self.say(outer.refusals.pop(0))
                    else:
                        if word == b"RCPT":
                            mail["to"].append(line.decode().split("<")[1].split(">")[0])
                        self.say("250 ok")

        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
