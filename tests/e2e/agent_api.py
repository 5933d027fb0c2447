#!/usr/bin/env python3
"""closegate-agent's JSON API on a real engine, as a browser would call it and as it would not:
signing in, what a change must carry, the statuses of decisions with their bodies, what is told live,
what is refused, and that every reply has its headers. Prints TAP.
Usage: agent_api.py [--engine PATH] [--agent PATH]"""
import base64
import contextlib
import json
import os
import socket
import sqlite3
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import evidence  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
ERROR = {"error", "message", "request_id"}
ALWAYS = {"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
          "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
          "Cross-Origin-Resource-Policy": "same-origin"}
LOOSE = ("unsafe-", "*", "http:", "https:", "blob:")


def headers_missing(head):
    """What a reply lacks of what every reply has."""
    csp = head.get("Content-Security-Policy", "")
    bad = [f"{k}: {head.get(k)}" for k, v in ALWAYS.items() if head.get(k) != v]
    bad += [w for w in LOOSE if w in csp]
    bad += [w for w in ("default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'",
                        "form-action 'self'") if w not in csp]
    return bad


def signing_in(agent):
    nobody = agents.Person(agent)
    status, said = nobody.get("session")
    check("GET session answers who is not signed in, with the three people of dev",
          status == 200 and said["signed_in"] is False and said["env"] == "dev"
          and said["backend"] == "dev" and sorted(p["person"] for p in said["people"])
          == sorted(agents.PEOPLE), said)
    check("and says how the engine is", "reachable" in said["engine"], said)
    check("nothing of anybody is in it", "person" not in said and "csrf" not in said, said)
    for path in ("escalations", "matches", "audit", "policy", "health", "stats", "events",
                 "resource?uri=recon%3A%2F%2Fstatus", "filters", "escalations/esc_1"):
        status, said = nobody.get(path)
        check(f"GET {path} is for who is signed in", status == 401
              and said["error"] == "signed_out" and set(said) >= ERROR, (status, said))
    status, said = nobody.post("session/dev", {"person": "mallory"})
    check("nobody but the three is signed in", status == 422 and said["pointer"] == "/person", said)
    status, head, said = nobody.ask("POST", "/api/v1/session/dev", {"person": "maria"})
    cookie = head.get("Set-Cookie", "")
    check("Maria is", status == 200 and said["signed_in"] and len(said["csrf"]) == 43, said)
    check("by a cookie that only our own pages get and no script reads",
          cookie.startswith("__Host-") and all(w in cookie for w in (
              "; Secure", "; HttpOnly", "; Path=/", "; SameSite=Lax"))
          and "Domain" not in cookie, cookie)
    maria = agents.Person(agent, "maria")
    status, said = maria.get("session")
    check("GET session says who it is and what they may do", status == 200
          and said["person"]["actor"] == "human:maria" and said["person"]["name"]
          and said["csrf"] == maria.csrf and said["engine"]["reachable"]
          and said["expires_at"] > said["auth_time"], said)
    return maria


def told(bound):
    """What a line of the list says of the bound facts, the slow way."""
    legs = (bound.get("facts") or {}).get("legs") or []
    names, memos = ([leg[k] for leg in legs if leg.get(k)] for k in ("counterparty", "memo"))
    bank = [leg["amount"] for leg in legs if leg["side"] == "bank"]
    return (names[0] if names else None, memos[0] if memos and not names else None,
            bank[0] if len(bank) == 1 else None)


def lines_say_what_is_bound(agent):
    maria = agents.Person(agent, "maria")
    lines = maria.waiting()
    status, page = maria.post("tools/list_pending_escalations", {"limit": 200})
    whole = page["escalations"]
    wrong = [(line, row) for line, row in zip(lines, whole)
             if any(line[k] != row.get(k) for k in line
                    if k not in ("counterparty", "memo", "bank_amount"))
             or tuple(map(line.get, ("counterparty", "memo", "bank_amount"))) != told(row["bound"])]
    check(f"{len(lines)} lines of the list say what is bound, and hold no more",
          status == 200 and len(lines) == len(whole) > 30 and not wrong
          and not any("bound" in line for line in lines)
          and any("bank_amount" in line for line in lines), wrong[:1])


def every_one_opens(agent):
    """Whatever waits can be looked at: no shape of the demo's escalations and matches is unknown."""
    maria = agents.Person(agent, "maria")
    _, page = maria.get("escalations?limit=200")
    refused = []
    for e in page["escalations"]:
        status, said = maria.get("escalations/" + e["escalation_id"])
        if status != 200:
            refused.append((e["escalation_id"], e["reason"], said))
    check(f"each of the {len(page['escalations'])} escalations opens",
          len(page["escalations"]) > 30 and not refused, refused[:2])


def forged(agent, maria):
    name, _, value = maria.cookie.partition("=")
    last = "A" if value[-2] != "A" else "B"
    cases = {"one letter changed": value[:-2] + last + value[-1],
             "cut short": value[:-8], "empty": "", "10 kB": "A" * 10240, "no base64": "%%%%",
             "a session id nobody has": base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode(),
             "as JSON": '{"sub":"maria"}'}
    for what, wrong in cases.items():
        status, _, said = maria.ask("GET", "/api/v1/health", headers={"Cookie": f"{name}={wrong}"})
        check(f"a forged cookie ({what}) is nobody", status in (401, 431), (status, said))
    status, _, said = maria.ask("GET", "/api/v1/health",
                                headers={"Cookie": f"{maria.cookie}; {maria.cookie}"})
    check("the cookie twice is nobody", status == 401, (status, said))
    other = maria.cookie.replace("__Host-", "")
    status, _, said = maria.ask("GET", "/api/v1/health", headers={"Cookie": other})
    check("without its prefix it is none of ours", status == 401, (status, said))


def csrf(agent, maria):
    sam = agents.Person(agent, "sam")
    body = {"screen": "inbox", "name": "Large", "query": "min=10000"}
    cases = {
        "without the token": {"X-CSRF-Token": None},
        "with another's token": {"X-CSRF-Token": sam.csrf},
        "with a part of the token": {"X-CSRF-Token": maria.csrf[:-1]},
        "with an empty token": {"X-CSRF-Token": ""},
        "without Origin": {"Origin": None},
        "from another Origin": {"Origin": "https://evil.example"},
        "from Origin null": {"Origin": "null"},
        "from ours with more behind it": {"Origin": agent.url + ".evil.example"},
        "from https of us": {"Origin": agent.url.replace("http:", "https:")},
        "from another site, by Sec-Fetch-Site": {"Sec-Fetch-Site": "cross-site"},
        "from a sister site": {"Sec-Fetch-Site": "same-site"},
        "typed in": {"Sec-Fetch-Site": "none"},
    }
    for what, head in cases.items():
        for method, path in (("PUT", "filters"), ("POST", "logout"),
                             ("POST", "tools/run_recon_pass")):
            status, _, said = maria.ask(method, "/api/v1/" + path, body, headers=head)
            check(f"{method} {path} {what} is refused", status == 403
                  and said["error"] == "csrf", (status, said))
    check("and nothing came of any", maria.get("filters")[1] == {"filters": []}
          and maria.get("session")[1]["signed_in"])
    status, said = agents.Person(agent).post("session/dev", {"person": "sam"},
                                             headers={"Origin": "https://evil.example"})
    check("nobody is signed in from another Origin", status == 403, (status, said))
    status, _, said = maria.ask("PUT", "/api/v1/filters", body)
    check("the same from our page is done", status == 200 and said["filter_id"], (status, said))
    status, _, said = sam.ask("DELETE", "/api/v1/filters/" + said["filter_id"])
    check("what is Maria's is not there for Sam", status == 404, (status, said))
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None):
        status, _, said = maria.ask("PUT", "/api/v1/filters", body, headers={"Content-Type": kind})
        check(f"a body of type {kind} is none of ours", status == 415, (status, said))


def first(list_of, **want):
    for row in list_of:
        if all(row.get(k) == v for k, v in want.items()):
            return row
    raise SystemExit(f"nothing waits with {want}")


def decisions(agent):
    maria, robin, sam = (agents.Person(agent, n) for n in ("maria", "demo-user", "sam"))
    live = agents.Live(robin)
    waits = [w for w in maria.waiting() if w["tool"] == "confirm_match"]
    check("much waits", len(waits) >= 6, len(waits))
    one_is_enough = [w for w in waits if w["reason"] == "ACCOUNT_FORCED_HUMAN"]
    one, two, three, four = one_is_enough[:4]
    key = os.urandom(12).hex()
    live.clear()
    began = time.monotonic()
    status, said = maria.decide(one, "confirm", "wire 4471 checked", key=key)
    took = time.monotonic() - began
    check("200: it is done, with the number it is recorded under", status == 200
          and said["status"] == "ok" and said["seq"] > 0, (status, said))
    print(f"# decided and recorded in {took * 1000:.1f} ms", flush=True)
    check("another's window hears of it", live.wait("escalations"), live.seen)
    again, same = maria.decide(one, "confirm", "wire 4471 checked", key=key)
    check("the same click again is the same decision", again == 200
          and same.get("seq") == said["seq"], (again, same))
    status, said = robin.decide(one, "confirm", "late")
    check("409: somebody was first", status == 409 and said.get("decided_by"), (status, said))
    stale = dict(two, digest="0" * 64)
    status, said = maria.decide(stale, "confirm", "x")
    check("a digest that was not shown decides nothing", status in (409, 422), (status, said))
    status, said = maria.decide(two, "reject")
    check("403: a rejection wants a reason, and the clause says so", status == 403
          and said["reason"] == "MISSING_RATIONALE" and said["clause"], (status, said))
    status, said = maria.decide(two, "reject", "not ours: another invoice")
    check("200: rejected", status == 200, (status, said))
    pair = first(waits, reason="FX_RATE_MISSING")
    status, said = sam.decide(pair, "confirm", "let me")
    check("403: an accountant may not", status == 403 and said["status"] == "denied"
          and said["reason"] and said["pointer"], (status, said))
    status, said = maria.decide(pair, "confirm", "rate seen on the statement")
    check("202: one of two", status == 202 and said["status"] == "pending_approval", (status, said))
    status, said = maria.decide(pair, "confirm", "and again")
    check("twice the same is one pair of eyes", status in (202, 403), (status, said))
    status, said = robin.decide(pair, "confirm", "seen, too")
    check("200: the second", status == 200, (status, said))
    own_request(maria, robin, three)
    somebody_was_first(maria, robin, four)
    bad_bodies(maria, four)
    live.close()


def own_request(maria, robin, row):
    """Who asked for it does not confirm it (segregation of duties)."""
    status, said = maria.post("tools/escalate_match", {
        "match_id": row["object_id"], "rationale": "please look", "to": "human:demo-user"})
    check("Maria puts one before Robin", status in (200, 202), (status, said))
    mine = first(maria.waiting(), object_id=row["object_id"])
    status, said = maria.decide(mine, "confirm", "fine by me")
    check("403: what she asked for she may not confirm", status == 403
          and said["reason"].startswith("SOD_"), (status, said))
    status, said = robin.decide(mine, "confirm", "looked")
    check("he may", status == 200, (status, said))


def somebody_was_first(maria, robin, row):
    status, said = robin.post("tools/reject_match", {"match_id": row["object_id"],
                                                     "rationale": "duplicate"})
    check("Robin settles another by its match", status == 200, (status, said))
    status, said = maria.decide(row, "confirm", "as shown")
    check("409: what Maria was shown waits no more", status == 409, (status, said))


def bad_bodies(maria, row):
    path = f"escalations/{row['escalation_id']}/decision"
    cases = {"no JSON": b"{", "an array": b"[]", "nothing": b"", "a twin key":
             b'{"decision":"confirm","decision":"reject"}', "NUL": b'{"decision":"\\u0000"}',
             "an unknown key": b'{"decisions":"confirm"}', "a deep one": b"[" * 100000,
             "bad UTF-8": b'{"decision":"\xff"}'}
    for what, body in cases.items():
        status, said = maria.post(path, body)
        check(f"{413 if what == 'a deep one' else 422} for a body that is {what}",
              status == (413 if what == "a deep one" else 422) and set(said) >= ERROR,
              (status, said))
    status, said = maria.post(path, b" " * (257 * 1024))
    check("413 for one that is too large", status == 413, (status, said))
    for wrong in ("maybe", "CONFIRM", ""):
        status, said = maria.post(path, {"decision": wrong, "digest": row["digest"],
                                         "idempotency_key": "k" * 12})
        check(f"a decision of {wrong!r} is none", status == 422 and "decision" in json.dumps(said),
              (status, said))
    for bad in ("esc_nobody", "..%2F..%2Fme", "a" * 400, "%00", "esc_1/decision/more"):
        status, said = maria.post(f"escalations/{bad}/decision", {
            "decision": "confirm", "digest": "0" * 64, "idempotency_key": "k" * 12})
        check(f"there is no escalation {bad[:20]}", status in (400, 404, 422), (status, said))


def unknown(maria):
    for method, path, want in (
            ("GET", "/api/v1/nothing", 404), ("GET", "/api/v2/session", 404),
            ("POST", "/api/v1/tools/load_master", 404), ("POST", "/api/v1/tools/", 404),
            ("POST", "/api/v1/tools/whois", 404), ("POST", "/api/v1/tools/record_delivery", 404),
            ("GET", "/api/v1/resource?uri=recon%3A%2F%2Ffeed%2F0", 404),
            ("GET", "/api/v1/resource?uri=file%3A%2F%2F%2Fetc%2Fpasswd", 404),
            ("GET", "/api/v1/resource", 422), ("GET", "/api/v1/escalations?nonsense=1", 422),
            ("GET", "/api/v1/escalations?limit=0", 422), ("GET", "/api/v1/escalations?limit=9e9", 422),
            ("GET", "/api/v1/escalations?limit=1&limit=2", 422),
            ("GET", "/api/v1/escalations?q=%ff", 422), ("GET", "/api/v1/matches?q=%zz", 400),
            ("GET", "/api/v1/escalations?cursor=forged", 422)):
        status, head, said = maria.ask(method, path, {} if method == "POST" else None)
        check(f"{method} {path} is {want}", status == want and "error" in said, (status, said))
    status, head, said = maria.ask("GET", "/api/v1/escalations?q=" + "x" * 9000)
    check("a query without end is refused", status in (413, 414, 422, 431), (status, said))


def raw(port, text, seconds=5):
    """The first reply to these bytes."""
    with socket.create_connection(("127.0.0.1", port), timeout=seconds) as s:
        s.sendall(text)
        data = b""
        try:
            while b"\r\n\r\n" not in data:
                more = s.recv(65536)
                if not more:
                    break
                data += more
        except OSError:
            pass
    return data.decode("latin-1")


def hosts_and_headers(agent, maria):
    port = agent.port
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "0x7f.1",
                 f"127.0.0.1@evil.example:{port}", ""):
        for path in ("/", "/api/v1/session"):
            said = raw(port, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
                       .encode())
            check(f"GET {path} with Host {host or 'empty'} is not for us",
                  said.startswith(("HTTP/1.1 403", "HTTP/1.1 400", "HTTP/1.1 421")), said[:80])
    seen = {}
    for what, method, path, body, more in (
            ("the page", "GET", "/", None, {}), ("a deep link", "GET", "/inbox/esc_1", None, {}),
            ("an asset that is not there", "GET", "/assets/nothing.js", None, {}),
            ("200", "GET", "/api/v1/session", None, {}), ("health", "GET", "/healthz", None, {}),
            ("ready", "GET", "/readyz", None, {}),
            ("401", "GET", "/api/v1/health", None, {"Cookie": None}),
            ("403", "POST", "/api/v1/logout", {}, {"X-CSRF-Token": None}),
            ("404", "GET", "/api/v1/nothing", None, {}),
            ("404 of a method", "DELETE", "/api/v1/session", None, {}),
            ("405 or 404 of a page", "POST", "/inbox", {}, {}),
            ("413", "POST", "/api/v1/logout", b"x" * 5000, {}),
            ("422", "GET", "/api/v1/escalations?limit=0", None, {}),
            ("a method nobody knows", "BREW", "/api/v1/session", None, {}),
            ("403 of a Host", "GET", "/", None, {"Host": "evil.example"})):
        status, head, _ = maria.ask(method, path, body, headers=more)
        seen[what] = status
        check(f"{what} ({status}) has every header", not headers_missing(head),
              headers_missing(head))
        if path.startswith("/api/"):
            check(f"{what}: kept nowhere", "no-store" in head.get("Cache-Control", ""),
                  head.get("Cache-Control"))
        check(f"{what}: nothing of the server's make", "Server" not in head
              and "X-Powered-By" not in head, head.get("Server"))
    said = raw(port, b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    check("two Hosts are no request", said.startswith("HTTP/1.1 400"), said[:80])
    check("nor is half of one", raw(port, b"GET /\x00 HTTP/1.1\r\nHost: a\r\n\r\n")
          .startswith("HTTP/1.1 400"))


def engine_gone(agent, engine, maria):
    live = agents.Live(maria)
    engine.kill()
    status, said = maria.get("escalations")
    check("503: the engine is not there", status == 503 and set(said) >= ERROR, (status, said))
    status, said = maria.get("session")
    check("who is signed in stays so, and is told since when", status == 200 and said["signed_in"]
          and said["engine"]["reachable"] is False and said["engine"].get("since"), said)
    status, said = maria.post("tools/run_recon_pass", {"entity_id": "acme-us"})
    check("503 for a change, too", status == 503, (status, said))
    check("a window is told that the engine went", live.wait("engine"), live.seen)
    status, head, _ = maria.ask("GET", "/readyz")
    check("not ready, but alive", status == 503 and maria.ask("GET", "/healthz")[0] == 200, status)
    engine.start()
    deadline = time.monotonic() + 15
    while maria.get("escalations")[0] != 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    status, said = maria.get("escalations")
    check("the engine comes back, and so does the list", status == 200, (status, said))
    check("nobody had to sign in anew", maria.get("session")[1]["signed_in"])
    live.close()


def signing_out(agent, maria):
    live = agents.Live(maria)
    status, said = maria.post("logout", {})
    check("signed out", status == 200 and said["signed_in"] is False, (status, said))
    check("the cookie is worth nothing any more", maria.get("health")[0] == 401)
    status, _, said = maria.ask("GET", "/api/v1/session")
    check("nor is the token", said["signed_in"] is False, said)
    live.close()


def receipts(agent, engine, maria):
    """What a browser checks comes as the engine made it; a second reading of the formats agrees."""
    vkey = engine.book.cli("keys", "export", check=True)[1].strip()
    waits = first(maria.waiting(), reason="ACCOUNT_FORCED_HUMAN")
    status, said = maria.decide(waits, "confirm", "seen on the statement")
    check("a decision's answer brings the receipt of its event", status == 200
          and said["receipt"]["index"] == said["seq"] - 1
          and evidence.receipt_holds(said["receipt"], vkey), (status, said))
    event = json.loads(said["receipt"]["event"])
    check("which says what was decided", event["escalation_id"] == waits["escalation_id"]
          and event["rationale"] == "seen on the statement", event)
    status, again = maria.get(f"audit/{said['seq']}/receipt")
    check("the same is had by its number", status == 200 and again["event"]
          == said["receipt"]["event"] and evidence.receipt_holds(again, vkey), (status, again))
    again["index"] -= 1
    check("and does not hold with another", not evidence.receipt_holds(again, vkey))
    status, denied = maria.decide(first(maria.waiting(), reason="ACCOUNT_FORCED_HUMAN"), "reject")
    check("a refusal has one, too", status == 403
          and evidence.receipt_holds(denied["receipt"], vkey), (status, denied))
    status, head = maria.get("audit/checkpoint")
    check("the newest head is signed", status == 200
          and evidence.note_holds(head["checkpoint"], vkey), (status, head))
    status, chain = maria.get("audit/keys")
    check("the keys are told by their own statements", status == 200
          and evidence.note_holds(chain["statements"][-1], vkey), (status, chain))
    status, growth = maria.get(f"audit/consistency?from={said['seq']}&to={head['size']}")
    check("that the log was continued is proved", status == 200
          and growth["format"] == "closegate-consistency/1" and growth["proof"], (status, growth))
    for path, want in (("audit/consistency?from=9&to=3", 404), ("audit/consistency?from=0&to=3", 422),
                       (f"audit/consistency?from=1&to={head['size'] + 1}", 404),
                       ("audit/consistency?from=1", 422), ("audit/consistency?from=1&to=2&x=3", 422),
                       ("audit/999999/receipt", 404), ("audit/0/receipt", 404),
                       ("audit/01/receipt", 404), ("audit/3/receipts", 404),
                       ("audit/3/receipt/", 404), ("audit/x/receipt", 404)):
        status, said = maria.get(path)
        check(f"GET {path} is {want}", status == want and "error" in said, (status, said))
    for path in ("audit/3/receipt", "audit/checkpoint", "audit/keys", "audit/consistency?from=1&to=2"):
        status, _, said = maria.ask("GET", "/api/v1/" + path, headers={"Cookie": None})
        check(f"GET {path} is for who is signed in", status == 401, (status, said))


def verifier(maria):
    """The page that checks receipts without us brings its own policy, and no looser one."""
    status, head, said = maria.ask("GET", "/verify.html")
    if status == 503 and maria.ask("GET", "/")[0] == 503:
        return  # a build without the workspace
    csp = head.get("Content-Security-Policy", "")
    check("verify.html is there, and one policy binds it", status == 200
          and csp.count("default-src 'none'") == 1, (status, csp))
    check("which lets its own script and style be, by their hashes, and nothing be asked for",
          csp.count("'sha256-") == 2 and "connect-src" not in csp and "'self'" not in csp
          and "frame-ancestors 'none'" in csp and not any(w in csp for w in LOOSE), csp)
    check("and stands in the page, for when it is a file",
          csp.replace("; frame-ancestors 'none'", "").encode() in said, csp)


def to_me(agent, engine, maria):
    waits = maria.waiting("&entity=acme-us")
    one = waits[-1]["escalation_id"]
    status, said = maria.post("tools/assign_item", {"object": one, "to": "role:accountant",
                                                    "rationale": "an accountant's to look at"})
    check("one is given to a role", status == 200, (status, said))
    sam = agents.Person(agent, "sam")
    check("who holds the role finds it among what is theirs",
          one in [e["escalation_id"] for e in sam.waiting("&to=me")], sam.waiting("&to=me"))
    check("who does not, does not",
          one not in [e["escalation_id"] for e in maria.waiting("&to=me")], one)


def every_entitys(agent, engine):
    sam = agents.Person(agent, "sam")
    status, said = sam.get("outbox")
    check("who sees every entity sees every delivery", status == 200, (status, said))
    for words in (("role", "grant", "sam", "accountant", "--entity", "acme-uk"),
                  ("role", "revoke", "sam", "accountant", "--entity", "all")):
        engine.book.cli(*words, check=True)
    status, said = sam.get("outbox")
    check("who sees one entity sees none", status == 403 and "every entity" in said["message"],
          (status, said))
    other = engine.book.rows("SELECT max(seq) AS seq FROM audit_events WHERE entity_id = 'acme-us'")
    status, said = sam.get(f"audit/{other[0]['seq']}/receipt")
    check("and no receipt of another entity's event", status == 404, (status, said))
    check("but where the log stands", sam.get("audit/checkpoint")[0] == 200)
    status, said = sam.post("outbox/dlv_1/retry", {})
    check("and sends none again", status == 403 and "every entity" in said["message"], said)
    status, said = agents.Person(agent, "maria").post("outbox/dlv_1/retry", {})
    check("which who sees every entity may", status == 404, (status, said))


def idling(agent):
    """What a page asks by itself keeps no session alive; what a person asks does."""
    sam = agents.Person(agent, "sam")
    path = os.path.join(agent.folder, "agent.db")

    def seen(back_s=0):
        with contextlib.closing(sqlite3.connect(path, timeout=10)) as db, db:
            db.execute("UPDATE sessions SET seen_us = seen_us - ?, created_us = created_us - ? "
                       "WHERE ended_us IS NULL", (back_s * 1000000, back_s * 1000000))
            return db.execute("SELECT max(seen_us) FROM sessions WHERE actor = 'human:sam'").fetchone()[0]
    before = seen(600)
    status = sam.get("session", headers={"X-Closegate-Unattended": "1"})[0]
    check("a page nobody sits at keeps no session alive", status == 200 and seen() == before)
    sam.get("session")
    check("whoever sits at it does", seen() > before)


def restarted(agent):
    sam = agents.Person(agent, "sam")
    check("SIGTERM stops the agent cleanly", agent.stop() == 0, agent.tail(5))
    agent.start()
    check("who was signed in is still", sam.get("session")[1]["signed_in"])
    agent.kill()
    agent.start()
    check("also when it was killed", sam.get("session")[1]["signed_in"])


def another_folder(agent):
    here, there = agent.cli("session", "list", "--json"), agent.cli(
        "session", "list", "--json", "--data-dir", tempfile.mkdtemp(prefix="closegate-agent-"))
    check("--data-dir is the agent's own folder", len(json.loads(here[1])) > 0
          and json.loads(there[1]) == [], (here, there))


def main():
    engine_binary, agent_binary = agents.given()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine, agents.serving(engine, agent_binary) as agent:
        maria = signing_in(agent)
        forged(agent, maria)
        csrf(agent, maria)
        lines_say_what_is_bound(agent)
        every_one_opens(agent)
        decisions(agent)
        unknown(maria)
        receipts(agent, engine, maria)
        verifier(maria)
        to_me(agent, engine, maria)
        every_entitys(agent, engine)
        hosts_and_headers(agent, maria)
        engine_gone(agent, engine, maria)
        check("no file of the book is the agent's to open",
              not [f for f in agent.opened() if "recon.db" in f or "/data/" in f], agent.opened())
        signing_out(agent, maria)
        idling(agent)
        restarted(agent)
        another_folder(agent)
        check("SIGTERM stops the agent cleanly", agent.stop() == 0, agent.tail(5))
        check("and the engine", engine.stop() == 0, engine.tail(5))
        check("no answer had another shape than screens expect",
              "another shape" not in agent.tail(10000), agent.tail(5))
        check("the log of the book is whole", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
