#!/usr/bin/env python3
"""What a signed receipt in the same reply costs: durable confirm_match over HTTP by 1 and by 64
clients, against the same build with CLOSEGATE_RECEIPTS=off, on two books of the same rows, in
turns. Every receipt that came is checked for being there; one in each turn is verified. Beside wall
time stands the engine's own processor time, which other work on the machine disturbs less.

    bench_receipts.py [--engine PATH] [--dir FOLDER] [--pairs N] [--rounds N]"""
import argparse
import base64
import json
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault")]
import bench_spine  # noqa: E402
import engine as real  # noqa: E402
import evidence  # noqa: E402
from kill9 import files_of, proposals  # noqa: E402

CLIENTS = (1, 64)
TICK = os.sysconf("SC_CLK_TCK")


class Side:
    """A book and its engine, with receipts or without."""

    def __init__(self, options, receipts):
        self.receipts, self.took, self.whole, self.cpu = receipts, {}, {}, {}
        self.book = real.Book(options.engine, under=options.dir,
                              env={"CLOSEGATE_RECEIPTS": "on" if receipts else "off"})
        self.book.make()
        self.book.edit_policy((r"(auto_confirm:\s*\{?\s*enabled:\s*)true", r"\1false"))
        self.engine = real.Engine(self.book)
        self.engine.start()
        for source, name, text in files_of(options.pairs):
            content = base64.b64encode(text.encode()).decode()
            self.book.cli("call", "--admin", "ingest_file", json.dumps(
                {"source_id": source, "name": name, "content_base64": content}), check=True)
        self.book.cli("recon", "--json", check=True)
        self.matches = [m for m, _ in proposals(self.book)][:options.pairs]
        self.caller = bench_spine.human(self.engine)
        if receipts:
            self.vkey = self.book.cli("keys", "export", check=True)[1].strip()

    def cpu_s(self):
        with open(f"/proc/{self.engine.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK

    def turn(self, clients, n):
        ids, self.matches = self.matches[:n], self.matches[n:]
        requests = [bench_spine.request_bytes(
            self.caller, "confirm_match",
            {"match_id": m, "rationale": "checked against the statement"}) for m in ids]
        answers = []
        bench_spine.check = lambda body: answers.append(body)
        before = self.cpu_s()
        took, whole = bench_spine.drive(self.engine.port, requests, clients)
        self.cpu[clients] = self.cpu.get(clients, 0) + self.cpu_s() - before
        self.took.setdefault(clients, []).extend(took)
        self.whole[clients] = self.whole.get(clients, 0) + whole
        self.look(answers)

    def look(self, answers):
        for body in answers:
            if b'"status":"ok"' not in body or (b"closegate-receipt/1" in body) != self.receipts:
                raise SystemExit(f"not as it should be: {body[:600]}")
        receipt = json.loads(answers[-1])["result"]["_meta"].get("closegate/receipt")
        if self.receipts and not evidence.receipt_holds(receipt, self.vkey):
            raise SystemExit(f"the receipt does not hold: {receipt}")

    def close(self):
        self.engine.stop()
        self.book.close()


def figures(sides):
    off, on = sides
    for clients in CLIENTS:
        for side in sides:
            n = len(side.took[clients])
            bench_spine.line(
                f"confirm_match, {clients} client{'s' * (clients > 1)}, receipts "
                f"{'on' if side.receipts else 'off'}", side.took[clients], n / side.whole[clients],
                f"{side.cpu[clients] / n * 1e6:.0f} us of the engine's processor time each")
        low, mid = ([bench_spine.percentile(s.took[clients], p) for s in sides] for p in (.1, .5))
        rate = [len(s.took[clients]) / s.whole[clients] for s in sides]
        print(f"  on / off: latency {mid[1] / mid[0]:.2f} (of the quickest tenth "
              f"{low[1] / low[0]:.2f}), throughput {rate[1] / rate[0]:.2f}, "
              f"processor time {on.cpu[clients] / off.cpu[clients]:.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--engine", help="the binary; default: the newest under build/")
    parser.add_argument("--dir", help="where the books are made (a folder on the disk to measure)")
    parser.add_argument("--pairs", type=int, default=3000, help="matches to confirm on each book")
    parser.add_argument("--rounds", type=int, default=10, help="turns of each side")
    options = parser.parse_args()
    options.engine = real.find_engine(options.engine)
    sides = []
    try:
        for receipts in (False, True):
            sides.append(Side(options, receipts))
        few = min(len(s.matches) for s in sides) // options.rounds
        for n in range(options.rounds):
            for side in sides if n % 2 else reversed(sides):
                side.turn(1, few // 4)
                side.turn(64, few - few // 4)
        figures(sides)
    finally:
        for side in sides:
            side.close()


if __name__ == "__main__":
    main()
