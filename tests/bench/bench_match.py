#!/usr/bin/env python3
"""The matching pass beside DuckDB on the same rows in the same run, both in memory, in turns. Ours does
the whole pass (every rule, ties kept, the runner-up and its margin with each score); DuckDB answers
the one question of the kind. Medians and spread; the aims are 1.7 for exact and 1.3 for fuzzy.
DuckDB is what tests/bench/duckdb/install brings (build/duckdb); without it only ours is told.

    bench_match.py --bench PATH [--exact 1000000] [--fuzzy 200000] [--rounds 5] [--threads 1]"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engine as real  # noqa: E402
import mcp_clients  # noqa: E402

DUCKDB = os.environ.get("CLOSEGATE_DUCKDB") or os.path.join(real.ROOT, "build", "duckdb")
AIMS = {"exact": 1.7, "fuzzy": 1.3}


def said(words, env=None):
    done = subprocess.run(words, env=env, text=True, stdout=subprocess.PIPE, timeout=3600)
    if done.returncode != 0:
        raise SystemExit(f"{words[0]}: exit {done.returncode}")
    return json.loads(done.stdout)


def row(name, figures):
    ms = [f["wall_us"] / 1000 for f in figures]
    print(f"{name:28}{statistics.median(ms):10.1f} ms   {min(ms):.1f} … {max(ms):.1f}   "
          f"{figures[0]['matches']} matches", flush=True)


def beside(options, kind, events):
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(options.rounds):
            ours += said([options.bench, kind, str(events), folder])
            if os.path.exists(os.path.join(DUCKDB, ".installed")):
                theirs += said([mcp_clients.NODE, os.path.join(HERE, "duckdb", "match.mjs"), kind,
                                folder, "1", str(options.threads)],
                               dict(os.environ, CLOSEGATE_DUCKDB=DUCKDB))
    row(f"{kind}, {events}: ours", ours)
    if not theirs:
        print("DuckDB is not there: tests/bench/duckdb/install")
        return
    row(f"{kind}, {events}: DuckDB", theirs)
    ratio = statistics.median(t["wall_us"] / o["wall_us"] for o, t in zip(ours, theirs))
    met = "met" if ratio >= AIMS[kind] else "missed"
    print(f"{kind}: {ratio:.2f} times as fast, aim {AIMS[kind]}: {met}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bench", required=True, help="bench_match")
    parser.add_argument("--exact", type=int, default=1000000, help="events")
    parser.add_argument("--fuzzy", type=int, default=200000, help="events")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="DuckDB's; ours is one")
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for kind, events in (("exact", options.exact), ("fuzzy", options.fuzzy)):
        beside(options, kind, events)


if __name__ == "__main__":
    main()
