#!/usr/bin/env python3
"""Fails on a claim of docs/BARRIERS.md that no test holds. Every row of a table whose last column is
"shown by" names one there as `suite/test`, with the parts that are meant in brackets behind it
(functions of a script, START_TESTs of a C file), and all of these are there and registered; or the row
says that it is **not built**."""
import os
import re

import sources

PAGE = "docs/BARRIERS.md"
ROW = re.compile(r"^\|(.+)\|\s*$")
RULE = re.compile(r"^\|[\s|:-]+\|$")
NAMED = re.compile(r"`([a-z][a-z0-9]*)/([\w-]+)`(?: \((\w+(?:, \w+)*)\))?")
UNBUILT = re.compile(r"\*\*not built\*\*")
# Where a suite's tests are.
SUITES = {
    "unit": ("tests/unit/test_{}.c", "tests/fault/{}.c"),
    "gate": ("tests/gate/test_{}.c",),
    "e2e": ("tests/e2e/{}.py",),
    "fault": ("tests/fault/{}.py",),
    "fuzz": ("tests/fuzz/fuzz_{}.c",),
    "flow": ("tests/flow/{}.flow",),
    "lint": ("tests/lint/{}.py", "tests/lint/{}.sh"),
    "ui": ("ui-static/tests/{}.test.ts",),
    "bench": ("tests/bench/{}.py", "tests/bench/{}.c"),
}
# A test by another name than its file's, or one program that is several tests.
RUNS = {("gate", "gate_campaign"): "tests/gate/campaign.c",
        ("gate", "proof_campaign"): "tests/gate/campaign.c",
        ("unit", "crash_agent_lie_files"): "tests/fault/crash_agent.c",
        ("unit", "crash_lie_files"): "tests/fault/crash.c",
        ("unit", "crash_lie_folders"): "tests/fault/crash.c",
        ("e2e", "dpop_replays"): "tests/e2e/dpop.py"}
BY_HAND = ("ui", "fault", "bench")  # run by runners of their own, or in the long campaign
# What registers a suite's tests; a test of that name in another suite is another test.
BUILDS = {"unit": ("tests/unit/meson.build", "tests/fault/meson.build"),
          "gate": ("tests/gate/meson.build",),
          "e2e": ("tests/e2e/meson.build",),
          "fuzz": ("tests/fuzz/meson.build",),
          "flow": ("tests/flow/meson.build",),
          "lint": ("tests/lint/meson.build",)}
NAMED_THERE = re.compile(r"'([\w-]+)'")
# 'crash_lie_' + lie, for each of a list
JOINED = re.compile(r"foreach (\w+) : \[([^]]*)\]\n\s*test\('(\w+)' \+ \1,")


def file_of(suite, name):
    paths = [p.format(name) for p in SUITES.get(suite, ())] + [RUNS.get((suite, name), "")]
    return next((p for p in paths if p and os.path.exists(os.path.join(sources.ROOT, p))), None)


def registered(path):
    """The names that a meson.build may give its tests."""
    text = sources.text(path)
    joined = {head + name for _, names, head in JOINED.findall(text)
              for name in NAMED_THERE.findall(names)}
    return joined | set(NAMED_THERE.findall(text))


def is_registered(suite, name):
    return suite in BY_HAND or any(name in registered(path) for path in BUILDS[suite])


def has_part(path, part):
    text = sources.text(path)
    if path.endswith(".py"):
        return re.search(rf"^def {part}\(", text, re.M)
    return re.search(rf"START_TEST\({part}\)", text)


def wrong(suite, name, parts):
    """Why the name leads to no test; None when it does."""
    path = file_of(suite, name)
    if path is None:
        return "there is no such test"
    if not is_registered(suite, name):
        return "no meson.build registers it"
    for part in parts.split(", ") if parts else ():
        if not has_part(path, part):
            return f"{path} has no {part}"
    return None


def cells(line):
    return [c.strip() for c in ROW.match(line).group(1).split("|")]


def rows(text):
    """(number, cells, whether its table's last column is "shown by") of every row but the heads."""
    lines, claims = text.split("\n"), False
    for i, line in enumerate(lines):
        if not ROW.match(line) or RULE.match(line):
            continue
        if i + 1 < len(lines) and RULE.match(lines[i + 1]):
            claims = cells(line)[-1] == "shown by"
        else:
            yield i + 1, cells(line), claims


def complaints_of(text):
    found, claims = [], 0
    for number, row, claim in rows(text):
        named = NAMED.findall(row[-1])
        claims += claim
        if claim and not named and not UNBUILT.search(row[-1]):
            found.append(f"{PAGE}:{number}: no test, and not said to be not built: {row[0][:60]}")
        for suite, name, parts in named:
            why = wrong(suite, name, parts)
            if why:
                found.append(f"{PAGE}:{number}: {suite}/{name}: {why}")
    return claims, found


def main():
    claims, found = complaints_of(sources.text(PAGE))
    if claims == 0:
        found.append(f"{PAGE}: there is no claim in it")
    sources.finish("claims", claims, found)


if __name__ == "__main__":
    main()
