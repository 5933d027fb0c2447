#!/usr/bin/env python3
"""The engine's binary holds nothing of the conformance fixtures: neither their texts nor their
symbols. The same look finds them in the fixtures' own binary, so it can find something.
Prints TAP. Usage: release_binary.py --engine PATH --fixtures PATH"""
import argparse
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

TEXTS = [b"test_simple_text", b"test_tool_with_progress", b"json_schema_2020_12_tool",
         b"test_input_required_result", b"test://static-text", b"test_simple_prompt",
         b"confirm_delete", b"mcp-fixtures"]
SYMBOLS = ["fixture_"]


def found(path):
    """Which of the texts and symbols the binary has."""
    with open(path, "rb") as f:
        data = f.read()
    names = subprocess.run(["nm", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                           text=True, check=True).stdout
    return ([t.decode() for t in TEXTS if t in data]
            + [s for s in SYMBOLS if f" {s}" in names])


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--engine")
    options.add_argument("--fixtures", required=True)
    given = options.parse_args()
    tap = Tap()
    in_engine, in_fixtures = found(lib.find_engine(given.engine)), found(given.fixtures)
    tap.check("the engine has none of the conformance fixtures", in_engine == [], in_engine)
    tap.check("and the look finds them where they are",
              len(in_fixtures) == len(TEXTS) + len(SYMBOLS), in_fixtures)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
