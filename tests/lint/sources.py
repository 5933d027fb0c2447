"""Which files the lints look at, and C text with its comments and strings told apart."""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SKIP = re.compile(r"^(build.*|var|node_modules|\.git|__pycache__|\.venv)$")


def files(*suffixes, under=""):
    """Paths from the root, sorted; generated and fetched folders are left out."""
    found = []
    for folder, folders, names in os.walk(os.path.join(ROOT, under)):
        folders[:] = sorted(f for f in folders if not SKIP.match(f) and
                            not os.path.isdir(os.path.join(folder, f, "meson-private")))
        for name in sorted(names):
            if not suffixes or name.endswith(suffixes):
                found.append(os.path.relpath(os.path.join(folder, name), ROOT))
    return found


def text(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def split_c(source):
    """(code, strings): the source with comments and literals blanked, line for line; and the
    string literals as (line, text), adjacent ones joined."""
    strings, last_end = [], -1

    def blank(m):
        nonlocal last_end
        token = m.group(0)
        if token.startswith('"'):
            line = source.count("\n", 0, m.start()) + 1
            if strings and not source[last_end:m.start()].strip():
                strings[-1] = (strings[-1][0], strings[-1][1] + token[1:-1])
            else:
                strings.append((line, token[1:-1]))
            last_end = m.end()
            return '"' + " " * (len(token) - 2) + '"'
        if token.startswith("'"):
            return "'" + " " * (len(token) - 2) + "'"
        return re.sub(r"[^\n]", " ", token)

    return TOKEN.sub(blank, source), strings


def finish(name, checked, complaints):
    """Prints what to fix and exits 1 when there is anything."""
    for c in sorted(complaints):
        print(c)
    print(f"{name}: {checked} files, {len(complaints)} to fix")
    sys.exit(1 if complaints else 0)
