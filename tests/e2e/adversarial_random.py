#!/usr/bin/env python3
"""The random adversary against a real engine: thousands of calls that nobody meant, by models, people
and a service, and after each the book is held against an independent statement of the policy. Twice:
under the demo's policy, and under one that is tighter here and looser there. Prints TAP.
Usage: adversarial_random.py [--engine PATH] [--eval PATH] [--calls N] [--seed N] [--keep-in FOLDER]"""
import argparse
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib")]
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
# What is tried is the gate, not the disk: a folder in memory where there is one.
MEMORY = "/dev/shm"
OTHER = [  # tighter: amounts, own agents, people alone; looser: where from, and how much the machine may
    (r"materiality_threshold_usd: 10000", "materiality_threshold_usd: 900"),
    (r"own_agent: below_materiality", "own_agent: deny"),
    (r'single_max: "250000 USD"', 'single_max: "2000 USD"'),
    (r'cap: \{amount: "250000 USD", count: 10, period: month\}', 'cap: {count: 1000, period: year}'),
    (r"T2: \[web, slack\]", "T2: [web, slack, chat, api]"),
    (r'write_off_limit: "250 USD"', 'write_off_limit: "5000 USD"'),
]


def attack(book, engine, options):
    words = [options.eval, "--dimension", "adversarial", "--random", str(options.calls), "--seed",
             str(options.seed), "--book", os.path.join(book.data, "recon.db"),
             "--url", f"http://127.0.0.1:{engine.port}/mcp",
             "--workspace-key", os.path.join(book.data, "workspace.key"),
             "--service-key", os.path.join(book.data, "notifier.key")]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=7 * 86400)
    text = done.stdout.decode("utf-8", "replace")
    print("# " + text.strip().replace("\n", "\n# "))
    return done.returncode, text


def against(name, changes, options):
    under = options.keep_in or (MEMORY if os.access(MEMORY, os.W_OK) else None)
    book = lib.Book(options.engine, under=under)
    engine = lib.Engine(book)
    try:
        book.make()
        book.edit_policy(*changes)
        engine.start()
        code, text = attack(book, engine, options)
        tap.check(f"{name}: no call of the random adversary changes what the policy does not allow",
                  code == 0, text[:600])
        done = [line for line in text.splitlines() if line.startswith("answers:")]
        tap.check(f"{name}: some were refused, some denied, some wait, some were done",
                  bool(done) and not any(f" {word} 0" in done[0] + " "
                                         for word in ("refused", "denied", "pending", "done")), done)
        tap.check(f"{name}: the engine stops cleanly", engine.stop() == 0)
        tap.check(f"{name}: the book verifies afterwards", *lib.chain_is_intact(book))
    finally:
        engine.stop()
        if not options.keep_in:
            book.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--eval", required=True)
    parser.add_argument("--calls", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--keep-in", help="a folder for the books, which stay")
    options = parser.parse_args()
    options.engine = lib.find_engine(options.engine)
    against("the demo's policy", [], options)
    against("another policy", OTHER, options)
    return tap.done()


sys.exit(main())
