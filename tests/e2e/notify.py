#!/usr/bin/env python3
"""Notices on a real engine with stand-ins for Slack, Teams and mail: a card per escalation in each,
a decision from Slack by a linked person and all that is refused there, messages that change when
something is settled anywhere, retries, dead letters and their report, and nothing at all when nothing
is configured. Prints TAP. Usage: notify.py [--engine PATH] [--agent PATH]"""
import email
import email.policy
import json
import os
import sqlite3
import sys
import time
import urllib.parse

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import chat  # noqa: E402
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def settings(slack, teams, mail, push):
    allow = ",".join(f"127.0.0.1:{s.port}" for s in (slack, teams, push))
    return {"CLOSEGATE_NOTIFY_ALLOW": allow, "CLOSEGATE_NOTIFY_BACKOFF_MS": "100",
            "CLOSEGATE_NOTIFY_ATTEMPTS": "4", "CLOSEGATE_SLACK_BOT_TOKEN": "xoxb-secret-token",
            "CLOSEGATE_SLACK_CHANNEL": "C1", "CLOSEGATE_SLACK_API_URL": slack.url + "/api",
            "CLOSEGATE_SLACK_SIGNING_SECRET": chat.SECRET,
            "CLOSEGATE_TEAMS_WEBHOOK_URL": teams.url + "/workflows/secret-webhook?sig=1",
            "CLOSEGATE_SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
            "CLOSEGATE_SMTP_FROM": "closegate@example.com", "CLOSEGATE_PUSH_ENABLED": "true",
            "CLOSEGATE_PUSH_CONTACT": "mailto:ops@example.com"}


def first(rows, **want):
    for row in rows:
        if all(row.get(k) == v for k, v in want.items()):
            rows.remove(row)
            return row
    raise SystemExit(f"nothing waits with {want}")


def outbox(person, state=None, seconds=0, fits=bool):
    """The deliveries in a state, once they are as wanted."""
    def ask():
        status, data = person.get("outbox?limit=200" + (f"&state={state}" if state else ""))
        return data["deliveries"] if status == 200 and fits(data["deliveries"]) else None
    return lib.wait_until(ask, seconds) if seconds else ask()


def cards(slack, teams, waits):
    for w in waits:
        said = slack.posted(w["escalation_id"])
        if not said:
            check(f"Slack hears of {w['code']}", False, w)
            return
    check("each that waits has a message in Slack", len(slack.messages) == len(waits),
          (len(slack.messages), len(waits)))
    one = waits[0]
    text = json.dumps(slack.posted(one["escalation_id"]), ensure_ascii=False)
    check("with its code, clause and link", one["code"] in text and one["clause"] in text
          and "/inbox/" + one["escalation_id"] in text, text)
    sent = slack.wait(lambda s: s["path"] == "/api/chat.postMessage")
    check("by the bot's token", sent["headers"]["Authorization"] == "Bearer xoxb-secret-token")
    said = teams.wait(lambda s: one["code"].encode() in s["body"])
    check("Teams has its card", said is not None and b"Action.OpenUrl" in said["body"])


def not_slack(slack, agent, message):
    status, _, _ = slack.press(agent, message, "confirm", "U1", secret="wrong")
    check("a press that Slack did not sign is refused", status == 401, status)
    status, _, _ = slack.press(agent, message, "confirm", "U1", stamp=int(time.time()) - 301)
    check("an old one too", status == 401, status)
    status, _, _ = slack.press(agent, message, "confirm", "U1", stamp=int(time.time()) + 302)
    check("and one from the future", status == 401, status)
    status, _, _ = agents.exchange(agent.port, "POST", "/slack/actions", b"payload={}")[0:3]
    check("and one without a signature", status == 401, status)
    body = urllib.parse.urlencode({"payload": "{\"type\":"}).encode()
    status, said, _ = slack.signed(agent, "/slack/actions", body)
    check("what is no JSON is refused in words", status in (400, 422) and b"message" in said, said)
    status, _, _ = slack.signed(agent, "/slack/actions", b"payload=%7B%22type%22%3A%22shortcut%22%7D")
    check("another interaction is let pass", status == 200, status)


def unlinked(slack, agent, message):
    began = time.monotonic()
    status, said, (stamp, signature) = slack.press(agent, message, "confirm", "U9", name="nobody")
    check("a press is acknowledged at once", status == 200 and said == b""
          and time.monotonic() - began < 3, (status, said))
    said = slack.whispers("nobody")
    check("who is nobody's is told so, alone", said and said["response_type"] == "ephemeral"
          and "/closegate link" in said["text"], said)
    status, _, _ = slack.press(agent, message, "confirm", "U9", name="nobody", stamp=stamp,
                               signature=signature)
    check("the same request again is refused", status == 401, status)


def linking(slack, agent, book):
    body = urllib.parse.urlencode({"team_id": "T1", "user_id": "U1", "user_name": "maria.l",
                                   "command": "/closegate", "text": "link"}).encode()
    status, said, _ = slack.signed(agent, "/slack/commands", body)
    said = json.loads(said)
    check("/closegate link answers its sender alone", status == 200
          and said["response_type"] == "ephemeral", said)
    url = next(e["url"] for b in said["blocks"] if b["type"] == "actions" for e in b["elements"])
    code = url.split("code=")[1]
    maria = agents.Person(agent, "maria")
    status, shown = maria.get("link/slack?code=" + code)
    check("the person sees whose account it is", status == 200 and shown
          == {"slack_name": "maria.l", "slack_id": "T1:U1"}, shown)
    status, shown = maria.post("link/slack", {"code": "XXXX-XXXX-XXXX-XXXX"})
    check("a code of nobody's links nobody", status == 404, (status, shown))
    status, shown = agents.Person(agent).post("link/slack", {"code": code})
    check("nor does one who is not signed in", status == 401, (status, shown))
    status, shown = maria.post("link/slack", {"code": code})
    check("signed in, the registry is asked", status in (200, 202, 403), (status, shown))
    if status != 403:
        again, shown = maria.post("link/slack", {"code": code})
        check("a code is used once", again == 404, (again, shown))
    if status != 200:  # an administrator, or a second one, does it
        book.cli("actor", "link", "human:maria", "--kind", "slack", "--subject", "T1:U1",
                 check=True)


def deciding(slack, teams, agent, engine, waits):
    one = first(waits, reason="ACCOUNT_FORCED_HUMAN", entity_id="acme-us")
    message = slack.posted(one["escalation_id"])
    status, _, _ = slack.press(agent, message, "confirm", "U1", reason="wire 4471", name="yes")
    said = slack.whispers("yes")
    check("a linked person confirms from Slack", status == 200 and said
          and "Confirmed, recorded" in said["text"], (status, said))
    by = lib.Caller(engine, "human:maria").read("recon://escalations/" + one["escalation_id"])
    check("the book says who, and from where", by["data"]["state"] == "APPROVED"
          and by["data"]["decided_by"] == "human:maria", by)
    seq = [e["seq"] for e in by["data"]["events"] if e["event_type"] == "ESCALATION_APPROVED"][0]
    event = lib.Caller(engine, "human:maria").call("query_audit", match_id=one["object_id"])
    check("on the channel slack", '"channel":"slack"' in json.dumps(event["data"]).replace(" ", ""),
          json.dumps(event["data"])[-900:])
    done = slack.wait(lambda s: s["path"] == "/api/chat.update" and not s["failed"]
                      and one["escalation_id"].encode() in s["body"])
    text = json.dumps(json.loads(done["body"]), ensure_ascii=False) if done else ""
    check("the message says by whom and under which number",
          f"Confirmed by {NAMES['maria']} · #{seq} · {one['code']}" in text
          and "closegate_confirm" not in text, text[:600])
    check("and stands where it stood", done and json.loads(done["body"])["ts"] == message["ts"])
    said = teams.wait(lambda s: f"Confirmed by {NAMES['maria']}".encode() in s["body"])
    check("Teams gets a card that says it", said is not None)
    status, _, _ = slack.press(agent, message, "reject", "U1", reason="no", name="late")
    said = slack.whispers("late")
    check("who presses later hears that it is settled", said
          and "Nothing to decide any more: Confirmed" in said["text"], said)


def rejecting(slack, agent, waits):
    one = first(waits, reason="ACCOUNT_FORCED_HUMAN", entity_id="acme-us")
    message = slack.posted(one["escalation_id"])
    slack.press(agent, message, "reject", "U1", name="why")
    said = slack.whispers("why")
    check("a rejection without a reason is refused in words", said
          and "needs your reason" in said["text"], said)
    slack.press(agent, message, "reject", "U1", reason="not ours: <!channel>", name="no")
    said = slack.whispers("no")
    check("with one it is recorded", said and "Rejected, recorded" in said["text"], said)


def from_the_browser(slack, agent, waits):
    one = first(waits, reason="ACCOUNT_FORCED_HUMAN", entity_id="acme-us")
    message = slack.posted(one["escalation_id"])
    status, said = agents.Person(agent, "maria").decide(one, "confirm", "seen")
    check("one is confirmed in the browser", status == 200, (status, said))
    done = slack.wait(lambda s: s["path"] == "/api/chat.update" and not s["failed"]
                      and one["escalation_id"].encode() in s["body"])
    check("its message in Slack says so", done and json.loads(done["body"])["ts"] == message["ts"])


def stale_digest(slack, agent, waits):
    one = first(waits, reason="ACCOUNT_FORCED_HUMAN", entity_id="acme-us")
    message = json.loads(json.dumps(slack.posted(one["escalation_id"])))
    for b in message["blocks"]:
        for e in b.get("elements", []):
            if "value" in e:
                e["value"] = one["escalation_id"] + " " + "0" * 64
    slack.press(agent, message, "confirm", "U1", reason="x", name="stale")
    said = slack.whispers("stale")
    check("a digest that is not what waits decides nothing", said
          and "Nothing was decided" in said["text"], said)


def trouble(slack, teams, agent, engine, maria):
    began = time.monotonic()
    slack.failures += [(500, {}, b"oops"), "hang up", (429, {"Retry-After": "2"}, b"slow")]
    teams.failures += [(400, {}, b"bad card")] * 3
    teams.clear()
    lib.Caller(engine, "human:maria").call("run_recon_pass", entity_id="acme-uk")
    waits = [w for w in maria.waiting("&entity=acme-uk")]
    check("more waits, of another entity", len(waits) >= 3, len(waits))
    for w in waits:
        check(f"{w['code']} arrives through the trouble", slack.posted(w["escalation_id"], 30))
    slow = [s for s in slack.all() if s.get("status") == 429]
    check("Retry-After is waited for", slow and time.monotonic() - began > 2)
    dead = outbox(maria, "DEAD_LETTER", 10, lambda d: len(d) == 3)
    check("what is refused for good is a dead letter at once", dead
          and all(d["channel"] == "teams" and d["attempts"] == 1 and "HTTP 400" in d["last_error"]
                  for d in dead), dead)
    return dead


def dead_letters(teams, agent, engine, maria, dead):
    one = dead[0]
    def told():
        doc = lib.Caller(engine, "human:maria").read(
            "recon://escalations/" + one["escalation_id"])["data"]
        return [d for d in doc["deliveries"] if d["status"] == "dead_letter"]
    check("the engine's book holds it", lib.wait_until(told, 15), told())
    code, said = agent.cli("outbox", "list", "--state", "DEAD_LETTER", "--json")
    check("outbox list shows them", code == 0 and len(json.loads(said)["deliveries"]) == 3, said)
    code, said = agent.cli("outbox", "retry", one["delivery_id"], "--json")
    check("outbox retry queues one again", code == 0 and json.loads(said)["state"] == "QUEUED", said)
    check("and it arrives", teams.wait(lambda s: s.get("status") == 200
                                       and one["escalation_id"].encode() in s["body"], 15))
    status, said = maria.post(f"outbox/{dead[1]['delivery_id']}/retry", {})
    check("so does one from the screen", status == 200 and said["state"] == "QUEUED", said)
    check("which arrives too", teams.wait(lambda s: s.get("status") == 200
                                          and dead[1]["escalation_id"].encode() in s["body"], 15))
    check("the outbox says so", outbox(maria, "DEAD_LETTER", 10, lambda d: len(d) == 1))
    code, said = agent.cli("outbox", "retry", one["delivery_id"])
    check("what was sent is not sent again: exit 2", code == 2, (code, said))
    code, said = agent.cli("outbox", "show", "dlv_none")
    check("what is not there is said", code == 1 and "no such delivery" in said, said)
    check("the book hears that it arrived after all", lib.wait_until(lambda: [
        d for d in lib.Caller(engine, "human:maria").read(
            "recon://escalations/" + one["escalation_id"])["data"]["deliveries"]
        if d["status"] == "delivered"], 15))


def restarted(slack, agent, engine, maria):
    """Down while something is decided: told when it is back, once."""
    waits = maria.waiting("&entity=acme-uk")
    one = first(waits, reason="ACCOUNT_FORCED_HUMAN")
    slack.clear()
    agent.stop()
    done = lib.Caller(engine, "human:maria").call(
        "resolve_escalation", escalation_id=one["escalation_id"], decision="confirm",
        digest=one["digest"], rationale="seen")
    check("something is decided while the agent is down", done["outcome"] == "ok", done)
    agent.start()
    mine = [s for s in (slack.wait(lambda s: one["escalation_id"].encode() in s["body"], 15),) if s]
    time.sleep(1)
    mine = slack.all(lambda s: one["escalation_id"].encode() in s["body"])
    check("its message changes when the agent is back, once", len(mine) == 1
          and mine[0]["path"] == "/api/chat.update", [m["path"] for m in mine])
    check("and nothing else is told again", len(slack.all()) == 1, len(slack.all()))


def secrets_stay(agent):
    with open(agent.log, encoding="utf-8", errors="replace") as f:
        log = f.read()
    check("no secret is in the log", not any(s in log for s in (
        "xoxb-secret-token", chat.SECRET, "secret-webhook")), "")


def knows_address(agent, person, email):
    """As a sign-in with an e-mail claim leaves it."""
    with sqlite3.connect(os.path.join(agent.folder, "agent.db"), timeout=10) as db:
        db.execute("UPDATE people SET email = ? WHERE actor = ?", (email, "human:" + person))


class Browser:
    """A browser that asked for push messages: its key pair and secret."""

    def __init__(self, url):
        self.key, self.auth = ec.generate_private_key(ec.SECP256R1()), os.urandom(16)
        self.point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
        self.subscription = {"endpoint": url, "expirationTime": None,
                             "keys": {"p256dh": lib.b64url(self.point),
                                      "auth": lib.b64url(self.auth)}}

    def opened(self, body):
        """RFC 8291 3.4, from the browser's side."""
        salt, rest = body[:16], body[21:]
        sender, sealed = rest[:65], rest[65:]
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(
            ec.SECP256R1(), sender))
        def hkdf(salt, secret, info, n):
            return HKDF(algorithm=hashes.SHA256(), length=n, salt=salt, info=info).derive(secret)
        ikm = hkdf(self.auth, shared, b"WebPush: info\0" + self.point + sender, 32)
        plain = AESGCM(hkdf(salt, ikm, b"Content-Encoding: aes128gcm\0", 16)).decrypt(
            hkdf(salt, ikm, b"Content-Encoding: nonce\0", 12), sealed, None)
        return json.loads(plain.rstrip(b"\0")[:-1])


def subscribing(agent, sam, service):
    status, said = sam.get("push")
    check("a person is told the key to subscribe with", status == 200 and said["enabled"]
          and len(said["public_key"]) == 87, said)
    browser = Browser(service.url + "/push/1")
    for what, wrong in (("an address that is none", {"endpoint": "ftp://x"}),
                        ("a key that is none", {"keys": {"p256dh": "AAAA", "auth": "AAAA"}}),
                        ("a point off the curve", {"keys": {
                            "p256dh": lib.b64url(b"\4" + b"\1" * 64),
                            "auth": lib.b64url(b"1" * 16)}})):
        status, said = sam.post("push", {**browser.subscription, **wrong})
        check(f"{what} is refused", status == 422, (status, said))
    for url in ("http://127.0.0.1:1/x", "http://[::1]:1/x", "http://169.254.169.254/latest"):
        status, said = sam.post("push", Browser(url).subscription)
        check(f"a browser at {url} may say so", status == 200, (status, said))
    status, said = sam.post("push", browser.subscription)
    check("a browser subscribes", status == 200 and said["browsers"] == 4, (status, said))
    return browser


def people_are_told(agent, engine, book, mail, service):
    """Whoever is asked for by name and is in no chat app, by mail and in the browser."""
    sam = agents.Person(agent, "sam")
    knows_address(agent, "sam", "sam@example.com")
    browser = subscribing(agent, sam, service)
    check("no mail went out unasked", mail.all() == [], mail.all())
    mail.refusals.append("451 later")
    waits = sam.waiting()
    one = first(waits)
    said = lib.Caller(engine, "human:maria").call(
        "assign_item", object=one["escalation_id"], to="human:sam", rationale="please")
    check("somebody is asked for by name", said["outcome"] == "ok", said)
    got = mail.wait(lambda m: one["code"].encode() in m["data"], 20)
    check("they get a mail, although the server said later first", got
          and got["to"] == ["sam@example.com"], got)
    parsed = email.message_from_bytes(got["data"], policy=email.policy.default) if got else {}
    check("which a mail program reads", got and one["code"] in parsed["Subject"]
          and f"/inbox/{one['escalation_id']}" in parsed.get_content()
          and one["clause"] in parsed.get_content(), got)
    pushed = service.wait(lambda s: s["path"] == "/push/1", 20)
    told = browser.opened(pushed["body"]) if pushed else {}
    check("and a message in the browser that only it can open", told.get("tag")
          == one["escalation_id"] and one["code"] in told.get("body", ""), told)
    check("with a token of ours and a life", pushed and pushed["headers"]["Authorization"]
          .startswith("vapid t=") and pushed["headers"]["TTL"] == "86400"
          and pushed["headers"]["Content-Encoding"] == "aes128gcm", pushed)
    code, said = agent.cli("outbox", "list", "--json")
    mine = [d for d in json.loads(said)["deliveries"] if d["escalation_id"] == one["escalation_id"]
            and d["channel"] in ("email", "push")]
    check("nobody else is told", {d["recipient"] for d in mine} == {book.principal("sam")}, mine)
    service.answer = lambda path, body: (410, {}, b"")
    other = first(waits)
    lib.Caller(engine, "human:maria").call("assign_item", object=other["escalation_id"],
                                           to="human:sam", rationale="please")
    service.wait(lambda s: s.get("status") == 410, 20)
    check("a browser that is gone is forgotten", lib.wait_until(
        lambda: sam.get("push")[1]["browsers"] == 3, 10), sam.get("push"))


def nothing_configured(engine, binary):
    with agents.serving(engine, binary) as agent:
        threads = len(os.listdir(f"/proc/{agent.process.pid}/task"))
        status, data = agents.Person(agent, "maria").get("outbox")
        check("nothing configured: the outbox is empty and follows nothing", status == 200
              and data["deliveries"] == [] and "followed_to_seq" not in data
              and not any(data["channels"].values()), data)
        status, _, _ = agents.exchange(agent.port, "POST", "/slack/actions", b"payload={}")
        check("and nothing is taken from Slack", status == 404, status)
        return threads


NAMES = {}


def main():
    engine_binary, binary = agents.given()
    book = lib.Book(engine_binary)
    slack, teams, mail = chat.Slack(), chat.Web(), chat.Mail()
    push = chat.Web(lambda path, body: (201, {}, b""))
    try:
        with lib.serving(book) as engine:
            idle = nothing_configured(engine, binary)
            with agents.serving(engine, binary, env=settings(slack, teams, mail, push)) as agent:
                check("with channels there are more threads",
                      len(os.listdir(f"/proc/{agent.process.pid}/task")) > idle)
                maria = agents.Person(agent, "maria")
                NAMES["maria"] = maria.get("session")[1]["person"]["name"]
                lib.wait_until(lambda: "followed_to_seq" in maria.get("outbox")[1], 10)
                lib.Caller(engine, "human:maria").call("run_recon_pass", entity_id="acme-us")
                waits = maria.waiting("&entity=acme-us")
                cards(slack, teams, waits)
                message = slack.posted(waits[0]["escalation_id"])
                not_slack(slack, agent, message)
                unlinked(slack, agent, message)
                linking(slack, agent, book)
                deciding(slack, teams, agent, engine, waits)
                rejecting(slack, agent, waits)
                from_the_browser(slack, agent, waits)
                stale_digest(slack, agent, waits)
                dead = trouble(slack, teams, agent, engine, maria)
                dead_letters(teams, agent, engine, maria, dead)
                restarted(slack, agent, engine, maria)
                people_are_told(agent, engine, book, mail, push)
                secrets_stay(agent)
            engine.stop()
            check("the chain is intact", *lib.chain_is_intact(book))
    finally:
        for s in (slack, teams, mail, push):
            s.close()
        book.close()
    tap.done()


main()
