#!/usr/bin/env python3
"""Fails on a link in a Markdown file that leads nowhere: a file or folder that is not there, or a
heading that no longer is. Paths in `code` that look like ours (docs/X.md, deploy/x) count, too."""
import os
import re

import sources

LINK = re.compile(r"\[[^\]\n]*\]\(<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\)")
NAMED = re.compile(r"`((?:docs|deploy|tests|proto|engine|common|migrations)/[\w./-]*\w/?)`")
FENCE = re.compile(r"^(```|~~~).*?^\1", re.S | re.M)
HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.M)


def prose(text):
    """Fenced code blanked, line for line: links there are somebody's data."""
    return FENCE.sub(lambda m: re.sub(r"[^\n]", " ", m.group(0)), text)


def anchors(text):
    """The fragments of its headings, as the usual renderers make them."""
    made, seen = set(), {}
    for title in HEADING.findall(prose(text)):
        slug = re.sub(r"[^\w\- ]", "", re.sub(r"[`*]", "", title).lower()).replace(" ", "-")
        n = seen.get(slug, 0)
        seen[slug] = n + 1
        made.add(slug if n == 0 else f"{slug}-{n}")
    return made


def wrong(path, target):
    """Why a link of `path` leads nowhere; None when it leads somewhere."""
    if re.match(r"[a-z][a-z0-9+.-]*:", target):
        return None  # the network is not looked at
    file, _, fragment = target.partition("#")
    found = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
    if found.startswith("..") or os.path.isabs(file):
        return "leads out of the repository"
    if not os.path.exists(os.path.join(sources.ROOT, found)):
        return "there is no such file"
    if fragment and found.endswith(".md") and fragment not in anchors(sources.text(found)):
        return "the file has no such heading"
    return None


def main():
    complaints, paths = [], sources.files(".md")
    for path in paths:
        text = prose(sources.text(path))
        found = [(m, m.group(1), path) for m in LINK.finditer(text)]
        found += [(m, m.group(1), "README.md") for m in NAMED.finditer(text)]
        for m, target, base in found:
            why = wrong(base, target)
            if why:
                complaints.append(f"{path}:{text.count(chr(10), 0, m.start()) + 1}: {target}: {why}")
    sources.finish("links", len(paths), complaints)


if __name__ == "__main__":
    main()
