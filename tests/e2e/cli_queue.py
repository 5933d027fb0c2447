#!/usr/bin/env python3
"""A queue that is longer than one screen, one page and one read: `recon` and `status` tell it, count
it whole and stay small. Prints TAP. Usage: cli_queue.py [--engine PATH]"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

ROWS = 1130  # more than recon reads of them
tap = Tap()
check = tap.check

SOURCE = """  - id: {side}
    entity: US
    account: "1010"
    side: {side}
    columns: {{id: id, date: date, memo: memo, amount: amount{contra}}}
    date_format: YYYY-MM-DD
    decimal: "."
    sign: as_is
    contra: {kind}
"""
MASTER = {
    "entities.csv": "id,name,functional_currency,zone,calendar,parent\n"
                    "US,Large Queue Inc.,USD,America/New_York,US_FED,\n",
    "accounts.csv": "entity,id,name,class,currency,reconciled\n"
                    "US,1010,Operating account,bank,USD,yes\nUS,2000,Payables,payables,USD,no\n",
    "counterparties.csv": "id,name,kind\n",
    "sources.yaml": "sources:\n" + SOURCE.format(side="bank", contra="", kind="none")
                    + SOURCE.format(side="gl", contra=", contra_account: contra", kind="account"),
}


def write(book, name, text):
    path = os.path.join(book.dir, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    return path


def loaded(book, rows):
    """A pair for each row, and too large for the engine to confirm alone."""
    for name, text in MASTER.items():
        folder = os.path.dirname(write(book, f"master/{name}", text))
    code, said = book.cli("init", "--master", folder)
    assert code == 0, said
    bank = ["id,date,memo,amount"]
    ledger = ["id,date,memo,amount,contra"]
    for i in range(rows):
        line = f"2026-03-{1 + i % 28:02d},Invoice {70000 + i},{12000 + i}.{i % 100:02d}"
        bank.append(f"b{i},{line}")
        ledger.append(f"g{i},{line},2000")
    for side, lines in (("bank", bank), ("gl", ledger)):
        code, said = book.cli("ingest", "--source", side,
                              write(book, f"{side}.csv", "\n".join(lines) + "\n"))
        assert code == 0, said


def story(book):
    loaded(book, ROWS)
    code, text = book.cli("recon")
    check("recon tells a queue that is longer than what it reads", code == 0, (code, text[-500:]))
    check("its length is the whole queue's", f"waiting for a human: {ROWS}\n" in text, text[:3000])
    check("what was not read is told under its reason, and the sum is right",
          f"and {ROWS - 1000} more, " in text and "\n  1000  " in text, text[:3000])
    check("nothing is said to wait for nobody", "not asked for yet" not in text, text[:3000])
    check("the match's own type is shown", " confirm_match " not in text, text[:3000])
    said = json.loads(book.cli("recon", "--json")[1])
    check("programs get the oldest of them, and how many there are",
          len(said["waiting"]) == 1000 and said["waiting_counts"]["total"] == ROWS,
          said["waiting_counts"])
    code, text = book.cli("status")
    check("status counts every one", code == 0 and f"waiting for a human: {ROWS}\n" in text, text)


def main():
    book = lib.Book(lib.given_engine())
    try:
        story(book)
    finally:
        book.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
