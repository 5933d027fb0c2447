"""The demo company against its truth.

    demo_truth.py DEMO_DIR [--pass DEMO_PASS | --engine CLOSEGATE_ENGINE]

First the files alone, read here a second time and independently: counts, sums, balances, journals,
people, names. Then what becomes of them: every match with its type, ruling, reason and clause, every
exception with its class, exactly. --pass asks the program demo_pass, which knows mappings, matcher
and gate but no book; --engine seeds a book of its own, runs a pass over it, and reads the book.
Exits 1 and says what differs.
"""
import argparse
import csv
import json
import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

RECONCILABLE = 153
# Reasons of the gate that a pass reaches by itself, and those that people and agents reach.
BY_PASS = {"ALLOWED", "POLICY_BLOCK", "ACCOUNT_FORCED_HUMAN", "MATERIALITY_OVER_THRESHOLD",
           "STRATEGY_REQUIRES_HUMAN", "AMBIGUOUS_MATCH", "CUMULATIVE_OVER_THRESHOLD",
           "AUTO_CONFIRM_CAP", "FX_RATE_MISSING", "FX_RATE_STALE"}
BY_PEOPLE = {"NOT_AUTHORISED", "CHANNEL_NOT_ALLOWED", "AUTH_TOO_OLD", "STATE_INVALID",
             "SOD_SAME_ACTOR", "MISSING_RATIONALE", "SOURCE_REQUIRES_HUMAN",
             "TIER_REQUIRES_HUMAN", "SECOND_APPROVER_REQUIRED"}
TYPES = {"hard_key", "exact", "reference", "amount_only", "late", "one_to_many", "many_to_one",
         "many_to_many", "tolerance_fee", "tolerance_book_net", "tolerance_transposition", "fuzzy",
         "reversal"}
CLASSES = {"TIMING", "MISSING_GL", "MISSING_BANK", "AMOUNT_BREAK", "FEE", "DUPLICATE", "REVERSAL",
           "UNIDENTIFIED_RECEIPT", "NSF_RETURN", "AMBIGUOUS", "ZERO_AMOUNT"}

complaints = []


def check(holds, what):
    if not holds:
        complaints.append(what)


def same(seen, wanted, what):
    check(seen == wanted, f"{what}: {seen!r}, the truth says {wanted!r}")


def table(path, delimiter=","):
    with path.open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f, delimiter=delimiter))


def comma(text):
    return Decimal(text.replace(".", "").replace(",", "."))


def thousands(text):
    return Decimal(text.replace(",", ""))


def brackets(text):
    return -thousands(text[1:-1]) if text.startswith("(") else thousands(text)


def two_columns(plus, minus):
    return thousands(plus or "0") - thousands(minus or "0")


class Files:
    """Entries by id: (entity, account, currency, side, amount); balances by source, oldest first."""

    def __init__(self, folder):
        self.folder = folder
        self.entries, self.balances, self.journals = {}, {}, defaultdict(Decimal)
        self.contra = set()
        self.bank("bank-us-operating", "acme-us", "1010", "USD", "Transaction ID",
                  lambda r: (Decimal(r["Amount"]), Decimal(r["Balance"])))
        self.bank("bank-us-card", "acme-us", "1030", "USD", "Sequence",
                  lambda r: (two_columns(r["Deposit"], r["Withdrawal"]),
                             thousands(r["Running balance"])))
        self.bank("bank-uk-current", "acme-uk", "1200", "GBP", "Posting",
                  lambda r: (comma(r["Value"]), comma(r["Balance after"])), ";", newest_first=True)
        for r in self.rows("processor-paygrid"):
            check(Decimal(r["gross"]) - Decimal(r["fee"]) == Decimal(r["net"]),
                  f"{r['id']}: gross less fee is not net")
            self.add("processor-paygrid", r["id"], "acme-us", "1090", "USD", "bank",
                     Decimal(r["net"]))
        for r in self.rows("gl-us"):
            amount = two_columns(r["Debit"], r["Credit"])
            self.journals[r["Journal"]] += amount
            self.contra.add(("acme-us", r["Account"]))
            self.add("gl-us", r["Line"], "acme-us", r["Account"], "USD", "gl", amount)
        for r in self.rows("gl-uk"):
            self.contra.add(("acme-uk", r["Contra"]))
            self.add("gl-uk", r["Entry"], "acme-uk", "1200", "GBP", "gl", brackets(r["Amount"]))

    def rows(self, source, delimiter=","):
        return table(self.folder / f"{source}.csv", delimiter)

    def add(self, source, row, *entry):
        key = f"{source}:{row}"
        check(key not in self.entries, f"{key} is there twice")
        self.entries[key] = entry

    def bank(self, source, entity, account, currency, column, read, delimiter=",",
             newest_first=False):
        rows = self.rows(source, delimiter)
        self.balances[source] = []
        for r in reversed(rows) if newest_first else rows:
            amount, balance = read(r)
            self.balances[source].append((amount, balance))
            self.add(source, r[column], entity, account, currency, "bank", amount)


def master_check(folder, files):
    accounts = table(folder / "accounts.csv")
    chart = {(a["entity"], a["id"]) for a in accounts}
    reconciled = {(a["entity"], a["id"]) for a in accounts if a["reconciled"] == "yes"}
    same(files.contra - chart, {("acme-uk", "7350")}, "contra accounts the charts do not have")
    known = {c["name"] for c in table(folder / "counterparties.csv")}
    named = {r["Name"] for r in files.rows("gl-us")} | {r["Party"] for r in files.rows("gl-uk")}
    named |= {r["customer"] for r in files.rows("processor-paygrid")}
    same(named - known - {""}, set(), "counterparties that are not in the master data")
    people = re.findall(r"^  - id: (\S+)$", (folder / "people.yaml").read_text(), re.MULTILINE)
    same(people, ["demo-user", "maria", "sam"], "people")
    return reconciled


def statements_check(files, totals):
    for s in totals["statements"]:
        lines = files.balances[s["source"]]
        balance = Decimal(s["opening"])
        for i, (amount, after) in enumerate(lines, 1):
            balance += amount
            check(balance == after, f"{s['source']} line {i}: balance {after}, not {balance}")
        same(str(balance), s["closing"], f"{s['source']}: closing balance")
    for journal, left in files.journals.items():
        one_sided = sum(r["Journal"] == journal for r in files.rows("gl-us")) == 1
        check(left == 0 or one_sided, f"journal {journal} is {left} out of balance")


def states_of(matches, exceptions):
    states = {}
    for m in matches:
        for entry in m["members"].split():
            check(entry not in states, f"{entry} stands in two cases")
            states[entry] = "confirmed" if m["ruling"] == "allow" else "waiting"
    for x in exceptions:
        check(x["entry"] not in states, f"{x['entry']} stands in two cases")
        states[x["entry"]] = "exception"
    return states


def totals_check(files, reconciled, states, totals):
    taking_part = {k: e for k, e in files.entries.items() if e[:2] in reconciled}
    same(len(taking_part), RECONCILABLE, "entries that take part")
    same(len(taking_part), totals["entries"], "entries that take part")
    same(len(files.entries), totals["rows_loaded"], "rows")
    same(set(taking_part) ^ set(states), set(), "entries that are not in exactly one case")
    seen = defaultdict(lambda: defaultdict(lambda: [0, Decimal("0.00")]))
    for key, (entity, account, currency, side, amount) in taking_part.items():
        for what in ("entries", states.get(key)):
            cell = seen[(entity, account, currency, side)][what]
            cell[0] += 1
            cell[1] += amount
    same(len(seen), len(totals["accounts"]), "accounts and sides")
    for a in totals["accounts"]:
        row = seen[(a["entity"], a["account"], a["currency"], a["side"])]
        for what in ("entries", "confirmed", "waiting", "exception"):
            n, amount = row[what]
            same((n, str(amount)), (a[what]["count"], a[what]["sum"]),
                 f"{a['entity']} {a['account']} {a['side']} {what}")
        parts = [a[w] for w in ("confirmed", "waiting", "exception")]
        same(sum(p["count"] for p in parts), a["entries"]["count"], "counts that add up")
        same(sum(Decimal(p["sum"]) for p in parts), Decimal(a["entries"]["sum"]),
             "sums that add up")


def coverage_check(folder, matches, exceptions, totals):
    acts = table(folder / "truth" / "acts.csv")
    cases = {m["case"] for m in matches} | {x["case"] for x in exceptions}
    same({m["reason"] for m in matches}, BY_PASS, "reasons that the pass reaches")
    same({a["reason"] for a in acts}, BY_PEOPLE, "reasons that people reach")
    same({a["case"] for a in acts} - cases, set(), "acts on cases that do not exist")
    same({m["type"] for m in matches}, TYPES, "match types")
    same({x["class"] for x in exceptions}, CLASSES, "exception classes")
    same(dict(Counter(m["reason"] for m in matches)), totals["reasons"], "matches per reason")
    same(dict(Counter(m["type"] for m in matches)), totals["types"], "matches per type")
    same(dict(Counter(x["class"] for x in exceptions)), totals["classes"], "exceptions per class")
    same(len(matches), totals["matches"], "matches")
    same(len(exceptions), totals["exceptions"], "exceptions")
    same(totals["confirmed"] + totals["waiting"], totals["matches"], "matches that add up")
    readme = (folder / "truth" / "README.md").read_text()
    same({c for c in cases if f"`{c}`" not in readme}, set(), "cases that README.md does not tell")


def program_lines(program):
    out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    found = defaultdict(list)
    for line in out.splitlines():
        kind, *fields = line.split("\t")
        found[kind].append(fields)
    return found


def program_entries_check(files, found):
    same(found["refused"], [], "rows that the mappings refuse")
    read = {f[1]: (f[2], f[3], f[6], f[4], Decimal(f[5])) for f in found["entry"]}
    same(sorted(set(read) ^ set(files.entries)), [], "rows that only one of the readers saw")
    for key in read.keys() & files.entries.keys():
        same(read[key], files.entries[key], key)


def matches_check(matches, found):
    """found: rows of (entity, account, type, ruling, reason, pointer, members)."""
    wanted = {tuple(sorted(m["members"].split())): m for m in matches}
    for entity, account, kind, ruling, reason, pointer, members in found:
        m = wanted.pop(tuple(sorted(members)), None)
        check(m is not None, f"an unexpected {kind} match of {' '.join(members)}")
        if m is not None:
            same((entity, account, kind, ruling, reason, pointer),
                 tuple(m[c] for c in ("entity", "account", "type", "ruling", "reason", "pointer")),
                 m["case"])
    for m in wanted.values():
        check(False, f"{m['case']}: {m['members']} were not matched")


def exceptions_check(exceptions, found):
    """found: pairs of (entry, class)."""
    same(sorted(found), sorted((x["entry"], x["class"]) for x in exceptions), "exceptions")


def program_check(program, files, matches, exceptions):
    found = program_lines(program)
    program_entries_check(files, found)
    matches_check(matches, [(*f[:5], f[6], f[8:]) for f in found["match"]])
    exceptions_check(exceptions, [(f[2], f[3]) for f in found["exception"]])


ASKED = """SELECT m.entity_id, m.account_id, m.match_type,
  json_extract(e.event, '$.decision'), json_extract(e.event, '$.reason'), json_extract(e.event, '$.clause_pointer'), m.legs
  FROM audit_events e JOIN matches m ON m.match_id = e.match_id
  WHERE e.actor_id = 'engine:auto-confirm' AND json_extract(e.event, '$.action') = 'CONFIRM'"""


def book_check(path, folder, matches, exceptions):
    book = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    asked = [(*row[:6], [leg["entry_id"] for leg in json.loads(row[6])])
             for row in book.execute(ASKED)]
    matches_check(matches, asked)
    exceptions_check(exceptions, book.execute("SELECT entry_id, class FROM exceptions").fetchall())
    for table, column in (("matches", "evidence"), ("matches", "legs"), ("exceptions", "detail")):
        for (text,) in book.execute(f"SELECT {column} FROM {table}"):
            plain = json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"),
                               ensure_ascii=False)
            same(text, plain, f"canonical {column} of {table}")
    same(book.execute("SELECT count(*) FROM quarantine").fetchone()[0], 0, "rows in quarantine")
    policy = (folder / "policy.yaml").read_text()
    for (text,) in book.execute("SELECT json_extract(event, '$.clause_text') FROM audit_events"
                                " WHERE json_extract(event, '$.reason') NOT IN ('', 'ALLOWED')"):
        check(text in policy, f"a clause that is not the policy's: {text}")
    for account, status in book.execute("SELECT account_id, status FROM statements"):
        same(status, "BALANCED", f"statement of {account}")
    book.close()


STATES = {"confirmed": "confirmed", "waiting": "proposed", "exception": "exception"}


def status_check(status, totals):
    """The totals that the command prints, of the reconciled accounts."""
    seen = {(e["entity_id"], a["account_id"], a["currency"], a["side"]): a
            for e in status["entities"] for a in e["entries"] if a["reconciled"]}
    for a in totals["accounts"]:
        row = seen.pop((a["entity"], a["account"], a["currency"], a["side"]))
        for ours, theirs in STATES.items():
            same(row[theirs], a[ours], f"{a['account']} {a['side']} {theirs}, as printed")
        same(row["unmatched"]["count"], 0, f"{a['account']} {a['side']} left open")
    same(sorted(seen), [], "accounts and sides that are printed and not in the truth")


def engine_check(engine, folder, matches, exceptions, totals):
    with tempfile.TemporaryDirectory() as data:
        own = {k: v for k, v in os.environ.items() if not k.startswith("CLOSEGATE_")}
        env = {**own, "CLOSEGATE_DATA_DIR": data, "CLOSEGATE_ENV": "dev",
               "CLOSEGATE_AUTH_BACKEND": "dev"}

        def run(*args):
            return subprocess.run([engine, *args], env=env, check=True, capture_output=True,
                                  text=True).stdout
        run("seed", "saas")
        said = json.loads(run("recon", "--json"))
        status_check(said["status"], totals)
        book_check(Path(data) / "recon.db", folder, matches, exceptions)


def main():
    parser = argparse.ArgumentParser(description="The demo company against its truth.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pass", dest="program")
    parser.add_argument("--engine")
    args = parser.parse_args()
    folder = args.folder
    totals = json.loads((folder / "truth" / "totals.json").read_text())
    matches = table(folder / "truth" / "matches.csv")
    exceptions = table(folder / "truth" / "exceptions.csv")
    files = Files(folder)
    reconciled = master_check(folder, files)
    statements_check(files, totals)
    totals_check(files, reconciled, states_of(matches, exceptions), totals)
    coverage_check(folder, matches, exceptions, totals)
    if args.program:
        program_check(args.program, files, matches, exceptions)
    if args.engine:
        engine_check(args.engine, folder, matches, exceptions, totals)
    for complaint in complaints:
        print(complaint)
    print(f"{RECONCILABLE} entries, {len(matches)} matches, {len(exceptions)} exceptions: "
          f"{len(complaints)} differences")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
