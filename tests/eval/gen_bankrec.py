#!/usr/bin/env python3
"""Writes a labelled bank reconciliation problem: a month of bank lines and ledger entries of one
account, and the truth about which belong together. Used by the `eval` tests; any seed gives another
company. Difficulty sets how often texts are cut, coded or misspelt, how late banks are, and how many
payments share an amount.

  gen_bankrec.py --seed 7 --difficulty hard --lines 1000 > set.json
"""
import argparse
import datetime
import json
import random

FIRST = """Alder Anchor Arbor Aspen Aurora Badger Baltic Beacon Birch Boulder Bramble Bridge Canyon
Caribou Cedar Cinder Cobble Comet Copper Coral Dawn Delta Dover Driftwood Dune Ember Fable Fern Fjord
Flint Forge Garnet Glacier Harvest Hazel Heron Hollow Iris Jasper Juniper Kestrel Lantern Larch Linden
Lotus Lunar Maple Marble Meadow Mercer Mesa Nimbus Nordic Onyx Opal Orchard Otter Palisade Pebble
Pioneer Plover Prairie Quarry Raven Reef Rowan Russet Saffron Sable Sierra Slate Solstice Spruce
Summerfield Tamarack Tern Thistle Timber Tundra Umber Vale Verdant Walnut Willow Windward Wren Yarrow
Zephyr""".split()
SECOND = """Advisory Aerospace Agency Apparel Architects Automation Bakery Biotech Brewing Builders
Catering Ceramics Chemicals Components Construction Couriers Dairy Data Design Education Electric
Energy Fabrication Foods Freight Furniture Games Glass Health Hydraulics Imaging Insurance Interiors
Labs Landscaping Laundry Learning Legal Lighting Machinery Marine Media Metals Mobility Motors Optics
Outfitters Packaging Paper Pharma Plastics Power Precision Printing Properties Publishing Rail Recycling
Rentals Research Robotics Roofing Safety Security Software Staffing Studios Surfaces Telecom Textiles
Tools Trading Transport Travel Water Welding Wireless""".split()
LEGAL = ["Inc", "LLC", "Ltd", "Corp", "Co", "LP", "GmbH", "LLP"]
PEOPLE = """Abbott Bennett Castillo Dawson Ellis Fletcher Gibson Holloway Ibarra Jennings Keller Lawson
Mercado Norris Okafor Pritchard Quinn Ramsey Schultz Tanaka Underwood Vance Whitaker Yates""".split()
PRACTICES = ["{} & Sons", "{} Brothers Inc", "{} Sons LLC", "The {} Practice", "{} & Daughters LLP",
             "J. {} Advisory Partners", "{} Advisory Co"]
SUBJECT = {
    "sale": ["Subscription renewal", "Project milestone", "Goods delivered", "Retainer received"],
    "cost": ["Monthly services", "Site works", "Repairs", "Licence fees", "Printing", "Courier runs"],
    "pay": ["Net wages", "Salary run"],
    "trip": ["Customer visit", "Trade fair travel"],
    "tool": ["Hosted software", "Developer seats"],
}
CODED = {
    "pay": ["WAGES4U BATCH {n}", "PAYRUN *{c}"],
    "trip": ["JETBLU {n}", "RIDEZ *{c} HELP", "INN AND SUITES {n}"],
    "tool": ["CLDHST* {c}", "DEVSEATZ.IO {n}", "APPSTORZ {c}"],
    "cost": ["MKTPLC* {c}", "QUIKSHP {n} {c}"],
    "sale": [],
}
LEVEL = {  # rates; per event unless said otherwise
    "easy": dict(plain=.76, batch=.02, void=.01, fixup=.01, bounce=.01, off=.01, twin=.01, bank=.02,
                 book=.02, net=.01, split=.0, keyed=.01, coded=.08, cut=.10, typo=.0, late=.15,
                 pairs=.06, names=.01, weekly=.0, prior=.02, items=2),
    "medium": dict(plain=.66, batch=.03, void=.02, fixup=.02, bounce=.02, off=.02, twin=.02, bank=.02,
                   book=.02, net=.02, split=.01, keyed=.01, coded=.15, cut=.20, typo=.05, late=.25,
                   pairs=.15, names=.04, weekly=.08, prior=.03, items=3),
    "hard": dict(plain=.42, batch=.06, void=.04, fixup=.04, bounce=.03, off=.03, twin=.04, bank=.04,
                 book=.04, net=.04, split=.02, keyed=.02, coded=.25, cut=.30, typo=.15, late=.40,
                 pairs=.22, names=.08, weekly=.12, prior=.05, items=5),
}
BANK_OWN = [("ACCOUNT SERVICE FEE", -60, -12), ("WIRE FEE", -45, -15), ("CREDIT INTEREST", 2, 70),
            ("CARD SCHEME CHARGES", -80, -20), ("OVERDRAFT INTEREST", -90, -5)]


class Company:
    def __init__(self, seed, level, lines):
        self.r = random.Random(seed)
        self.p = LEVEL[level]
        self.lines = lines
        year, month = self.r.choice([2023, 2024, 2025]), self.r.randint(2, 11)
        self.first = datetime.date(year, month, 1)
        self.last = datetime.date(year, month + 1, 1) - datetime.timedelta(days=1)
        self.cheque = self.r.randint(1200, 88000)
        self.doc = self.r.randint(300, 60000)
        self.names, self.amounts = set(), set()
        self.bank, self.book = [], []
        self.truth = dict(matches_1to1=[], matches_many_to_one=[], matches_one_to_many=[],
                          matches_amount_mismatch=[], offsetting_gl_pairs=[], unmatched_bank=[],
                          unmatched_gl=[])

    # -- small things -----------------------------------------------------------------------------
    def day(self):
        return self.first + datetime.timedelta(days=self.r.randrange((self.last - self.first).days + 1))

    def later(self, day, lo, hi):
        day += datetime.timedelta(days=self.r.randint(lo, hi))
        while day.weekday() > 4:
            day += datetime.timedelta(days=1)
        return min(max(day, self.first), self.last)

    def number(self):
        self.doc += self.r.randint(1, 4)
        return self.doc

    def name(self):
        for _ in range(400):
            name = " ".join((self.r.choice(FIRST), self.r.choice(SECOND), self.r.choice(LEGAL)))
            if name not in self.names:
                break
        else:
            name = "Holding %d %s Ltd" % (len(self.names), self.r.choice(SECOND))
        self.names.add(name)
        return name

    def cents(self, lo, hi):
        while True:
            cents = int(lo * (hi / lo) ** self.r.random() * 100)
            style = self.r.random()
            if style < .2:
                cents -= cents % (10000 if cents >= 100000 else 1000)
            elif style < .4:
                cents -= cents % 100 - self.r.choice([50, 99])
            if cents > 0 and cents not in self.amounts:
                self.amounts.add(cents)
                return cents

    def kind(self):
        return self.r.choices(["sale", "cost", "pay", "trip", "tool"], [35, 45, 4, 9, 7])[0]

    def amount(self, kind):
        lo, hi = {"sale": (900, 250000), "cost": (60, 60000), "pay": (20000, 200000),
                  "trip": (90, 9000), "tool": (40, 9000)}[kind]
        return self.cents(lo, hi) * (1 if kind == "sale" else -1)

    # -- texts ------------------------------------------------------------------------------------
    def slip(self, name):
        if self.r.random() >= self.p["typo"]:
            return name
        at = self.r.randrange(len(name) - 1)
        if self.r.random() < .5:
            return name[:at] + name[at + 1:]
        return name[:at] + name[at + 1] + name[at] + name[at + 2:]

    def bank_text(self, name, kind, amount):
        draw = self.r.random
        if draw() < self.p["coded"] and CODED[kind]:
            code = "".join(self.r.choices("BCDFGHJKLMNPQRSTVWXZ23456789", k=7))
            return self.r.choice(CODED[kind]).format(n=self.r.randint(10**5, 10**7), c=code)
        short = name.upper()[:25].rstrip()
        if draw() < self.p["cut"]:
            short = short[:self.r.randint(12, 20)].rstrip()
            if draw() < .3:
                short = short.replace(" ", "")
        how = ["ACH CREDIT", "INCOMING PAYMENT"] if amount > 0 else \
            ["ACH DEBIT", "POS DEBIT", "E-PAYMENT", "AUTO-PAY", "BILLPAY"]
        return self.r.choice(how) + " " + short

    def book_text(self, name, kind):
        return "%s - %s, INV-%d, %s" % (self.slip(name), self.r.choice(SUBJECT[kind]), self.number(),
                                        self.first.strftime("%B %Y"))

    def ref(self, amount):
        return ("RC-%d" if amount > 0 else "PV-%d") % self.number()

    def to_bank(self, day, text, amount):
        row = dict(id=None, date=day, description=text, amount=amount)
        self.bank.append(row)
        return row

    def to_book(self, day, text, amount, ref, entry_type="normal", key=None):
        row = dict(id=None, date=day, description=text, amount=amount, ref=ref, entry_type=entry_type)
        if key is not None:
            row["key"] = key
        self.book.append(row)
        return row

    def same(self, bank, book):
        self.truth["matches_1to1"].append(dict(bank_id=bank, gl_id=book))

    # -- events -----------------------------------------------------------------------------------
    def plain(self, name=None, kind=None, amount=None, day=None, bank_day=None):
        kind = kind or self.kind()
        name = name or self.name()
        amount = amount or self.amount(kind)
        day = day or self.day()
        if bank_day is None:
            slow = amount < 0 and self.r.random() < .3
            span = (0, 1) if self.r.random() >= self.p["late"] else (3, 14) if slow else (1, 4)
            bank_day = self.later(day, *span)
        bank = self.to_bank(bank_day, self.bank_text(name, kind, amount), amount)
        book = self.to_book(day, self.book_text(name, kind), amount, self.ref(amount))
        self.same(bank, book)

    def batch(self):
        kind = self.r.choice(["sale", "cost"])
        name, base = self.name(), self.day()
        books = [self.to_book(self.later(base, -5, 0), self.book_text(name, kind), a, self.ref(a))
                 for a in (self.amount(kind) for _ in range(self.r.randint(2, self.p["items"])))]
        total = sum(b["amount"] for b in books)
        text = ("ACH CREDIT " if total > 0 else "E-PAYMENT ") + name.upper()[:self.r.randint(16, 25)]
        bank = self.to_bank(self.later(base, 0, 2), text, total)
        self.truth["matches_many_to_one"].append(dict(bank_id=bank, gl_ids=books))

    def split(self):
        """One entry, paid in instalments."""
        name, base = self.name(), self.day()
        parts = [self.amount("cost") for _ in range(self.r.randint(2, 3))]
        banks = [self.to_bank(self.later(base, 0, 4), "ACH DEBIT " + name.upper()[:25].rstrip(), a)
                 for a in parts]
        book = self.to_book(base, self.book_text(name, "cost"), sum(parts), self.ref(-1))
        self.truth["matches_one_to_many"].append(dict(bank_ids=banks, gl_id=book))

    def keyed(self):
        """A processor's payout: sales, a refund and fees under one id."""
        day, key = self.day(), "po_%08x" % self.r.getrandbits(32)
        rows = [self.cents(50, 4000) for _ in range(self.r.randint(3, 12))]
        rows.append(-min(rows) // 2)
        rows.append(-sum(rows) * 29 // 1000)
        books = [self.to_book(self.later(day, -3, 0), "Card sale" if a > 0 else "Refund or fee", a,
                              "CS-%d" % self.number(), key=key) for a in rows]
        bank = self.to_bank(self.later(day, 1, 3), "CARDPROC PAYOUT", sum(rows))
        bank["key"] = key
        self.truth["matches_many_to_one"].append(dict(bank_id=bank, gl_ids=books))

    def void(self, reissued):
        name, amount, day = self.name(), self.amount("cost"), self.day()
        self.cheque += 1
        first = self.cheque
        a = self.to_book(day, "%s - %s, INV-%d" % (name, self.r.choice(SUBJECT["cost"]), self.number()),
                         amount, "CHK-%d" % first)
        day = self.later(day, 2, 7)
        text = "VOID - Check #%d to %s (wrong payee)" % (first, name) if reissued else \
            "VOID - Payment to %s (stopped)" % name
        b = self.to_book(day, text, -amount, "CHK-%d-V" % first, "void")
        self.truth["offsetting_gl_pairs"].append(dict(gl_ids=[a, b]))
        if not reissued:
            return
        self.cheque += 1
        day = self.later(day, 1, 5)
        c = self.to_book(day, "%s - Replacement (instead of voided #%d)" % (name, first), amount,
                         "CHK-%d" % self.cheque)
        self.same(self.to_bank(self.later(day, 0, 3), "CHECK #%d" % self.cheque, amount), c)

    def fixup(self):
        """Paid the wrong party, got it back, paid the right one: six rows, three matches."""
        wrong, right, amount, day = self.name(), self.name(), self.amount("cost"), self.day()
        for name, text, sign, ref in ((wrong, "%s - Paid by mistake", 1, "PV-%d"),
                                      (wrong, "%s - Reversal of mistaken payment", -1, "JE-%d"),
                                      (right, "%s - Correct payee", 1, "PV-%d")):
            book = self.to_book(day, text % name, sign * amount, ref % self.number(),
                                "reversal" if sign < 0 else "normal")
            how = "ACH DEBIT " if sign * amount < 0 else "ACH CREDIT "
            bank = self.to_bank(self.later(day, 0, 2), how + name.upper()[:25].rstrip(), sign * amount)
            self.same(bank, book)
            day = self.later(day, 1, 4)

    def bounce(self):
        name, amount, day = self.name(), self.amount("sale"), self.day()
        book = self.to_book(day, "%s - Cheque received, INV-%d" % (name, self.number()), amount,
                            self.ref(1))
        self.same(self.to_bank(self.later(day, 0, 1), "DEPOSIT", amount), book)
        day = self.later(day, 3, 10)
        book = self.to_book(day, "%s - Deposited cheque returned NSF" % name, -amount,
                            "JE-%d" % self.number())
        self.same(self.to_bank(self.later(day, 0, 1), "RETURNED ITEM - NSF", -amount), book)

    def twin(self):
        """Two cheques of one amount to one payee."""
        name, amount, day = self.name(), self.amount("cost"), self.day()
        for again in ("", " (second)"):
            self.cheque += 1
            book = self.to_book(day, "%s - %s%s" % (name, self.r.choice(SUBJECT["cost"]), again), amount,
                                "CHK-%d" % self.cheque)
            self.same(self.to_bank(self.later(day, 0, 3), "CHECK #%d" % self.cheque, amount), book)
            day = self.later(day, 3, 10)

    def swapped(self, cents):
        digits = list(str(cents))
        places = [i for i in range(len(digits) - 1) if digits[i] != digits[i + 1]]
        if not places:
            return cents
        i = self.r.choice(places)
        digits[i], digits[i + 1] = digits[i + 1], digits[i]
        return int("".join(digits))

    def net(self):
        name, day = self.name(), self.day()
        amount = self.amount("sale")
        fee = self.r.randint(900, 4900)
        other = self.r.choice([amount + fee, amount - fee, self.swapped(amount), self.swapped(amount)])
        if other <= 0 or other == amount:
            other = amount + fee
        book = self.to_book(day, "%s - Customer payment, INV-%d" % (name, self.number()), amount,
                            self.ref(1))
        text = "WIRE TRF IN %d %s" % (self.r.randint(10**6, 10**7), name.upper()[:15])
        bank = self.to_bank(self.later(day, 0, 3), text, other)
        self.truth["matches_amount_mismatch"].append(dict(bank_id=bank, gl_id=book))

    def bank_only(self):
        text, lo, hi = self.r.choice(BANK_OWN)
        row = self.to_bank(self.day(), text, self.r.randint(lo * 100, hi * 100))
        self.truth["unmatched_bank"].append(dict(bank_id=row))

    def book_only(self):
        kind = self.kind()
        amount = self.amount(kind)
        what = "In transit" if amount > 0 else "Not yet presented"
        row = self.to_book(self.day(), "%s - %s, INV-%d" % (self.name(), what, self.number()), amount,
                           self.ref(amount))
        self.truth["unmatched_gl"].append(dict(gl_id=row))

    def prior(self):
        day = self.first - datetime.timedelta(days=self.r.randint(1, 5))
        self.plain(day=day, bank_day=self.first + datetime.timedelta(days=self.r.randint(0, 4)))

    def pair(self):
        kind = self.kind()
        amount, day = self.amount(kind), self.day()
        other = self.later(day, 5, 15)
        if other <= day:
            other = day - datetime.timedelta(days=self.r.randint(5, 15))
        self.plain(kind=kind, amount=amount, day=day)
        self.plain(kind=kind, amount=amount, day=max(other, self.first))

    def alike(self):
        person, amount, day = self.r.choice(PEOPLE), self.amount("cost"), self.day()
        for form in self.r.sample(PRACTICES, 2):
            self.plain(name=form.format(person), kind="cost", amount=amount, day=day, bank_day=day)

    def weekly(self):
        kind, name = self.kind(), self.name()
        amount, fixed = self.amount(kind), self.r.random() < .6
        start = self.first + datetime.timedelta(days=self.r.randint(0, 6))
        for week in range(4):
            day = start + datetime.timedelta(days=7 * week)
            this = amount if fixed else amount + amount * self.r.randint(-500, 500) // 10000
            self.plain(name=name, kind=kind, amount=this, day=day, bank_day=self.later(day, 0, 2))

    # -- the whole --------------------------------------------------------------------------------
    def run(self):
        p, events = self.p, self.lines
        n = {k: round(events * p[k]) for k in ("plain", "batch", "void", "fixup", "bounce", "off",
                                               "twin", "bank", "book", "net", "split", "keyed")}
        pairs, alike = round(n["plain"] * p["pairs"] / 2), round(n["plain"] * p["names"] / 2)
        weekly, prior = round(n["plain"] * p["weekly"] / 4), round(n["plain"] * p["prior"])
        plans = [(self.plain, n["plain"] - 2 * pairs - 2 * alike - 4 * weekly - prior),
                 (self.batch, n["batch"]), (lambda: self.void(True), n["void"]),
                 (self.fixup, n["fixup"]), (self.bounce, n["bounce"]),
                 (lambda: self.void(False), n["off"]), (self.twin, n["twin"]),
                 (self.bank_only, n["bank"]), (self.book_only, n["book"]), (self.net, n["net"]),
                 (self.split, n["split"]), (self.keyed, n["keyed"]), (self.pair, pairs),
                 (self.alike, alike), (self.weekly, weekly), (self.prior, prior)]
        for make, times in plans:
            for _ in range(times):
                make()
        for rows, letter in ((self.bank, "B"), (self.book, "G")):
            self.r.shuffle(rows)
            rows.sort(key=lambda row: row["date"])
            for i, row in enumerate(rows, 1):
                row["id"] = "%s%05d" % (letter, i)
        return self.printable()

    def printable(self):
        def ids(value):
            if isinstance(value, dict):
                return value["id"]
            return [ids(v) for v in value] if isinstance(value, list) else value
        truth = {k: [{f: ids(v) for f, v in m.items()} for m in rows] for k, rows in self.truth.items()}
        for row in self.bank + self.book:
            row["date"] = row["date"].isoformat()
            sign, cents = "-" if row["amount"] < 0 else "", abs(row["amount"])
            row["amount"] = "%s%d.%02d" % (sign, cents // 100, cents % 100)
        return dict(bank_transactions=self.bank, gl_entries=self.book, ground_truth=truth)


def main():
    args = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    args.add_argument("--seed", type=int, default=1)
    args.add_argument("--difficulty", choices=sorted(LEVEL), default="medium")
    args.add_argument("--lines", type=int, default=1000)
    args.add_argument("--output", default="/dev/stdout")
    a = args.parse_args()
    with open(a.output, "w", encoding="utf-8") as out:
        json.dump(Company(a.seed, a.difficulty, a.lines).run(), out, indent=0)


if __name__ == "__main__":
    main()
