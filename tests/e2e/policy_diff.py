#!/usr/bin/env python3
"""`policy diff` on the demo company: a threshold is edited, and exactly the decisions that change are
named, with their money; the terminal, the JSON and the CSV say the same; what cannot be known is counted
apart. And `policy explain` on what waits says what would change it. Prints TAP.
Usage: policy_diff.py [--engine PATH]"""
import csv
import io
import json
import os
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
THRESHOLD = "materiality_threshold_usd: 10000"


class Company:
    def __init__(self, book):
        self.book = book
        self.policy = os.path.join(book.data, "policy.yaml")

    def run(self, *words):
        """(exit, stdout, stderr)"""
        done = subprocess.run([self.book.engine, *words], env=self.book.env, cwd=lib.ROOT, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def diff(self, *words):
        return self.run("policy", "diff", *words)

    def variant(self, name, *changes):
        """The policy in force with changes, as a file."""
        with open(self.policy, encoding="utf-8") as policy:
            text = policy.read()
        for find, put in changes:
            if text.count(find) != 1:
                raise SystemExit(f"the policy does not say {find} once")
            text = text.replace(find, put)
        path = os.path.join(self.book.dir, name)
        with open(path, "w", encoding="utf-8") as to:
            to.write(text)
        return path

    def decisions(self):
        rows = self.book.rows("SELECT event FROM audit_events ORDER BY seq")
        events = [json.loads(row["event"]) for row in rows]
        return [event for event in events if "gate_input" in event]


def usd(event):
    """What the decision was worth in dollars, as it was recorded; None when that was not known."""
    for value in event["gate_input"]["values"]:
        if value["currency"] == "USD" and value["status"] == "known":
            return Decimal(value["value"])
    return None


def lowered(company):
    """Half the threshold: every confirmation by the engine between the two goes to a person."""
    stricter = company.variant("stricter.yaml", (THRESHOLD, "materiality_threshold_usd: 5000"))
    between = [e for e in company.decisions() if e["decision"] == "allow" and e["action"] == "CONFIRM" and
               e["actor_id"] == "engine:auto-confirm" and usd(e) is not None and 5000 < usd(e) <= 10000]
    check("the demo company has such confirmations", len(between) >= 3, len(between))
    code, out, err = company.diff("in-force", stricter, "--json")
    told = json.loads(out)
    stopped = [row for row in told["changes"] if row["from"]["ruling"] == "allow"]
    check("something changes: exit 2", code == 2, code)
    check("exactly those that were allowed go to a person",
          [row["seq"] for row in stopped] == [e["seq"] for e in between], stopped)
    check("each with its clause, money, entity, actor and object", all(
        row["to"]["ruling"] == "human" and row["to"]["pointer"] == "/materiality_threshold_usd" and
        row["to"]["clause"] and row["amount"] and row["currency"] and row["entities"] and
        row["actor"] == "engine:auto-confirm" and row["object_id"].startswith("mat_") for row in stopped),
          stopped)
    total = [t for t in told["totals"] if (t["from"], t["to"]) == ("allow", "human")][0]
    money = Counter()
    for event in between:
        amount = event["gate_input"]["amount"]
        money[amount["currency"]] += Decimal(amount["amount"])
    check("and the total is theirs, by currency", total["decisions"] == len(between) and
          {m["currency"]: Decimal(m["amount"]) for m in total["money"]} == dict(money), total)
    check("every decision was looked at", told["decisions"] == len(company.decisions()) and
          told["not_known"] == 0, [told["decisions"], told["not_known"]])
    examples = told["space"]["examples"]
    check("a smallest point of the input space is a case", any(
        e["given"] == {"action": "CONFIRM", "amount": "5000.01 USD"} and
        e["was"]["ruling"] == "allow" and e["expect"]["ruling"] == "human" for e in examples), examples)
    return stricter, told


def formats(company, stricter, told):
    code, out, _ = company.diff("in-force", stricter)
    check("the terminal tells the same totals", code == 2 and all(
        f"{t['from']} -> {t['to']}" in out for t in told["totals"]) and
          f"of {told['decisions']} decisions in {told['events']} events, "
          f"{told['decisions_changed']} change" in out, out)
    code, out, err = company.diff("in-force", stricter, "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(out, newline="")))
    check("the CSV has a line for each change", code == 2 and
          [(int(r["seq"]), r["from_ruling"], r["to_reason"], r["amount"]) for r in rows] ==
          [(c["seq"], c["from"]["ruling"], c["to"]["reason"], c.get("amount", ""))
           for c in told["changes"]], out)
    check("and the counts stand beside it", f"{told['decisions_changed']} of" in err, err)
    path = os.path.join(company.book.dir, "changes.csv")
    code, out, err = company.diff("in-force", stricter, "--format", "csv", "--out", path)
    with open(path, encoding="utf-8", newline="") as written:
        check("--out writes the same file", code == 2 and list(csv.DictReader(written)) == rows, err)
    code, _, err = company.diff("in-force", stricter, "--format", "csv", "--out", path)
    check("and replaces none", code == 1 and "exists" in err, err)
    last = told["changes"][-1]["seq"]
    _, out, _ = company.diff("in-force", stricter, "--json", "--since", str(last))
    check("--since takes an event's number", [c["seq"] for c in json.loads(out)["changes"]] == [last], out)
    _, out, _ = company.diff("in-force", stricter, "--json", "--since", "2999-01-01")
    check("or a day", json.loads(out)["changes"] == [] and json.loads(out)["decisions"] == 0, out)


def same(company):
    code, out, err = company.diff("in-force", company.policy)
    check("a policy does not differ from itself: exit 0", code == 0 and " 0 change" in out, out + err)
    other = company.variant("words.yaml", (
        "UNLISTED: Anything this policy does not provide for is refused.",
        "UNLISTED: What this policy does not provide for is refused."))
    code, out, err = company.diff("in-force", other)
    check("other words are no other decision", code == 0, out + err)


def not_known(company):
    """A limit in a currency nobody recorded, and a window nobody kept."""
    euro = company.variant("euro.yaml", ("blocked:\n", "blocked:\n  - id: euro\n    over: \"90000000 EUR\"\n"
                                         "    action: CONFIRM\n    clause: This is too big for us.\n"))
    code, out, err = company.diff("in-force", euro, "--json")
    told = json.loads(out)
    money = [e for e in company.decisions() if e["action"] == "CONFIRM" and e["gate_input"].get("amount")]
    check("without a rate of its own it is not known, and not guessed",
          told["decisions_changed"] == 0 and told["not_known"] == len(money), told["not_known"])
    rated = company.variant("rated.yaml", (
        "blocked:\n", "blocked:\n  - id: euro\n    over: \"9000 EUR\"\n    action: CONFIRM\n"
        "    clause: This is too big for us.\n"),
        ("  rates:\n", "  rates:\n    - {base: USD, quote: EUR, rate: \"1\", as_of: 2020-01-01, source: a test}\n"))
    _, out, _ = company.diff("in-force", rated, "--json")
    told = json.loads(out)
    check("an old rate of its own is a stale one, over every limit", any(
        c["to"]["reason"] == "POLICY_BLOCK" for c in told["changes"]), told["totals"])
    code, _, err = company.diff("in-force", "deadbeef")
    check("a digest that the book has not is told", code == 1 and "no policy of this version" in err, err)
    code, _, err = company.diff("in-force", os.path.join(company.book.dir, "none.yaml"))
    check("and a file that is not there", code == 1 and "none.yaml" in err, err)
    code, _, err = company.diff("in-force", company.variant("bad.yaml", (THRESHOLD, "materiality: 1")))
    check("and a mistake, with its place", code == 1 and re.search(r"bad\.yaml:\d+:\d+: /", err), err)


def digests(company, stricter):
    """Both were in force, one after the other."""
    before = company.book.rows("SELECT digest FROM policies ORDER BY seq")[0]["digest"]
    with open(stricter, encoding="utf-8") as text, open(company.policy, "w", encoding="utf-8") as policy:
        policy.write(text.read())
    company.run("recon")
    now = [r["digest"] for r in company.book.rows("SELECT digest FROM policies ORDER BY seq")]
    check("the edited file is in force", len(now) == 2, now)
    code, out, _ = company.diff(before[:12], now[1], "--json")
    told = json.loads(out)
    check("digests name the policies the book keeps", code == 2 and
          told["old"]["policy_version"] == before and told["new"]["policy_version"] == now[1], out[:300])
    check("asks of both are decided under both", told["decisions"] == len(company.decisions()) and
          told["not_known"] == 0, told["not_known"])


def explained(company):
    """What waits for a person: what would make it another verdict."""
    waiting = [e for e in company.decisions() if e["decision"] == "human" and
               e["reason"] == "MATERIALITY_OVER_THRESHOLD" and e["match_id"] and usd(e) < 250000]
    check("something waits for its amount", waiting)
    match = waiting[-1]["match_id"]
    code, out, err = company.run("policy", "explain", "--match", match, "--json")
    told = json.loads(out)
    ways = told["otherwise"]
    check("the engine is told that a person may", code == 0 and ways[0]["by"] == "others" and
          ways[0]["words"].startswith("by a person, for instance a controller") and
          ways[0]["ruling"] == "allow", ways)
    check("and up to what it might itself", any(re.match(r"up to \d+\.\d\d [A-Z]{3}$", w["words"]) and
                                                w["by"] == "nobody" for w in ways), ways)
    code, out, err = company.run("policy", "explain", "--match", match, "--as", "human:maria",
                                 "--channel", "cli")
    check("a person is told what they can do", "otherwise" in out and "through the web" in out, out[-600:])


def main():
    book = lib.Book(lib.given_engine())
    try:
        book.make()
        company = Company(book)
        code, out, err = company.run("recon")
        check("the demo company is reconciled", code in (0, 2), out + err)
        stricter, told = lowered(company)
        formats(company, stricter, told)
        same(company)
        not_known(company)
        explained(company)
        digests(company, stricter)
    finally:
        book.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
