#!/usr/bin/env python3
"""Fails on what banned.txt lists: calls, words, SQL in strings, unfinished marks, machine paths."""
import fnmatch
import os
import re

import sources

HERE = os.path.dirname(os.path.abspath(__file__))
BINARY = (".png", ".pdf", ".gz", ".zip", ".ico", ".woff2", ".db", ".bin")


def read_rows():
    rows = []
    with open(os.path.join(HERE, "banned.txt"), encoding="utf-8") as f:
        for n, line in enumerate(f, 1):
            line = line.rstrip("\n")
            if not line or line.startswith("#"):
                continue
            parts = line.split("\t")
            if len(parts) != 5:
                raise SystemExit(f"tests/lint/banned.txt:{n}: {len(parts)} columns, not 5")
            kind, pattern, where, but, instead = parts
            rows.append((kind, pattern, where.split(","), [b for b in but.split(",") if b != "-"],
                         instead))
    return rows


def applies(path, where, but):
    return (any(fnmatch.fnmatch(path, g) for g in where)
            and not any(fnmatch.fnmatch(path, g) for g in but))


def hits(kind, pattern, code, strings, source):
    """(line, what) of every place that breaks this row."""
    if kind == "string":
        flags = re.I
        return [(line, s[:40]) for line, s in strings if re.search(pattern, s, flags)]
    if kind == "text":
        regex, body = re.compile(pattern, re.M), source
    elif kind == "call":
        # a member of that name (x.time) or a declaration of ours is not the library's
        regex, body = re.compile(rf"(?<![\w.>])({pattern})\s*\("), code
    else:
        regex, body = re.compile(rf"\b({pattern})\b"), code
    return [(body.count("\n", 0, m.end()) + 1, m.group(0).strip()) for m in regex.finditer(body)]


def main():
    rows = read_rows()
    complaints = []
    paths = [p for p in sources.files() if not p.endswith(BINARY)
             and not p.startswith("tests/fuzz/corpus/")]
    for path in paths:
        try:
            source = sources.text(path)
        except UnicodeDecodeError:
            continue
        is_c = path.endswith((".c", ".h", ".def"))
        code, strings = sources.split_c(source) if is_c else ("", [])
        for kind, pattern, where, but, instead in rows:
            if not applies(path, where, but) or (kind != "text" and not is_c):
                continue
            for line, what in hits(kind, pattern, code, strings, source):
                complaints.append(f"{path}:{line}: {what!r} is banned here; instead: {instead}")
    sources.finish("banned", len(paths), complaints)


main()
