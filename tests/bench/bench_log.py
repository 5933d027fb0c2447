#!/usr/bin/env python3
"""Makes the demo company's book, reconciles it, and hands it to bench_log, which grows its log and
measures audit verify and audit replay over it. Checking the schema costs a tenth of a second whatever
the log: with few events it is most of what is seen.

    bench_log.py --bench BENCH_LOG [--engine PATH] [--dir FOLDER] [--events N] [--group N]"""
import argparse
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--bench", required=True)
    options.add_argument("--engine")
    options.add_argument("--dir")
    options.add_argument("--events", default="400000")
    options.add_argument("--group", default="256")
    given = options.parse_args()
    book = lib.Book(lib.find_engine(given.engine), under=given.dir)
    try:
        book.make()
        book.cli("recon")  # 2 when something waits for a person, and something does
        return subprocess.run([given.bench, book.data, given.events, given.group]).returncode
    finally:
        book.close()


if __name__ == "__main__":
    sys.exit(main())
