#!/usr/bin/env python3
"""Receipts and the log's signed heads from a real engine, checked by a second implementation of the
published formats (tests/lib/evidence.py): what every reply brings, what the commands print, what
the export holds, what is served over HTTP. Prints TAP. Usage: receipts.py [--engine PATH]"""
import base64
import http.client
import json
import os
import sqlite3
import subprocess
import sys
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import evidence  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}


class Company:
    def __init__(self, engine):
        self.engine, self.book = engine, engine.book
        self.maria = lib.Caller(engine, "human:maria")
        self.agent = lib.Caller(engine, "llm:receipts.s-1", obo="demo-user")
        self.vkey = self.book.cli("keys", "export", check=True)[1].strip()
        self.used = set()

    def proposal(self, at_least=0):
        rows = self.book.rows(
            "SELECT m.match_id FROM matches m LEFT JOIN match_states s USING (match_id) WHERE"
            " s.state IS NULL AND m.amount_minor >= ? ORDER BY m.amount_minor", at_least)
        fresh = [r["match_id"] for r in rows if r["match_id"] not in self.used]
        self.used.add(fresh[0])
        return fresh[0]

    def event(self, seq):
        return self.book.rows("SELECT event FROM audit_events WHERE seq = ?", seq)[0]["event"]

    def holds(self, receipt, seq=None):
        """Of the event that the book has under this number, and by the log's key."""
        return bool(receipt and evidence.receipt_holds(receipt, self.vkey)
                    and (seq is None or receipt["index"] == seq - 1)
                    and receipt["event"] == self.event(receipt["index"] + 1))


def out(book, *words):
    done = subprocess.run([book.engine, *words], env=book.env, stdin=subprocess.DEVNULL,
                          timeout=120, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=lib.ROOT)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


# ---- in the reply ----

def replies(c):
    match = c.proposal()
    pending = c.agent.call("confirm_match", match_id=match)
    check("what waits for a person has its receipt", pending["outcome"] == "pending"
          and c.holds(pending["receipt"], pending["data"]["seq"]), pending)
    key = uuid.uuid4().hex
    done = c.maria.call("reject_match", match_id=match, rationale="not these",
                        idempotency_key=key)
    check("what was done has its receipt", done["outcome"] == "ok"
          and c.holds(done["receipt"], done["data"]["seq"]), done)
    again = c.maria.call("reject_match", match_id=match, rationale="not these",
                         idempotency_key=key)
    check("a repeated key gets the receipt of the same event", again["outcome"] == "ok"
          and c.holds(again["receipt"], done["data"]["seq"]), again)
    denied = c.agent.call("confirm_match", match_id=c.last_denied)
    check("a denial has its receipt, which says by which clause", denied["outcome"] == "deny"
          and c.holds(denied["receipt"], denied["data"]["seq"])
          and json.loads(denied["receipt"]["event"])["clause_text"] == denied["data"]["clause"],
          denied)
    failed = c.agent.call("confirm_match", match_id="mat_none")
    check("what failed has none", failed["outcome"] == "error" and failed["receipt"] is None,
          failed)
    read = c.agent.call("list_matches")
    check("what was only read has none", read["outcome"] == "ok" and read["receipt"] is None, read)
    entity = c.book.rows("SELECT entity_id FROM entities ORDER BY entity_id")[0]["entity_id"]
    job = c.agent.call("run_recon_pass", entity_id=entity)
    check("long work has the receipt of its request", job["outcome"] == "ok"
          and c.holds(job["receipt"], job["data"]["seq"]), job)
    status, message = c.agent.rpc(
        "tools/call", {"name": "propose_match", "arguments": {"bank_ids": [], "gl_ids": []}},
        "propose_match")
    check("arguments that do not bind have none", "_meta" not in message.get("result", {})
          or "closegate/receipt" not in message["result"]["_meta"], message)


def forged(c):
    """The second implementation refuses what is not so: else the rest of this means nothing."""
    good = c.maria.call("reject_match", match_id=c.proposal(), rationale="no")["receipt"]
    check("the receipt to be forged holds", c.holds(good))
    check("another word in the event breaks it", not evidence.receipt_holds(
        dict(good, event=good["event"].replace('"rationale":"no"', '"rationale":"yes"')), c.vkey))
    check("another number breaks it",
          not evidence.receipt_holds(dict(good, index=good["index"] - 1), c.vkey))
    check("another key does not sign it", not evidence.receipt_holds(
        good, evidence.Key(c.vkey.split("+")[0], "stranger").vkey))


def tasks(c):
    match = c.proposal()
    status, message = c.agent.rpc("tools/call", {"name": "confirm_match", "arguments":
                                                 {"match_id": match}}, "confirm_match", TASKS)
    task = message["result"]
    check("a task has the receipt of what was asked", task.get("resultType") == "task"
          and c.holds(task["_meta"]["closegate/receipt"]), task)
    digest = c.book.rows("SELECT digest FROM escalations WHERE escalation_id = ?",
                         task["taskId"])[0]["digest"]
    done = c.maria.call("resolve_escalation", escalation_id=task["taskId"], decision="confirm",
                        digest=digest, rationale="wire 4471")
    check("an approval has its receipt", c.holds(done["receipt"], done["data"]["seq"]), done)
    status, message = c.agent.rpc("tasks/get", {"taskId": task["taskId"]}, task["taskId"], TASKS)
    receipt = message["result"]["result"].get("_meta", {}).get("closegate/receipt")
    check("a settled task has the receipt of the event that settled it", c.holds(receipt)
          and json.loads(receipt["event"])["escalation_id"] == task["taskId"], message)
    c.settled = task["taskId"]


def damaged(c):
    """The last: no head of the log can be read any more."""
    db = sqlite3.connect(os.path.join(c.book.data, "recon.db"), isolation_level=None, timeout=10)
    db.execute("DROP TRIGGER audit_heads_no_update")
    db.execute("PRAGMA ignore_check_constraints = ON")
    db.execute("UPDATE audit_heads SET root = x'00'")
    db.close()
    status, message = c.agent.rpc("tasks/get", {"taskId": c.settled}, c.settled, TASKS)
    task = message.get("result", {})
    check("a receipt that cannot be made holds no task back", task.get("status") == "completed"
          and "closegate/receipt" not in task["result"].get("_meta", {}), message)
    check("and the log says so", lib.wait_until(
        lambda: "goes without its receipt" in c.engine.tail(50)), c.engine.tail(5))


# ---- from the book ----

def resources(c):
    done = c.maria.call("reject_match", match_id=c.proposal(), rationale="no")
    seq = done["data"]["seq"]
    got = c.agent.read(f"recon://audit/{seq}/receipt")
    check("an event's receipt is a resource", got["outcome"] == "ok"
          and c.holds(got["data"], seq), got)
    head = c.agent.read("recon://audit/checkpoint")
    check("so is the signed head", head["outcome"] == "ok" and head["data"]["size"] >= seq
          and evidence.note_holds(head["data"]["checkpoint"], c.vkey), head)
    for wrong in ("0", "999999", f"{seq}/receipts", f"{seq}/receipt/", f"0{seq}/receipt"):
        got = c.agent.read(f"recon://audit/{wrong}" + ("/receipt" if wrong.isdigit() else ""))
        check(f"there is no recon://audit/{wrong}", got["outcome"] == "error", got)


def commands(c):
    size = c.book.rows("SELECT max(size) AS n FROM audit_heads")[0]["n"]
    code, text, _ = out(c.book, "audit", "prove", "5")
    check("audit prove prints a receipt", code == 0 and c.holds(json.loads(text), 5), text)
    code, text, _ = out(c.book, "audit", "prove", "5", "--size", str(size))
    check("in a later head, too", code == 0 and c.holds(json.loads(text), 5)
          and json.loads(text)["checkpoint"].split("\n")[1] == str(size), text)
    code, text, _ = out(c.book, "audit", "prove", "5", "--format", "tlog-proof")
    check("and as a C2SP proof", code == 0 and c.holds(evidence.tlog_proof_read(text), 5), text)
    path = os.path.join(c.book.dir, "receipt.json")
    code, text, _ = out(c.book, "audit", "prove", "5", "--out", path)
    with open(path, encoding="utf-8") as f:
        check("into a file", code == 0 and text == "" and c.holds(json.load(f), 5), text)
    check("a file that exists is kept", out(c.book, "audit", "prove", "6", "--out", path)[0] == 1)
    code, text, said = out(c.book, "audit", "prove", "999999")
    check("of what is not there: nothing, and why", code == 1 and text == "" and "head" in said, said)
    for words in (["x"], ["0"], ["-1"], ["5", "--size", "x"], ["5", "--format", "pdf"], []):
        check(f"audit prove {' '.join(words)} is wrong usage",
              out(c.book, "audit", "prove", *words)[0] == 64)
    code, note, _ = out(c.book, "audit", "checkpoint")
    check("audit checkpoint prints the signed head", code == 0 and
          evidence.note_holds(note, c.vkey), note)
    code, text, _ = out(c.book, "audit", "checkpoint", "--size", "3")
    check("a size that nobody signed is not made up", code == 1 and text == "", text)
    code, text, _ = out(c.book, "audit", "checkpoint", "--json")
    check("as JSON, too", json.loads(text)["checkpoint"] == note, text)
    return note


def kept(c):
    path = os.path.join(c.book.dir, "kept.json")
    words = ["call", "reject_match", json.dumps({"match_id": c.proposal(), "rationale": "no"}),
             "--as", "human:maria", "--receipt", path]
    env = dict(c.book.env, CLOSEGATE_ENGINE_LISTEN=f"127.0.0.1:{c.engine.port}")
    done = subprocess.run([c.book.engine, *words], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60)
    with open(path, encoding="utf-8") as f:
        check("call --receipt keeps the receipt of what was recorded", done.returncode == 0
              and c.holds(json.load(f), json.loads(done.stdout)["seq"]), done)
    events = len(leaves_of(c))
    again = subprocess.run([c.book.engine, *words], env=env, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, timeout=60)
    check("where a file is, nothing is called", again.returncode == 1
          and len(leaves_of(c)) == events, again)


def leaves_of(c):
    return [evidence.leaf_hash(r["hash_self"]) for r in
            c.book.rows("SELECT hash_self FROM audit_events ORDER BY seq")]


def consistency(c):
    leaves = leaves_of(c)
    code, text, _ = out(c.book, "audit", "consistency", "7", "50", "--json")
    want = [evidence.b64(h) for h in evidence.consistency(7, leaves[:50])]
    check("audit consistency prints RFC 6962's proof", code == 0
          and json.loads(text) == {"format": "closegate-consistency/1", "from": 7, "to": 50,
                                   "proof": want}, text)
    code, text, _ = out(c.book, "audit", "consistency", "7", "--json")
    check("up to the last head by itself", code == 0 and json.loads(text)["to"] == len(leaves), text)
    check("not backwards", out(c.book, "audit", "consistency", "50", "7")[0] == 1)
    check("not past the end", out(c.book, "audit", "consistency", "7", "999999")[0] == 1)


def export(c):
    code, text, _ = out(c.book, "audit", "export", "--heads")
    leaves, heads, good, events = [], 0, True, 0
    for line in text.splitlines():
        row = json.loads(line)
        if "checkpoint" in row:
            origin, size, top = row["checkpoint"].split("\n")[:3]
            good &= (int(size) == len(leaves) and evidence.note_holds(row["checkpoint"], c.vkey)
                     and evidence.root(leaves) == base64.b64decode(top))
            heads += 1
        else:
            events += 1
            leaves.append(evidence.leaf_hash(bytes.fromhex(row["hash_self"])))
    want = c.book.rows("SELECT count(*) AS n FROM audit_heads")[0]["n"]
    check("audit export --heads has each signed head behind the last event it covers", code == 0
          and good and heads == want and events == len(leaves_of(c)), (heads, want, events))
    plain = out(c.book, "audit", "export")[1]
    check("without --heads it is as ever", "checkpoint\":\"closegate" not in plain
          and len(plain.splitlines()) == events)
    check("--heads does not go with CSV",
          out(c.book, "audit", "export", "--heads", "--format", "csv")[0] == 64)


# ---- over HTTP ----

def get(c, path, method="GET", head=None):
    connection = http.client.HTTPConnection("127.0.0.1", c.engine.port, timeout=10)
    connection.request(method, path, headers=head or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, body, answer.headers


def tlog(c):
    while len(leaves_of(c)) < 300:
        for _ in range(10):
            c.agent.call("confirm_match", match_id=c.last_denied)
    leaves = leaves_of(c)
    status, body, head = get(c, "/tlog/checkpoint")
    note = body.decode()
    size = int(note.split("\n")[1])
    check("the checkpoint is served to anybody", status == 200 and size == len(leaves)
          and evidence.note_holds(note, c.vkey) and head["Cache-Control"] == "no-store", note)
    status, body, head = get(c, "/tlog/tile/0/000")
    check("a full tile holds 256 leaf hashes", status == 200
          and body == b"".join(leaves[:256]) and "immutable" in head["Cache-Control"], status)
    status, body, _ = get(c, f"/tlog/tile/0/001.p/{size - 256}")
    check("a partial one those that there are", status == 200 and body == b"".join(leaves[256:size]))
    status, body, _ = get(c, "/tlog/tile/1/000.p/1")
    check("the level above holds its root", status == 200 and body == evidence.root(leaves[:256]))
    check("HEAD says the same without a body", get(c, "/tlog/tile/0/000", "HEAD")[:2] == (200, b""))
    for path in (f"/tlog/tile/0/001.p/{size - 255}", "/tlog/tile/0/001", "/tlog/tile/1/000",
                 "/tlog/tile/0/000.p/256", "/tlog/tile/0/0", "/tlog/tile/63/000", "/tlog/tile/",
                 "/tlog/tile/entries/000", "/tlog/", "/tlog/checkpoint/", "/tlog/tile/0/../0/000",
                 "/tlog/tile/7/x999/x999/x999/x999/x999/999"):
        check(f"there is no {path}", get(c, path)[0] in (400, 404), get(c, path)[0])
    check("nothing is taken", get(c, "/tlog/checkpoint", "POST")[0] == 405)
    check("a page of another host gets nothing",
          get(c, "/tlog/checkpoint", head={"Host": "evil.example"})[0] == 403)


# ---- off ----

def off(binary):
    book = lib.Book(binary, env={"CLOSEGATE_RECEIPTS": "off"})
    with lib.serving(book) as engine:
        agent = lib.Caller(engine, "llm:receipts.s-1", obo="demo-user")
        book.cli("recon", "--json", check=True)
        row = book.rows("SELECT match_id FROM matches ORDER BY amount_minor DESC")[0]
        got = agent.call("confirm_match", match_id=row["match_id"])
        event = json.loads(book.rows("SELECT event FROM audit_events WHERE seq = ?",
                                     got["data"]["seq"])[0]["event"])
        check("CLOSEGATE_RECEIPTS=off gives no receipts, and every event says so",
              got["outcome"] in ("deny", "pending", "ok") and got["receipt"] is None
              and event["posture"] == ["unsafe_receipts_off"]
              and not book.rows("SELECT * FROM audit_heads"), event["posture"])
        engine.stop()
        del book.env["CLOSEGATE_RECEIPTS"]
        engine.start()
        agent.hang_up()
        got = agent.call("confirm_match", match_id=row["match_id"])
        vkey = book.cli("keys", "export", check=True)[1].strip()
        check("turned on again, the next head covers all of it", got["receipt"] is not None
              and evidence.receipt_holds(got["receipt"], vkey), got)
        code, text, _ = out(book, "audit", "prove", "3")
        check("what was decided meanwhile, too", code == 0
              and evidence.receipt_holds(json.loads(text), vkey), text)
    prod = dict(book.env, CLOSEGATE_ENV="prod", CLOSEGATE_RECEIPTS="off")
    done = subprocess.run([binary, "serve"], env=prod, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    check("in prod it is refused", done.returncode == 1 and b"CLOSEGATE_RECEIPTS" in done.stdout,
          done.stdout)


def main():
    binary = lib.given_engine()
    book = lib.Book(binary)
    with lib.serving(book, ["recon", "--json"]) as engine:
        c = Company(engine)
        c.last_denied = c.proposal(20000000)
        replies(c)
        forged(c)
        tasks(c)
        resources(c)
        commands(c)
        kept(c)
        consistency(c)
        export(c)
        tlog(c)
        intact, said = lib.chain_is_intact(book)
        check("audit verify --book: intact", intact, said)
        damaged(c)
    off(binary)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
