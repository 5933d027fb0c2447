#!/usr/bin/env python3
"""Adds up what meson's runs said, from each run's testlog.junit.xml: a line a suite.
Usage: tally.py NAME=FILE.junit.xml …
The last line is "TOTAL passed failed skipped", for tests/run."""
import re
import sys
import xml.etree.ElementTree as ET

# closegate:unit / money, closegate.closegate:unit / money
SUITE = re.compile(r"closegate:(\w+) / ")


def add(rows, suite, case):
    row = rows.setdefault(suite, [0, 0, 0])
    if case.find("failure") is not None or case.find("error") is not None:
        row[1] += 1
    elif case.find("skipped") is not None:
        row[2] += 1
    else:
        row[0] += 1


def read(path):
    """suite → [passed, failed, skipped], counting each sentence of a TAP program."""
    rows = {}
    for suite in ET.parse(path).getroot().iter("testsuite"):
        of_program = SUITE.search(suite.get("name", ""))
        cases = list(suite.iter("testcase"))
        for case in cases:
            m = of_program or SUITE.search(case.get("name", ""))
            add(rows, m.group(1) if m else "other", case)
        # a program that died before its plan was done: its sentences alone would look well
        if of_program and (suite.get("errors", "0"), suite.get("failures", "0")) != ("0", "0"):
            row = rows.setdefault(of_program.group(1), [0, 0, 0])
            row[1] = max(row[1], 1)
    return rows


def main():
    total = [0, 0, 0]
    for argument in sys.argv[1:]:
        name, path = argument.split("=", 1)
        for suite, row in sorted(read(path).items()):
            passed, failed, skipped = row
            print(f"  {name:8} {suite:6} Checks: {passed + failed}, Failures: {failed}, "
                  f"Skipped: {skipped}")
            total = [a + b for a, b in zip(total, row)]
    print("TOTAL", *total)


main()
