#!/usr/bin/env python3
"""Adds up what meson's runs said, from each run's testlog.junit.xml: a line a suite.
Usage: tally.py NAME=FILE.junit.xml …
Then a line for each sentence that did not hold, with what was seen instead: the end of a long log is
what one gets to see. The last line is "TOTAL passed failed skipped", for tests/run."""
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


def broken(path):
    """What did not hold, as (program, what it said); of a program that died, the last it said."""
    for suite in ET.parse(path).getroot().iter("testsuite"):
        program = suite.get("name", "").replace("closegate.", "", 1)
        said = (suite.findtext("system-out") or "").splitlines()
        wrong = [line for line in said if line.startswith("not ok ")]
        for line in wrong:
            yield program, line[len("not ok "):]
        if not wrong and (suite.get("errors", "0"), suite.get("failures", "0")) != ("0", "0"):
            last = said[-3:] + (suite.findtext("system-err") or "").split("\n")[-12:]
            yield program, "ended before its plan was done: " + " ".join(" ".join(last).split())


def main():
    total = [0, 0, 0]
    bad = []
    for argument in sys.argv[1:]:
        name, path = argument.split("=", 1)
        for suite, row in sorted(read(path).items()):
            passed, failed, skipped = row
            print(f"  {name:8} {suite:6} Checks: {passed + failed}, Failures: {failed}, "
                  f"Skipped: {skipped}")
            total = [a + b for a, b in zip(total, row)]
        bad += [(name, *b) for b in broken(path)]
    for name, program, sentence in bad[:40]:
        print(f"  not ok   {name}: {program}: {sentence[:600]}")
    if len(bad) > 40:
        print(f"  not ok   and {len(bad) - 40} more")
    print("TOTAL", *total)


main()
