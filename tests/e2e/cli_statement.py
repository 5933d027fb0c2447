#!/usr/bin/env python3
"""The demo company's month end: every account's bank reconciliation statement explains all of its
difference and lists exactly the entries that no confirmed match holds; what the terminal, the JSON and
the CSV say is the same. Prints TAP. Usage: cli_statement.py [--engine PATH]"""
import csv
import io
import json
import os
import sys
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

DAY = "2026-03-31"
ACCOUNTS = [("acme-us", "1010", True), ("acme-us", "1030", False), ("acme-us", "1090", False),
            ("acme-uk", "1200", False)]
tap = Tap()
check = tap.check


def statement(book, entity, account, *words):
    return book.cli("statement", "--entity", entity, "--account", account, "--date", DAY, *words)


def open_entries(book, entity, account):
    """The entries of the account that no confirmed match holds: asked of the book itself."""
    rows = book.rows(
        "SELECT e.entry_id FROM entries e LEFT JOIN live_legs l ON l.entry_id = e.entry_id"
        " LEFT JOIN match_states s ON s.match_id = l.match_id WHERE e.entity_id = ? AND"
        " e.account_id = ? AND s.state IS NOT 'CONFIRMED'", entity, account)
    return {row[0] for row in rows}


def adds_up(drawn):
    """Both adjusted balances, reckoned again from the items."""
    effects = {"bank": Decimal(0), "books": Decimal(0)}
    adjusts = {s["section"]: s["adjusts"] for s in drawn["sections"]}
    for item in drawn["items"]:
        effects[adjusts[item["section"]]] += Decimal(item["effect"])
    for side in effects:
        told = Decimal(drawn[side].get("balance", drawn[side].get("movement")))
        if told + effects[side] != Decimal(drawn[side]["adjusted"]):
            return False
    return drawn["bank"]["adjusted"] == drawn["books"]["adjusted"]


def account(book, entity, account_id, reconciled):
    name = f"{entity} {account_id}"
    code, out = statement(book, entity, account_id, "--json")
    drawn = json.loads(out)
    listed = [i["entry_id"] for i in drawn["items"] if "entry_id" in i]
    check(f"{name}: both adjusted balances follow from the items and are the same", adds_up(drawn), out)
    check(f"{name}: nothing is unexplained, or no balance is known",
          drawn.get("unexplained", "0.00") == "0.00" and drawn["unlisted"] == "0.00", out)
    check(f"{name}: exactly what no confirmed match holds is listed, once",
          len(listed) == len(set(listed)) and set(listed) == open_entries(book, entity, account_id),
          sorted(set(listed) ^ open_entries(book, entity, account_id)))
    check(f"{name}: the exit says whether it is reconciled",
          drawn["reconciled"] == reconciled and code == (0 if reconciled else 2), code)
    check(f"{name}: what keeps it from being reconciled is said",
          bool(drawn["why_not"]) != reconciled, drawn["why_not"])
    spreadsheet(book, entity, account_id, drawn)
    code, text = statement(book, entity, account_id)
    check(f"{name}: the terminal says \"Reconciled\" only when it is",
          ("\nReconciled" in text) == reconciled and ("NOT reconciled" in text) != reconciled, text)


def spreadsheet(book, entity, account_id, drawn):
    _, out = statement(book, entity, account_id, "--csv")
    rows = list(csv.DictReader(io.StringIO(out)))
    items = [r for r in rows if r["effect"] and (r["entry_id"] or r["match_id"])]
    check(f"{entity} {account_id}: the CSV has the same items and amounts",
          sorted((r["line"], r["entry_id"], r["amount"]) for r in items) ==
          sorted((i["section"], i.get("entry_id", ""), i["amount"]) for i in drawn["items"]), out)


def misuse(book):
    code, said = book.cli("statement", "--entity", "acme-us", "--account", "1010")
    check("without a day the usage is told, exit 64", code == 64, said)
    code, said = book.cli("statement", "--entity", "acme-us", "--account", "9999", "--date", DAY)
    check("an account that is not there is an error that names it, exit 1",
          code == 1 and "9999" in said, said)
    code, said = book.cli("statement", "--entity", "acme-us", "--account", "1010", "--date",
                          "31.03.2026")
    check("a day in another spelling is refused, exit 1", code == 1, said)


def main():
    book = lib.Book(lib.given_engine())
    try:
        book.make()
        book.cli("recon", check=True)
        for entity, account_id, reconciled in ACCOUNTS:
            account(book, entity, account_id, reconciled)
        misuse(book)
    finally:
        book.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
