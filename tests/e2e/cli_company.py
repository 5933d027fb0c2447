#!/usr/bin/env python3
"""A controller's first day on the command line: a company of two entities with European files, a
currency the chart forgot, a mistyped balance, a policy that wants rates, wrong input of every kind.
Prints TAP. Usage: cli_company.py [--engine PATH]"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

WIDTH = 100
tap = Tap()
check = tap.check

MASTER = {
    "entities.csv": """id,name,functional_currency,zone,calendar,parent
DE,Muster GmbH,EUR,Europe/Berlin,TARGET,
AT,Muster Österreich GmbH,EUR,Europe/Vienna,TARGET,DE
""",
    "accounts.csv": """entity,id,name,class,currency,reconciled
DE,1200,Sparkasse,bank,EUR,yes
DE,1400,Forderungen,receivable,,no
AT,2800,Erste,bank,,yes
AT,2000,Forderungen,receivable,,no
""",
    "counterparties.csv": "id,name,kind\nK1,Müller & Söhne KG,customer\n",
    "sources.yaml": """sources:
  - id: de-bank
    entity: DE
    account: "1200"
    side: bank
    file: {encoding: windows-1252, delimiter: ";"}
    columns: {id: Nr, date: Tag, debit: Soll, credit: Haben, memo: Text, reference: Ref}
    date_format: DD.MM.YYYY
    decimal: ","
    thousands: "."
    sign: as_is
    contra: none
  - id: de-gl
    entity: DE
    account: "1200"
    side: gl
    file: {delimiter: ";"}
    columns: {id: Nr, date: Tag, debit: Soll, credit: Haben, memo: Text, reference: Ref,
              contra_account: Gegenkonto}
    date_format: DD.MM.YYYY
    decimal: ","
    thousands: "."
    sign: as_is
    contra: account
  - id: at-bank
    entity: AT
    account: "2800"
    side: bank
    file: {delimiter: ";"}
    columns: {id: Nr, date: Tag, amount: Betrag, memo: Text, reference: Ref}
    date_format: DD.MM.YYYY
    decimal: ","
    thousands: "."
    sign: as_is
    contra: none
""",
}
DE_BANK = """Nr;Tag;Soll;Haben;Text;Ref
B1;02.03.2026;;1.234,56;Müller & Söhne KG;RE-1001
B2;04.03.2026;;25.000,00;Großkunde;RE-1002
B3;05.03.2026;12,50;;Kontoführung;
B4;06.03.2026;1.23,45;;falsch;
B5;31.02.2026;1,00;;falsch;
"""
DE_GL = """Nr;Tag;Soll;Haben;Text;Ref;Gegenkonto
J1;02.03.2026;1.234,56;;Zahlung;RE-1001;1400
J2;04.03.2026;25.000,00;;Zahlung;RE-1002;1400
"""
AT_BANK = "Nr;Tag;Betrag;Text;Ref\n1;05.03.2026;10,00;Kunde A;R1\n"


class Company:
    def __init__(self, book):
        self.book = book

    def file(self, name, text, encoding="utf-8"):
        path = os.path.join(self.book.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding=encoding, newline="") as f:
            f.write(text)
        return path

    def master(self, **changed):
        for name, text in dict(MASTER, **changed).items():
            self.file(f"master/{name}", text)
        return os.path.join(self.book.dir, "master")

    def ask(self, sentence, exit_code, words, *parts):
        """Runs a command: its exit code, and what it must have said."""
        code, text = self.book.cli(*words)
        check(sentence, code == exit_code and all(p in text for p in parts), (code, text))
        return text

    def policy(self, old, new):
        path = os.path.join(self.book.data, "policy.yaml")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        assert old in text, old
        with open(path, "w", encoding="utf-8") as f:
            f.write(text.replace(old, new))


def usage(c):
    c.ask("a command that is not there is named", 64, ["recn"], 'no command "recn"', "recon")
    c.ask("help is a command, too", 0, ["help"], "commands:")
    c.ask("so is -h", 0, ["recon", "-h"], "usage: closegate-engine recon")
    c.ask("an option that is not there is named", 64, ["recon", "-x"], "no option -x")
    c.ask("no book says what to do", 1, ["recon"], "closegate-engine init")
    c.ask("arguments that are no JSON say where", 1, ["call", "query_audit", "{"], "JSON")
    c.ask("no engine says how to start one", 1, ["call", "query_audit"], "closegate-engine serve")


def loading(c):
    broken = MASTER["entities.csv"].replace("Europe/Berlin", "Europe/Berln")
    c.ask("a time zone that is not there is named with its line", 1,
          ["init", "--master", c.master(**{"entities.csv": broken})], "line 2", "Europe/Berln")
    check("and no book is left behind", not os.path.exists(os.path.join(c.book.data, "recon.db")))
    c.ask("init takes the company in", 0, ["init", "--master", c.master()],
          "Next: closegate-engine ingest --source")
    c.ask("European amounts and dates are read, and what is wrong is told by row and column", 2,
          ["ingest", "--source", "de-bank", c.file("b.csv", DE_BANK, "cp1252")],
          "5 rows = 3 loaded + 0 duplicates + 2 quarantined", "26222.06 EUR in 3",
          'column "Soll": "1.23,45"', '"31.02.2026" is not a date')
    c.ask("the ledger's side, too", 0, ["ingest", "--source", "de-gl", c.file("g.csv", DE_GL)],
          "2 rows = 2 loaded", "26234.56 EUR in 2")
    at_bank = c.file("at.csv", AT_BANK)
    c.ask("an unknown currency says where to add it", 1, ["ingest", "--source", "at-bank", at_bank],
          "`currency:`", "accounts.csv")
    mended = MASTER["accounts.csv"].replace("Erste,bank,,", "Erste,bank,EUR,")
    c.ask("the chart is mended", 0, ["ingest", "--master", c.master(**{"accounts.csv": mended})],
          "1 changed, 3 as they were")
    c.ask("a mistyped closing balance breaks the statement", 2,
          ["ingest", "--source", "at-bank", "--opening", "5.00", "--closing", "51.00", at_bank],
          "1 loaded", "BROKEN")
    c.ask("the same file alone still says so", 2, ["ingest", "--source", "at-bank", at_bank],
          "very file already", "BROKEN")
    c.ask("half a statement is refused, known file or not", 1,
          ["ingest", "--source", "at-bank", "--opening", "5.00", at_bank], "come together")
    c.ask("status tells which account is held up", 0, ["status"], "account 2800")
    c.ask("the right balance with the same file mends it", 0,
          ["ingest", "--source", "at-bank", "--opening", "5.00", "--closing", "15.00", at_bank],
          "BALANCED", "1 of them were there")
    code, text = c.book.cli("status")
    check("and the account is whole", code == 0 and "account 2800" not in text, text)


def reconciling(c):
    text = c.ask("without a rate nothing is confirmed, and it says where rates go", 0, ["recon"],
                 "confirmed by policy: 0", "2  FX_RATE_MISSING, /clauses/FX_RATE_MISSING",
                 "fx.rates")
    check("recon keeps to 100 columns", all(len(x) <= WIDTH for x in text.splitlines()), text)
    c.policy("fx: {max_staleness_days: 4}", """fx:
  max_staleness_days: 4
  rates:
    - {base: EUR, quote: USD, rate: "1.08", as_of: 2026-03-02, source: "by hand"}""")
    c.ask("the changed policy is valid and not yet in force", 0, ["policy", "validate"],
          "not in force", "1 rates")
    c.ask("under it the small one is confirmed and the large one waits for another reason", 0,
          ["recon"], "confirmed by policy: 1", "hard_key        1  1234.56  EUR",
          "1  MATERIALITY_OVER_THRESHOLD, /materiality_threshold_usd",
          '"Matches above USD 10,000 equivalent require confirmation',
          "MISSING_GL: the bank paid it, the ledger does not have it")
    c.ask("an actor that is none is told, not searched for", 1, ["audit", "query", "--actor", "bob"],
          "--actor", "<kind>:<name>")
    c.ask("two policies were loaded", 0, ["audit", "query", "--type", "POLICY_LOADED"],
          "engine:init", "engine:serve")
    status = json.loads(c.book.cli("recon", "--json")[1])
    check("as JSON it is one document with all its parts", set(status)
          == {"passes", "status", "waiting", "waiting_counts", "exceptions"}, status.keys())
    for entity in status["status"]["entities"]:
        for row in entity["entries"]:
            parts = ("unmatched", "proposed", "confirmed", "exception")
            loaded = c.book.rows("SELECT count(*) FROM entries WHERE entity_id = ? AND account_id"
                                 " = ? AND side = ?", entity["entity_id"], row["account_id"],
                                 row["side"])[0][0]
            check(f"every entry of {entity['entity_id']} {row['account_id']} {row['side']} stands "
                  "somewhere", sum(row[p]["count"] for p in parts) == loaded, row)
    c.ask("an account is found without its entity", 0, ["recon", "--account", "2800"], "AT")
    c.ask("or it is said that there is none", 1, ["recon", "--account", "99"], '"99"')
    c.policy("materiality_threshold_usd: 10000", "materiality_threshold_usd: ten")
    c.ask("a mistake in the policy is told with file, line and pointer", 1, ["recon"],
          "policy.yaml:", "/materiality_threshold_usd")
    c.policy("materiality_threshold_usd: ten", "materiality_threshold_usd: 10000")


def running(c):
    daemon = lib.Engine(c.book)
    daemon.start()
    try:
        c.ask("through the engine a failure reads the same", 1, ["recon", "--entity", "nope"],
              'there is no entity "nope"')
        code, text = c.book.cli("recon", "--entity", "nope")
        check("and never as JSON", "{" not in text, text)
        c.ask("a second engine is refused", 1, ["serve"], "another process holds this book")
        c.ask("files are loaded through the engine", 0,
              ["ingest", "--source", "de-gl", c.file("g.csv", DE_GL)], "very file already")
    finally:
        daemon.stop()
    c.ask("the log is intact after all this", 0, ["audit", "verify", "--book"], "intact")


def main():
    book = lib.Book(lib.given_engine())
    try:
        company = Company(book)
        for part in (usage, loading, reconciling, running):
            part(company)
    finally:
        book.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
