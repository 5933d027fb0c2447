#!/usr/bin/env python3
"""Fails where a scope may end before what it cleans up was made: a variable with a cleanup stands on
no value, and a return (or TRY, ENSURE) comes before the line that makes it."""
import re

import sources

DECLARED = re.compile(r"(?:CLEANUP\((\w+)\)|__attribute__\(\(cleanup\((\w+)\)\)\))\s+(?:const\s+)?"
                      r"(?:struct\s+)?\w+\s*\**\s*(\w+)\s*;")
LEAVES = re.compile(r"\b(?:return|goto|TRY|ENSURE)\b")


def left_early(code, at, name):
    """The line behind `at` that may leave the scope before `name` is first spoken of; 0 if none."""
    used = re.compile(rf"\b{name}\b")
    line = code.count("\n", 0, at) + 1
    statement = ""
    for text in code[at:].split("\n"):
        statement += text
        # a statement ends with its line's ; or { or }
        if re.search(r"[;{}]\s*$", text):
            if used.search(statement):
                return 0
            if LEAVES.search(statement):
                return line
            if text.startswith("}"):
                return 0
            statement = ""
        line += 1
    return 0


def main():
    complaints = []
    paths = sources.files(".c", ".h")
    for path in paths:
        code, _ = sources.split_c(sources.text(path))
        for m in DECLARED.finditer(code):
            line = left_early(code, m.end(), m.group(3))
            if line:
                complaints.append(f"{path}:{line}: the scope may end here, and {m.group(3)} is cleaned "
                                  "up without having been made; declare it where it is made")
    sources.finish("cleanup", len(paths), complaints)


main()
