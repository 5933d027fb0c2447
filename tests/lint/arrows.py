#!/usr/bin/env python3
"""Fails on an #include that arrows.txt does not draw, and on a foreign library's header outside
its one file."""
import fnmatch
import os
import re

import sources

HERE = os.path.dirname(os.path.abspath(__file__))
INCLUDE = re.compile(r'^\s*#\s*include\s+(["<])([^">]+)[">]', re.M)


def read_picture():
    arrows, foreign, private = {}, [], {}
    with open(os.path.join(HERE, "arrows.txt"), encoding="utf-8") as f:
        for line in f:
            words = line.split("#")[0].split()
            if not words:
                continue
            if words[0] == "foreign":
                foreign.append((words[1], words[2:]))
            elif words[0] == "private":
                private[words[1]] = words[2:]
            else:
                arrows[words[0].rstrip(":")] = set(words[1:])
    return arrows, foreign, private


def area(path):
    parts = path.split("/")
    if parts[0] in ("common", "engine", "agent") and len(parts) > 2:
        return "/".join(parts[:2])
    return parts[0]


def complain(path, mark, header, picture):
    """The sentence that says what is wrong with this include, or None."""
    arrows, foreign, private = picture
    if mark == "<" or not os.path.exists(os.path.join(sources.ROOT, header)):
        for prefix, homes in foreign:
            own = header.startswith(prefix) if prefix.endswith("/") else header == prefix
            if own and area(path) != "tests" and not any(fnmatch.fnmatch(path, h) for h in homes):
                return f"<{header}> belongs to {', '.join(homes)}; use our wrapper"
        if mark == '"':
            return f'"{header}" is not a file: includes are written from the root'
        return None
    homes = private.get(header)
    if homes and area(path) != "tests" and not any(fnmatch.fnmatch(path, h) for h in homes):
        return f'"{header}" is private to {", ".join(homes)}'
    here, there = area(path), area(header)
    if here not in arrows:
        return f"area {here} is not in tests/lint/arrows.txt: draw it"
    if there != here and there not in arrows[here] and "*" not in arrows[here]:
        return f'{here} may not see {there} ("{header}"); it may see: ' + (
            " ".join(sorted(arrows[here])) or "only itself")
    return None


def main():
    picture = read_picture()
    paths = sources.files(".c", ".h", ".def")
    complaints = []
    for path in paths:
        source = sources.text(path)
        for m in INCLUDE.finditer(source):
            what = complain(path, m.group(1), m.group(2), picture)
            if what:
                line = source.count("\n", 0, m.start(2)) + 1
                complaints.append(f"{path}:{line}: {what}")
    sources.finish("arrows", len(paths), complaints)


main()
