#!/usr/bin/env python3
"""Every shape of CSV, good and bad, into a real engine: each file is either refused whole with a
message that says where, or every one of its rows is loaded, a duplicate or quarantined with its
reason – counted by this script, not by the engine – and the loaded amounts add up. Prints TAP.
Usage: bad_csv.py [--engine PATH]"""
import base64
import json
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from bad_arguments import Admin, envelope, raw  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check

MASTER = {
    "entities_csv": "id,name,functional_currency,zone,calendar,parent\n"
                    "US,Sample Inc.,USD,America/New_York,US_FED,\n",
    "accounts_csv": "entity,id,name,class,currency,reconciled\nUS,1000,Operating,bank,USD,yes\n",
    "sources_yaml": "sources:\n" + "".join(
        f"""  - id: {name}
    entity: US
    account: "1000"
    side: bank
    file: {{{file}}}
    columns: {{{columns}}}
    date_format: {dates}
    decimal: "{decimal}"
    thousands: "{thousands}"
    parentheses_negative: {brackets}
    sign: as_is
    contra: none
""" for name, file, columns, dates, decimal, thousands, brackets in (
            ("plain", "encoding: utf-8", "id: Id, date: Date, amount: Amount, memo: Memo",
             "YYYY-MM-DD", ".", "", "false"),
            ("grouped", "encoding: utf-8", "id: Id, date: Date, amount: Amount, memo: Memo",
             "MM/DD/YYYY", ".", ",", "true"),
            ("euro", 'delimiter: ";"', "id: Id, date: Date, amount: Amount, memo: Memo",
             "DD.MM.YYYY", ",", ".", "false"),
            ("wide", "encoding: utf-16, delimiter: tab",
             "id: Id, date: Date, amount: Amount, memo: Memo", "YYYY-MM-DD", ".", "", "false"),
            ("western", "encoding: windows-1252",
             "id: Id, date: Date, amount: Amount, memo: Memo", "YYYY-MM-DD", ".", "", "false"),
            ("two", "encoding: utf-8", "id: Id, date: Date, debit: Out, credit: In, memo: Memo",
             "YYYY-MM-DD", ".", "", "false"),
        ))}


class Loader:
    def __init__(self, admin):
        self.admin, self.n = admin, 0

    def call(self, tool, **arguments):
        _, answer = self.admin.send(tool, envelope(tool, raw(arguments)))
        return lib.outcome(200, json.loads(answer))

    def load(self, source, content):
        """One file under a name of its own; `#` in ids becomes that number, so that nothing is a
        duplicate of another case."""
        self.n += 1
        mark = f"{self.n}-".encode()
        return self.call("ingest_file", source_id=source, name=f"case-{self.n}.csv",
                         content_base64=base64.b64encode(content.replace(b"#", mark)).decode())


HEAD = b"Id,Date,Amount,Memo\n"
ROW = b"#1,2026-03-02,10.00,first\n"


def rows(*lines, head=HEAD):
    return head + b"".join(line + b"\n" for line in lines)


# (what, source, bytes, rows, loaded minor units or None, quarantined, words the reasons must hold)
GOOD_AND_QUARANTINED = [
    ("a plain file", "plain", rows(b"#1,2026-03-02,10.00,a", b"#2,2026-03-03,-2.50,b"), 2, 750, 0, ()),
    ("no newline at the end", "plain", HEAD + b"#1,2026-03-02,10.00,a", 1, 1000, 0, ()),
    ("carriage returns", "plain", (HEAD + ROW + b"#2,2026-03-02,1,b\n").replace(b"\n", b"\r\n"), 2, 1100, 0, ()),
    ("old carriage returns alone", "plain", (HEAD + ROW).replace(b"\n", b"\r"), None, None, None, ()),
    ("a byte order mark", "plain", b"\xef\xbb\xbf" + HEAD + ROW, 1, 1000, 0, ()),
    ("blank lines between and behind", "plain", HEAD + b"\n" + ROW + b"\n\n", 1, 1000, 0, ()),
    ("quoted commas, quotes and line breaks", "plain",
     rows(b'#1,2026-03-02,10.00,"a, ""b""\nc"', b'"#2","2026-03-02","1.00",""'), 2, 1100, 0, ()),
    ("columns in another order", "plain", rows(b"x,10.00,#1,2026-03-02", head=b"Memo,Amount,Id,Date\n"), 1, 1000, 0, ()),
    ("a column nobody asked for", "plain", rows(b"#1,2026-03-02,10.00,a,z", head=b"Id,Date,Amount,Memo,More\n"), 1, 1000, 0, ()),
    ("a field too many", "plain", rows(b"#1,2026-03-02,10.00,a,z", b"#2,2026-03-02,1.00,b"), 2, 100, 1, ("row 1", "line 2")),
    ("a field too few", "plain", rows(b"#1,2026-03-02,10.00", b"#2,2026-03-02,1.00,b"), 2, 100, 1, ("row 1",)),
    ("a letter in an amount", "plain", rows(b"#1,2026-03-02,1O.00,a", b"#2,2026-03-02,1.00,b"), 2, 100, 1, ("Amount", "row 1")),
    ("an amount in scientific notation", "plain", rows(b"#1,2026-03-02,1e3,a"), 1, 0, 1, ("Amount",)),
    ("an amount of hexadecimal digits", "plain", rows(b"#1,2026-03-02,0x10,a"), 1, 0, 1, ("Amount",)),
    ("an amount NaN, an amount Infinity", "plain", rows(b"#1,2026-03-02,NaN,a", b"#2,2026-03-02,Infinity,a"), 2, 0, 2, ("Amount",)),
    ("an empty amount", "plain", rows(b"#1,2026-03-02,,a"), 1, 0, 1, ("Amount",)),
    ("three decimals of a currency with two", "plain", rows(b"#1,2026-03-02,1.005,a"), 1, 0, 1, ("Amount",)),
    ("an amount of 30 digits", "plain", rows(b"#1,2026-03-02,100000000000000000000000000000,a"), 1, 0, 1, ("Amount",)),
    ("the largest amount and one more", "plain", rows(b"#1,2026-03-02,92233720368547758.07,a", b"#2,2026-03-02,92233720368547758.08,a"), 2, None, None, ()),
    ("a decimal comma where points are declared", "plain", rows(b'#1,2026-03-02,"10,00",a'), 1, 0, 1, ("Amount",)),
    ("two minus signs", "plain", rows(b"#1,2026-03-02,--1.00,a"), 1, 0, 1, ("Amount",)),
    ("a plus sign", "plain", rows(b"#1,2026-03-02,+1.00,a"), None, None, None, ()),
    ("a currency sign", "plain", rows(b"#1,2026-03-02,$1.00,a"), 1, 0, 1, ("Amount",)),
    ("brackets where none are declared", "plain", rows(b"#1,2026-03-02,(1.00),a"), 1, 0, 1, ("Amount",)),
    ("a minus of typography", "plain", rows("#1,2026-03-02,−1.00,a".encode()), None, None, None, ()),
    ("a 31st of February", "plain", rows(b"#1,2026-02-31,1.00,a"), 1, 0, 1, ("Date", "row 1")),
    ("a date of another order", "plain", rows(b"#1,02/03/2026,1.00,a"), 1, 0, 1, ("Date",)),
    ("a date with a time", "plain", rows(b"#1,2026-03-02T10:00:00Z,1.00,a"), 1, 0, 1, ("Date",)),
    ("the year 0 and the year 99999", "plain", rows(b"#1,0000-03-02,1.00,a", b"#2,99999-03-02,1.00,a"), 2, 0, 2, ("Date",)),
    ("an empty date", "plain", rows(b"#1,,1.00,a"), 1, 0, 1, ("Date",)),
    ("an empty id", "plain", rows(b",2026-03-02,1.00,a"), 1, 0, 1, ("Id",)),
    ("an id of 300 bytes", "plain", rows(b"#" + b"i" * 300 + b",2026-03-02,1.00,a"), 1, 0, 1, ("Id",)),
    ("one id twice, the same content", "plain", rows(b"#1,2026-03-02,1.00,a", b"#1,2026-03-02,1.00,a"), 2, 100, None, ()),
    ("one id twice, another amount", "plain", rows(b"#1,2026-03-02,1.00,a", b"#1,2026-03-02,2.00,a"), 2, 100, 1, ("row 2",)),
    ("a NUL in a text", "plain", rows(b"#1,2026-03-02,1.00,a\0b", b"#2,2026-03-02,2.00,b"), None, None, None, ()),
    ("bytes that are no UTF-8 in a text", "plain", rows(b"#1,2026-03-02,1.00,\xff\xfe", b"#2,2026-03-02,2.00,b"), None, None, None, ()),
    ("control and bidirectional characters in a text", "plain", rows("#1,2026-03-02,1.00,a\x07\u202e\u200b".encode()), 1, 100, 0, ()),
    ("a formula in a text", "plain", rows(b"#1,2026-03-02,1.00,=1+1", b"#2,2026-03-02,1.00,@x"), 2, 200, 0, ()),
    ("a text of 70,000 bytes", "plain", rows(b"#1,2026-03-02,1.00," + b"t" * 70000, b"#2,2026-03-02,2.00,b"), None, None, None, ()),
    ("spaces around everything", "plain", rows(b" #1 , 2026-03-02 , 1.00 , a "), None, None, None, ()),
    ("5,000 rows, every tenth wrong", "plain",
     rows(*[b"#%d,2026-03-02,%s,m" % (i, b"x" if i % 10 == 0 else b"0.01") for i in range(5000)]), 5000, 4500, 500, ("row 1 ",)),
    ("thousands separators", "grouped", rows(b'#1,03/02/2026,"1,234.50",a', b'#2,03/02/2026,"(1,000.00)",b'), 2, 23450, 0, ()),
    ("separators in the wrong places", "grouped", rows(b'#1,03/02/2026,"1,23.50",a', b'#2,03/02/2026,"12,3456.00",b', b'#3,03/02/2026,",123.00",c'), 3, 0, 3, ("Amount",)),
    ("a bracket that is not closed", "grouped", rows(b"#1,03/02/2026,(1.00,a", b"#2,03/02/2026,1.00),b", b"#3,03/02/2026,(-1.00),c"), 3, 0, 3, ("Amount",)),
    ("semicolons and a decimal comma", "euro", rows(b"#1;02.03.2026;1.234,50;a", b"#2;02.03.2026;-0,01;b", head=b"Id;Date;Amount;Memo\n"), 2, 123449, 0, ()),
    ("a decimal point where commas are declared", "euro", rows(b"#1;02.03.2026;10.00;a", head=b"Id;Date;Amount;Memo\n"), 1, 0, 1, ("Amount",)),
    ("UTF-16, little endian", "wide", "Id\tDate\tAmount\tMemo\n#1\t2026-03-02\t1.00\tü😀\n".encode("utf-16"), None, None, None, ()),
    ("half a UTF-16 character", "wide", "Id\tDate\tAmount\tMemo\n".encode("utf-16") + b"\x31", 1, 0, 1, ("encoding",)),
    ("a quote that is never closed", "plain", HEAD + b'#9,2026-03-02,1.00,"never\n' + ROW * 3, 4, 1000, 1, ("never closed",)),
    ("windows-1252", "western", "Id,Date,Amount,Memo\n#1,2026-03-02,1.00,Müller – €\n".encode("cp1252"), 1, 100, 0, ()),
    ("a byte windows-1252 does not have", "western", b"Id,Date,Amount,Memo\n#1,2026-03-02,1.00,\x81\n#2,2026-03-02,2.00,b\n", None, None, None, ()),
    ("debit and credit", "two", rows(b"#1,2026-03-02,5.00,,a", b"#2,2026-03-02,,7.50,b", head=b"Id,Date,Out,In,Memo\n"), 2, 250, 0, ()),
    ("debit and credit in one row, and neither", "two", rows(b"#1,2026-03-02,5.00,1.00,a", b"#2,2026-03-02,,,b", head=b"Id,Date,Out,In,Memo\n"), 2, 0, 2, ("row 1",)),
    ("a negative debit whose meaning nobody declared", "two", rows(b"#1,2026-03-02,-5.00,,a", head=b"Id,Date,Out,In,Memo\n"), 1, 0, 1, ("Out",)),
]

# Files that do not fit their mapping at all: (what, source, bytes, word)
REFUSED = [
    ("nothing", "plain", b"", None),
    ("a blank line", "plain", b"\n", None),
    ("a header without Amount", "plain", rows(b"#1,2026-03-02,a", head=b"Id,Date,Memo\n"), "Amount"),
    ("a header in other letters", "plain", rows(b"#1,2026-03-02,1.00,a", head=b"id,date,amount,memo\n"), "Id"),
    ("a header with Amount twice", "plain", rows(b"#1,2026-03-02,1.00,2.00,a", head=b"Id,Date,Amount,Amount,Memo\n"), "Amount"),
    ("another delimiter", "plain", rows(b"#1;2026-03-02;1.00;a", head=b"Id;Date;Amount;Memo\n"), "Id"),
    ("a web page", "plain", b"<!doctype html><html><body>Sign in</body></html>", None),
    ("a spreadsheet", "plain", b"PK\x03\x04\x14\0\x06\0\x08\0", None),
    ("UTF-16 where UTF-8 is declared", "plain", "Id,Date,Amount,Memo\n1,2026-03-02,1.00,a\n".encode("utf-16"), None),
    ("UTF-8 where UTF-16 is declared", "wide", b"Id\tDate\tAmount\tMemo\n1\t2026-03-02\t1.00\ta\n", None),
    ("no such source", "nobody", HEAD + ROW, "nobody"),
]


def loaded_minor(book, mark):
    return book.rows("SELECT coalesce(sum(amount_minor), 0) AS s FROM entries WHERE entry_id LIKE ?",
                     f"%:{mark}-%")[0]["s"]


def accepted(book, loader, case):
    what, source, content, n, minor, quarantined, words = case
    before = book.rows("SELECT count(*) AS n FROM quarantine")[0]["n"]
    said = loader.load(source, content)
    if n is None and said["outcome"] == "error":  # this shape may be refused whole
        check(f"{what}: refused, and says why", len(said["text"]) > 20, said)
        return
    d = said["data"]
    if said["outcome"] != "ok":
        check(f"{what}: every row is accounted for", False, said)
        return
    after = book.rows("SELECT count(*) AS n FROM quarantine")[0]["n"]
    good = d["rows"] == d["loaded"] + d["duplicates"] + d["quarantined"] and d["rows"] > 0
    good = good and after - before == d["quarantined"]
    good = good and (n is None or d["rows"] == n)
    good = good and (quarantined is None or d["quarantined"] == quarantined)
    good = good and (minor is None or loaded_minor(book, loader.n) == minor)
    reasons = json.dumps(d.get("problems", []))
    good = good and all(w in reasons for w in words)
    check(f"{what}: every row is accounted for", good, (loaded_minor(book, loader.n), said["text"]))


def nothing_lost(book, loader):
    """All files together: the table of files, the rows behind it, and the events agree."""
    files = book.rows("SELECT sum(rows_n) AS r, sum(loaded_n) AS l, sum(duplicate_n) AS d,"
                      " sum(quarantined_n) AS q FROM files")[0]
    entries = book.rows("SELECT count(*) AS n FROM entries")[0]["n"]
    held = book.rows("SELECT count(*) AS n FROM quarantine")[0]["n"]
    check("rows = loaded + duplicates + quarantined, over all files",
          files["r"] == files["l"] + files["d"] + files["q"], dict(files))
    check("as many entries as were loaded, as many rows held as were quarantined",
          files["l"] == entries and files["q"] == held, (dict(files), entries, held))
    raw_kept = book.rows("SELECT count(*) AS n FROM quarantine WHERE length(raw) = 0")[0]["n"]
    check("every quarantined row keeps its bytes", raw_kept == 0, raw_kept)


def main():
    book = lib.Book(lib.given_engine(), starter="empty")
    with lib.serving(book) as engine:
        admin = Admin([os.path.join(f, n) for f, _, names in os.walk(book.data) for n in names
                       if n.endswith(".sock")][0])
        loader = Loader(admin)
        said = loader.call("load_master", **MASTER)
        check("the company loads", said["outcome"] == "ok", said)
        for case in GOOD_AND_QUARANTINED:
            accepted(book, loader, case)
        entries = book.rows("SELECT count(*) AS n FROM entries")[0]["n"]
        for what, source, content, word in REFUSED:
            said = loader.load(source, content)
            check(f"{what}: refused whole, and says why",
                  said["outcome"] == "error" and (word or "") in said["text"]
                  and len(said["text"]) > 20, said)
        check("what was refused left no row",
              entries == book.rows("SELECT count(*) AS n FROM entries")[0]["n"])
        nothing_lost(book, loader)
        check("the engine never died", engine.process.poll() is None)
        intact, said = lib.chain_is_intact(book)
        check("the book is intact", intact, said)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
