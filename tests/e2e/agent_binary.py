#!/usr/bin/env python3
"""closegate-agent is a program of its own: not one symbol that engine/ defines is in it, and the name of
the book's file is not either. The same look finds both in the engine's binary, so it can find
something. What it opens while it works is looked at by agent_api.py and by the browser's stories.
Prints TAP. Usage: agent_binary.py --engine PATH --agent PATH"""
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
from tap import Tap  # noqa: E402

BOOK = b"recon.db"
# made of the engine's own files, though not in its folder
OF_ENGINE = ("migrations/librecon_migrations.a", "deploy/libdemo_data.a")


def symbols(*paths):
    """The global names these define."""
    said = subprocess.run(["nm", "--defined-only", "--extern-only", "--format=posix", *paths],
                          stdout=subprocess.PIPE, text=True, check=True).stdout
    return {line.split()[0] for line in said.splitlines() if len(line.split()) >= 2}


def archives(build, *folders):
    return [a for f in folders for a in glob.glob(os.path.join(build, f, "**", "*.a"),
                                                  recursive=True)]


def has(path, text):
    with open(path, "rb") as f:
        return text in f.read()


def main():
    engine, agent = agents.given()
    build = os.path.dirname(os.path.dirname(agent))
    tap = Tap()
    theirs = archives(build, "engine") + [os.path.join(build, a) for a in OF_ENGINE]
    shared = archives(build, "common", "proto", "agent")
    of_engine = symbols(*theirs) - symbols(*shared)
    in_agent, in_engine = symbols(agent) & of_engine, symbols(engine) & of_engine
    tap.check(f"none of the {len(of_engine)} symbols of {len(theirs)} libraries of the engine is in "
              "the agent", not in_agent, sorted(in_agent)[:20])
    tap.check("the same look finds them in the engine", len(in_engine) > 500, len(in_engine))
    tap.check("the agent does not know the name of the book's file", not has(agent, BOOK))
    tap.check("which the engine does", has(engine, BOOK))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
