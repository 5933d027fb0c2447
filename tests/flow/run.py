#!/usr/bin/env python3
"""Plays a story against a real engine on a book of its own. A .flow file is read line by line:

    # a comment
    book saas                              the demo company that is seeded (the default)
    setting CLOSEGATE_X value              of the daemon; before anything is done
    as human:ana  confirm_match match=M1 rationale="wire 4471"     -> ok
    as llm:s-1 for ana  confirm_match match=M1     -> deny SOD_SAME_ACTOR clause="a part of it"
    as human:ana via chat  …                       another channel than web
    run recon_pass entity=acme-us          -> ok | pending REASON match=M1 escalation=E1
    find M1 proposed entity=acme-us type=exact under=10000    the first such match of the book
    find M1 confirmed with=ENTRY pending=REASON                also rejected; pending, quiet
    find B1 entry side=bank unmatched      the first such entry
    read recon://status                    -> ok contains "…"
    audit POLICY_VIOLATION, OK  chain ok   these events came, in this order, since the last audit line
    audit M1: ESCALATION_PENDING, OK       exactly these events name the match (or escalation)
    cli audit verify                       -> exit 0 contains "intact"
    post as human:ana header.X-Actor-Id="human: ana" claim.exp=+120    -> 401 contains "…"
    restart | kill                         the daemon, cleanly or by -9
    policy "these words" "others"          in policy.yaml, where they stand first; a restart reads it

Values: M1 is what M1 was found or captured as ({M1} and {E1.digest} within a cli line's words);
[a, b] is a list; "…" holds spaces; +48h is the instant so far from now. Short names:
match, entity, escalation, exception, key (idempotency_key), bank and gl (lists of entries).
resolve_escalation takes the decision as a bare word and looks the digest up, as a human's screen
would; resolve_escalations takes escalation=[E1, E2]. After the arrow (-> or →): the outcome (ok, pending, deny, error), its reason, then
name=value pairs: a new capital name is captured, anything else must be equal, or be part of it
when written name~"text". Every line that is held against something is a test (TAP)."""
import argparse
import json
import os
import re
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as real  # noqa: E402
import evidence  # noqa: E402

SHORT = {"match": "match_id", "entity": "entity_id", "escalation": "escalation_id",
         "exception": "exception_id", "key": "idempotency_key", "bank": "bank_ids",
         "gl": "gl_ids", "account": "account"}
LISTS = {"bank_ids", "gl_ids"}
WORD = re.compile(r'(?:[^\s"\[]|"(?:\\.|[^"\\])*"|\[[^\]]*\])+')
NAME = re.compile(r"^[A-Z][A-Z]?[0-9]+$")
ARROW = re.compile(r"\s(?:->|→)\s")


class Wrong(Exception):
    """The line did not hold."""


def plain(text):
    """Without its quotes; \\n, \\" and \\xHH as in C."""
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        return (text[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t")
                .replace("\\\\", "\\"))
    return text


def split_pair(word):
    """name=value or name~value; (name, mark, value)."""
    m = re.match(r"^([A-Za-z_][\w.\-]*)(=|~)(.*)$", word, re.S)
    return (m.group(1), m.group(2), plain(m.group(3))) if m else (None, None, plain(word))


class Story:
    def __init__(self, binary):
        self.binary, self.starter, self.settings = binary, "saas", {}
        self.book = self.daemon = None
        self.names, self.callers = {}, {}
        self.audited = 0
        self.last_escalation = None
        self.vkey = None

    # ---- the engine

    def up(self):
        if self.daemon is None:
            self.book = real.Book(self.binary, self.starter, self.settings)
            self.book.make()
            self.daemon = real.Engine(self.book)
            self.daemon.start()
            self.audited = self.last_seq()
        return self.daemon

    def close(self):
        if self.daemon is not None:
            self.daemon.stop()
        if self.book is not None:
            self.book.close()

    def caller(self, words):
        """Takes `ACTOR [for NAME] [via CHANNEL]` off the front of words."""
        actor, obo, channel = words.pop(0), None, None
        while words and words[0] in ("for", "via") and len(words) > 1:
            what = words.pop(0)
            if what == "for":
                obo = words.pop(0)
            else:
                channel = words.pop(0)
        who = (actor, obo, channel)
        if who not in self.callers:
            self.callers[who] = real.Caller(self.up(), actor, obo=obo, channel=channel)
        return self.callers[who]

    def last_seq(self):
        return self.book.rows("SELECT coalesce(max(seq), 0) AS seq FROM audit_events")[0]["seq"]

    # ---- values

    def value(self, text):
        if text.startswith("[") and text.endswith("]"):
            return [self.value(plain(w.strip())) for w in text[1:-1].split(",") if w.strip()]
        if re.fullmatch(r"\+\d+h", text):
            return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600 * int(text[1:-1])))
        return self.names.get(text, text)

    def arguments(self, tool, words):
        arguments = {}
        for word in words:
            name, mark, value = split_pair(word)
            if name is None:
                if not tool.startswith("resolve_escalation") or "decision" in arguments:
                    raise Wrong(f"{word!r} is not name=value")
                arguments["decision"] = value
                continue
            name = SHORT.get(name, name)
            value = json.loads(value[5:]) if value.startswith("json:") else self.value(value)
            if name in LISTS and not isinstance(value, list):
                value = [value]
            arguments[name] = value
        if tool == "resolve_escalation":
            self.complete_resolve(arguments)
        if tool == "resolve_escalations" and "items" not in arguments:
            arguments["items"] = [{"escalation_id": id, "digest": self.digest_of(id)}
                                  for id in arguments.pop("escalation_id")]
        return arguments

    def complete_resolve(self, arguments):
        """What a human's screen knows: which escalation is open, and its digest."""
        arguments.setdefault("escalation_id", self.last_escalation)
        if arguments["escalation_id"] is None:
            raise Wrong("no escalation is known yet: say escalation=E1")
        if "digest" not in arguments:
            arguments["digest"] = self.digest_of(arguments["escalation_id"])

    def digest_of(self, escalation_id):
        rows = self.book.rows("SELECT digest FROM escalations WHERE escalation_id = ?",
                              escalation_id)
        return rows[0]["digest"] if rows else "0" * 64

    # ---- what is expected

    def hold(self, got, expected):
        """`got` {"outcome", "reason", "data", "text"} against the words after the arrow."""
        words = WORD.findall(expected)
        want = words.pop(0)
        if got["outcome"] != want:
            raise Wrong(f"expected {want}, got {got['outcome']}")
        if words and split_pair(words[0])[0] is None and words[0] != "contains":
            reason = words.pop(0)
            if reason != got["reason"]:
                raise Wrong(f"expected {reason}, got {got['reason']}")
        self.hold_pairs(got, words)

    def hold_pairs(self, got, words):
        while words:
            word = words.pop(0)
            if word == "contains":
                text = str(self.value(plain(words.pop(0))))
                if text not in got["text"]:
                    raise Wrong(f"expected to contain {text!r}")
                continue
            name, mark, value = split_pair(word)
            if name is None:
                raise Wrong(f"{word!r} after the arrow is not name=value")
            found = self.lookup(got["data"], SHORT.get(name, name))
            if found is None:
                raise Wrong(f"there is no {name}")
            if mark == "=" and NAME.match(value) and value not in self.names:
                self.names[value] = found
                continue
            want = self.value(value)
            same = want in str(found) if mark == "~" else str(found) == str(want)
            if not same:
                raise Wrong(f"expected {name}{mark}{want}, got {found}")

    def lookup(self, data, name):
        """A member, a.b.0.c its way down; or the match that an escalation is about."""
        at = data
        for part in name.split("."):
            if isinstance(at, dict) and part in at:
                at = at[part]
            elif isinstance(at, list) and part.isdigit() and int(part) < len(at):
                at = at[int(part)]
            else:
                at = None
                break
        if isinstance(at, bool):
            return "true" if at else "false"
        if at is None and name == "match_id" and isinstance(data, dict) and data.get(
                "escalation_id"):
            rows = self.book.rows("SELECT object_id FROM escalations WHERE escalation_id = ?",
                                  data["escalation_id"])
            return rows[0]["object_id"] if rows else None
        return at

    # ---- the lines

    def do_book(self, words, _):
        self.starter = words[0]

    def do_setting(self, words, _):
        self.settings[words[0]] = plain(words[1]).replace("ROOT/", real.ROOT + "/")

    def evidence(self, caller, got):
        """What was recorded comes with its receipt, and the receipt holds."""
        if self.vkey is None:
            self.vkey = self.book.cli("keys", "export", check=True)[1].strip()
        receipt, seq = got.get("receipt"), None
        if got["outcome"] != "error" and isinstance(got["data"], dict):
            seq = got["data"].get("seq")
        if receipt is None:
            if seq and caller.read(f"recon://audit/{seq}/receipt")["outcome"] == "ok":
                raise Wrong(f"no receipt of event {seq} came with the answer")
            return
        if not evidence.receipt_holds(receipt, self.vkey):
            raise Wrong(f"the receipt does not hold: {json.dumps(receipt)[:600]}")
        if receipt["index"] + 1 != (seq or receipt["index"] + 1):
            raise Wrong(f"the receipt is of event {receipt['index'] + 1}, the answer of {seq}")

    def do_as(self, words, expected):
        caller = self.caller(words)
        tool = words.pop(0)
        got = caller.call(tool, **self.arguments(tool, words))
        self.evidence(caller, got)
        self.remember(got)
        self.hold_or_show(got, expected)

    def remember(self, got):
        if got["outcome"] == "pending" and isinstance(got["data"], dict):
            self.last_escalation = got["data"].get("escalation_id", self.last_escalation)

    def hold_or_show(self, got, expected):
        try:
            self.hold(got, expected)
        except Wrong as e:
            shown = json.dumps(got["data"], ensure_ascii=False, sort_keys=True)
            raise Wrong(f"{e}\n got: {got['outcome']} {got['reason']} {shown[:1500]} "
                        f"{got['text'][:400] if not got['data'] else ''}") from None

    def do_run(self, words, expected):
        """run recon_pass: the pass as an agent asks for it; pending looks at what it left open."""
        tool = "run_" + words.pop(0)
        before = {r["escalation_id"] for r in self.up().book.rows(
            "SELECT escalation_id FROM escalations")}
        caller = self.caller(["llm:flow", "for", "demo-user"])
        got = caller.call(tool, **self.arguments(tool, words))
        self.evidence(caller, got)
        if got["outcome"] == "ok" and expected.split()[0] == "pending":
            reason = expected.split()[1]
            rows = self.book.rows(
                "SELECT escalation_id, object_id, clause, digest FROM escalations WHERE state = "
                "'PENDING' AND reason = ? ORDER BY amount_minor, object_id", reason)
            rows = [r for r in rows if r["escalation_id"] not in before
                    and r["object_id"] not in self.names.values()]
            if not rows:
                raise Wrong(f"the pass left nothing pending for {reason}\n got: {got['text'][:600]}")
            got = {"outcome": "pending", "reason": reason, "text": rows[0]["clause"],
                   "data": {"escalation_id": rows[0]["escalation_id"],
                            "match_id": rows[0]["object_id"], "clause": rows[0]["clause"]}}
        self.remember(got)
        self.hold_or_show(got, expected)

    def do_find(self, words, _):
        name, what = words.pop(0), words.pop(0)
        self.up()
        if what == "entry":
            rows = self.find_entries(words)
        else:
            rows = self.find_matches(what, words)
        rows = [r for r in rows if r["id"] not in self.names.values()]
        if not rows:
            raise Wrong(f"the book has no such {what}")
        self.names[name] = rows[0]["id"]

    def find_matches(self, state, words):
        sql = ("SELECT m.match_id AS id FROM matches m LEFT JOIN match_states s USING (match_id) "
               "WHERE coalesce(s.state, 'PROPOSED_MATCH') = ?")
        binds = [{"proposed": "PROPOSED_MATCH"}.get(state, state.upper())]
        for word in words:
            key, _, value = split_pair(word)
            if key in ("over", "under"):
                sql += f" AND m.amount_minor {'>' if key == 'over' else '<='} ?"
                binds.append(int(value) * 100)
            elif key in ("pending", "reason"):
                sql += (" AND EXISTS (SELECT 1 FROM escalations e WHERE e.object_id = m.match_id "
                        "AND e.state = 'PENDING' AND e.reason = ?)")
                binds.append(value)
            elif key == "with":
                sql += (" AND EXISTS (SELECT 1 FROM json_each(m.legs) j WHERE "
                        "json_extract(j.value, '$.entry_id') = ?)")
                binds.append(value)
            elif word == "quiet":
                sql += (" AND NOT EXISTS (SELECT 1 FROM escalations e WHERE e.object_id = "
                        "m.match_id AND e.state = 'PENDING')")
            else:
                column = {"entity": "entity_id", "type": "match_type", "account": "account_id"}
                sql += f" AND m.{column.get(key, key)} = ?"
                binds.append(value)
        return self.book.rows(sql + " ORDER BY m.amount_minor, m.match_id", *binds)

    def find_entries(self, words):
        sql, binds = "SELECT e.entry_id AS id FROM entries e WHERE 1", []
        for word in words:
            key, _, value = split_pair(word)
            if word == "unmatched":
                sql += " AND NOT EXISTS (SELECT 1 FROM live_legs l WHERE l.entry_id = e.entry_id)"
            elif key in ("over", "under"):
                sql += f" AND abs(e.amount_minor) {'>' if key == 'over' else '<='} ?"
                binds.append(int(value) * 100)
            else:
                sql += f" AND e.{ {'entity': 'entity_id', 'account': 'account_id'}.get(key, key)} = ?"
                binds.append(value)
        return self.book.rows(sql + " ORDER BY abs(e.amount_minor), e.entry_id", *binds)

    def do_read(self, words, expected):
        uri = re.sub(r"\{(\w+)\}", lambda m: self.names[m.group(1)], words[-1])
        words = words[:-1] or ["llm:flow", "for", "demo-user"]
        self.hold_or_show(self.caller(words).read(uri), expected)

    def do_audit(self, words, _):
        self.up()
        line = " ".join(words)
        chain = line.endswith("chain ok")
        line = line[:-len("chain ok")].strip() if chain else line
        subject, _, listed = line.rpartition(":")
        want = [w for w in re.split(r"[,\s]+", listed) if w]
        if subject:
            rows = self.book.rows(
                "SELECT event_type FROM audit_events WHERE match_id = ?1 OR escalation_id = ?1 "
                "ORDER BY seq", self.names.get(subject.strip(), subject.strip()))
            got = [r["event_type"] for r in rows]
            if got != want:
                raise Wrong(f"expected exactly {', '.join(want)}\n got: {', '.join(got)}")
        else:
            rows = self.book.rows("SELECT event_type FROM audit_events WHERE seq > ? ORDER BY seq",
                                  self.audited)
            got = [r["event_type"] for r in rows]
            left = iter(got)
            if not all(w in left for w in want):
                raise Wrong(f"expected {', '.join(want)} in this order\n got: {', '.join(got)}")
            self.audited = self.last_seq()
        if chain:
            intact, text = real.chain_is_intact(self.book)
            if not intact:
                raise Wrong(f"audit verify: {text}")

    def filled(self, text):
        """{M1} is what M1 is, {E1.digest} the digest a screen would show with E1."""
        def one(m):
            name, _, what = m.group(1).partition(".")
            if what == "digest":
                return self.book.rows("SELECT digest FROM escalations WHERE escalation_id = ?",
                                      self.names[name])[0]["digest"]
            return self.names[name]
        return re.sub(r"\{([A-Z]+\d+(?:\.digest)?)\}", one, text)

    def do_cli(self, words, expected):
        self.up()
        code, text = self.book.cli(*[self.filled(str(self.value(plain(w)))).replace(
            "ROOT/", real.ROOT + "/") for w in words])
        want = WORD.findall(expected)
        if want[:1] != ["exit"]:
            raise Wrong("after a cli line: -> exit N")
        if str(code) != want[1]:
            raise Wrong(f"expected exit {want[1]}, got {code}\n got: {text[:1500]}")
        try:
            self.hold_pairs({"text": text, "data": {}}, want[2:])
        except Wrong as e:
            raise Wrong(f"{e}\n got: {text[:1500]}") from None

    def do_post(self, words, expected):
        """tools/list with headers and claims of one's own, byte for byte."""
        if words and words[0] == "as":
            words.pop(0)
            caller = self.caller(words)
        else:
            caller = None
            self.up()
        status, text = self.post_raw(caller, [split_pair(w) for w in words])
        want = WORD.findall(expected)
        if str(status) != want[0]:
            raise Wrong(f"expected HTTP {want[0]}, got {status}\n got: {text[:600]}")
        try:
            self.hold_pairs({"text": text, "data": {}}, want[1:])
        except Wrong as e:
            raise Wrong(f"{e}\n got: {text[:600]}") from None

    def post_raw(self, caller, pairs):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": {
            "io.modelcontextprotocol/protocolVersion": real.MODERN,
            "io.modelcontextprotocol/clientCapabilities": {}}}}).encode()
        headers = [("Host", f"127.0.0.1:{self.daemon.port}"), ("Content-Type", "application/json"),
                   ("Accept", "application/json"), ("MCP-Protocol-Version", real.MODERN),
                   ("Mcp-Method", "tools/list"), ("Content-Length", str(len(body)))]
        if caller:
            claims = {name[6:]: self.claim(value) for name, _, value in pairs
                      if name.startswith("claim.")}
            headers += [("X-Actor-Id", caller.actor),
                        ("X-Closegate-Assertion", caller.assertion("POST", "/mcp", body, claims))]
        for name, _, value in pairs:
            kind, _, field = name.partition(".")
            if kind == "header":
                headers = [(n, v) for n, v in headers if n.lower() != field.lower()]
            if kind in ("header", "twice") and value != "none":
                headers.append((field, value))
        return self.send(headers, body)

    def claim(self, value):
        """none leaves it out; +60 and -60 are seconds from now."""
        if value == "none":
            return None
        if re.fullmatch(r"[+-]\d+", value):
            return int(time.time()) + int(value)
        return self.value(value)

    def send(self, headers, body):
        head = "POST /mcp HTTP/1.1\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers)
        with socket.create_connection(("127.0.0.1", self.daemon.port), timeout=10) as s:
            s.sendall(head.encode("latin-1") + b"Connection: close\r\n\r\n" + body)
            answer = b""
            while chunk := s.recv(65536):
                answer += chunk
        status = answer.split(b" ", 2)[1].decode() if answer.startswith(b"HTTP/") else "none"
        return status, answer.decode("utf-8", "replace")

    def do_restart(self, _words, _):
        if self.up().stop() != 0:
            raise Wrong("the engine did not stop cleanly\n" + self.daemon.tail())
        self.again()

    def do_policy(self, words, _):
        self.up()
        path = os.path.join(self.book.data, "policy.yaml")
        old, new = (plain(w) for w in words)
        with open(path, encoding="utf-8") as f:
            text = f.read()
        if old not in text:
            raise Wrong(f"the policy does not say {old!r}")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new, 1))

    def do_kill(self, _words, _):
        self.up().kill()
        self.again()

    def again(self):
        for caller in self.callers.values():
            caller.hang_up()
        self.daemon.start()


def play(story, path):
    """Runs the lines; prints TAP; the number that failed."""
    n = failed = 0
    with open(path, encoding="utf-8") as f:
        lines = f.read().splitlines()
    for number, line in enumerate(lines, 1):
        said = re.split(r"(?:^|\s)#\s", line)[0].strip()
        if not said or said.startswith("#"):
            continue
        left, expected = (ARROW.split(said, 1) + [None])[:2]
        words = WORD.findall(left)
        verb = words.pop(0)
        action = getattr(story, "do_" + verb, None)
        try:
            if action is None:
                raise Wrong(f"no line begins with {verb!r}")
            if verb in ("as", "run", "read", "cli", "post") and not expected:
                raise Wrong("what is expected? write -> and the outcome")
            action(words, expected.strip() if expected else None)
        except (Wrong, real.Unreachable, KeyError, IndexError, ValueError) as e:
            failed += 1
            n += 1
            print(f"not ok {n} - line {number}: {said}")
            why = str(e) if isinstance(e, Wrong) else f"{type(e).__name__}: {e}"
            for part in why.splitlines():
                print(f"# {part}")
            if isinstance(e, real.Unreachable):
                print("".join(f"# {t}\n" for t in story.daemon.tail().splitlines()))
                break
            continue
        if verb in ("book", "setting", "policy"):
            continue
        n += 1
        print(f"ok {n} - line {number}: {said}", flush=True)
    if story.daemon is not None:
        clean, n = story.daemon.stop(), n + 1
        failed += clean != 0
        print(f"{'ok' if clean == 0 else 'not ok'} {n} - the engine stops cleanly")
        if clean != 0:
            print(f"# exit {clean}\n" + "".join(f"# {t}\n" for t in story.daemon.tail().splitlines()))
    print(f"1..{n}")
    return failed


def main():
    parser = argparse.ArgumentParser(description="Plays flows against a real engine.")
    parser.add_argument("--engine", help="the binary; default: the newest under build/")
    parser.add_argument("flow", nargs="+")
    options = parser.parse_args()
    failed = 0
    for path in options.flow:
        story = Story(real.find_engine(options.engine))
        try:
            failed += play(story, path)
        finally:
            story.close()
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
