#!/usr/bin/env python3
"""Fails on shapes that are hard to read: functions past 70 lines, files past 600, control flow
nested more than three deep, more than eight parameters (six is the aim), unless shape_known.txt
says why. Reads clang-formatted C: a function begins at the first column and ends with "}" there."""
import os
import re

import sources

FUNCTION_MAX, FILE_MAX, NESTING_MAX, PARAMETERS_MAX = 70, 600, 3, 8
# tests and tables are read top to bottom, however long
FREE = re.compile(r"^tests/|\.def$")
NAME = re.compile(r"(\w+)\s*\(")
CONTROL = re.compile(r"^( +)(?:\} )?(if|for|while|switch|do)\b")


def read_known():
    known = {}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "shape_known.txt"),
              encoding="utf-8") as f:
        for line in f:
            words = line.split("#")[0].split()
            if words:
                known[(words[0], words[1])] = int(words[2])
    return known


def functions(lines):
    """(name, first line, header text, body lines) of each function definition."""
    i = 0
    while i < len(lines):
        if lines[i] == "{" and i > 0:
            end = next((j for j in range(i, len(lines)) if lines[j] == "}"), None)
            if end is None:
                return
            start = i
            while start > 0 and lines[start - 1].strip() and not lines[start - 1].startswith(
                    ("}", "#", "*/", " */")) and not lines[start - 1].rstrip().endswith(";"):
                start -= 1
            header = " ".join(lines[start:i])
            m = NAME.search(header)
            if m:
                yield m.group(1), start + 1, header, lines[i:end + 1]
            i = end
        i += 1


def parameters(header):
    """How many, counted at the depth of the outermost parentheses."""
    inner, depth, n = header[header.index("(") + 1:], 1, 1
    for c in inner:
        depth += (c == "(") - (c == ")")
        if depth == 0:
            break
        n += c == "," and depth == 1
    return n


def nesting(body):
    """(levels, line offset) of the deepest control statement."""
    deepest, at = 0, 0
    for n, line in enumerate(body):
        m = CONTROL.match(line)
        if m and len(m.group(1)) % 4 == 0 and len(m.group(1)) // 4 > deepest:
            deepest, at = len(m.group(1)) // 4, n
    return deepest, at


def main():
    complaints, known = [], read_known()
    paths = sources.files(".c", ".h")

    def hold(kind, name, where, found, most, advice):
        most = max(most, known.get((kind, name), 0))
        if found > most:
            complaints.append(f"{where}: {name}: {found} {kind}, at most {most}: {advice}")

    for path in paths:
        lines = sources.split_c(sources.text(path))[0].rstrip("\n").split("\n")
        lines = [line.rstrip() for line in lines]
        if not FREE.search(path):
            hold("file", path, f"{path}:1", len(lines), FILE_MAX, "two nouns in it?")
        for name, start, header, body in functions(lines):
            hold("function", name, f"{path}:{start}", len(body), FUNCTION_MAX,
                 "give a step its own name")
            if FREE.search(path):
                continue
            hold("parameters", name, f"{path}:{start}", parameters(header), PARAMETERS_MAX,
                 "a struct?")
            levels, at = nesting(body)
            hold("nested", name, f"{path}:{start + at}", levels, NESTING_MAX,
                 "return early or name the inner step")
    sources.finish("shape", len(paths), complaints)


main()
