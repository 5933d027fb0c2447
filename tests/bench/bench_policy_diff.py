#!/usr/bin/env python3
"""What `policy diff` costs on a long log, beside reading the same events with one SELECT in the same
run: in processor time, for a machine that does other things too, and in time. The log is the demo
company's, its decisions recorded again and again; the chain is not kept, which policy diff does not look
at. Usage: bench_policy_diff.py [--engine PATH] [--events N]"""
import argparse
import json
import os
import resource
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402


def grow(path, events):
    """Events 2 to n, copied behind the last one with numbers of their own."""
    db = sqlite3.connect(path)
    made = [row[0] for row in db.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'audit_events' AND sql IS NOT NULL AND"
        " type IN ('trigger', 'index') ORDER BY rowid")]
    for name, kind in db.execute("SELECT name, type FROM sqlite_master WHERE tbl_name = 'audit_events' AND"
                                 " sql IS NOT NULL AND type IN ('trigger', 'index')").fetchall():
        db.execute(f"DROP {kind} {name}")
    rows = db.execute("SELECT seq, event, hash_prev, hash_self FROM audit_events WHERE"
                      " json_extract(event, '$.gate_input') IS NOT NULL ORDER BY seq").fetchall()
    last = db.execute("SELECT max(seq) FROM audit_events").fetchone()[0]

    def copies():
        for seq in range(last + 1, events + 1):
            was, event, prev, self = rows[seq % len(rows)]
            yield seq, event.replace(f'"seq":{was},', f'"seq":{seq},'), prev, self
    db.executemany("INSERT INTO audit_events (seq, event, hash_prev, hash_self) VALUES (?, ?, ?, ?)",
                   copies())
    for sql in made:
        db.execute(sql)
    db.commit()
    size = db.execute("SELECT sum(length(event)) FROM audit_events").fetchone()[0]
    db.close()
    return size


def select(path):
    """To read every event's text, by SQLite alone: (processor time, time), in seconds."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    begun, cpu = time.monotonic(), time.process_time()
    db.execute("SELECT sum(length(event)), count(*) FROM audit_events").fetchone()
    took = time.process_time() - cpu, time.monotonic() - begun
    db.close()
    return took


def diff(book, *words):
    """((processor time of all threads, time), what it told)"""
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([book.engine, "policy", "diff", *words, "--json"], env=book.env, text=True,
                          stdout=subprocess.PIPE, check=False)
    took, after = time.monotonic() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 2):
        raise SystemExit(f"policy diff: exit {done.returncode}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return (cpu, took), json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--events", type=int, default=60000)
    args = parser.parse_args()
    book = lib.Book(lib.find_engine(args.engine))
    try:
        book.make()
        book.cli("recon")
        path = os.path.join(book.data, "recon.db")
        size = grow(path, args.events)
        policy = os.path.join(book.data, "policy.yaml")
        stricter = os.path.join(book.dir, "stricter.yaml")
        with open(policy, encoding="utf-8") as text, open(stricter, "w", encoding="utf-8") as to:
            to.write(text.read().replace("threshold_usd: 10000", "threshold_usd: 9999"))
        floor = min(select(path) for _ in range(3))
        # what the points of the input space and the process itself take, whatever the log's length
        fixed = min(diff(book, "in-force", stricter, "--since", str(args.events))[0] for _ in range(3))
        whole, told = min((diff(book, "in-force", stricter) for _ in range(3)), key=lambda r: r[0])
        cpu, took = whole[0] - fixed[0], whole[1] - fixed[1]
        print(f"policy diff: {args.events} events of {size / args.events:.0f} bytes, {told['decisions']}"
              f" decisions, {told['decisions_changed']} change: the log in {cpu:.2f} s of processor time on"
              f" all threads, {cpu / floor[0]:.2f} times one SELECT of it ({floor[0]:.2f} s), and in"
              f" {took / floor[1]:.2f} times its time; the input space {fixed[0]:.2f} s more")
    finally:
        book.close()


if __name__ == "__main__":
    main()
