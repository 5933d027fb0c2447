#!/usr/bin/env python3
"""What fuzz_endpoint would notice: the kept inputs show nothing while the engine is as it is, and each
thing that is broken of it (tests/fuzz/endpoint_broken.c) is told by the inputs that are meant for it,
by what is judged of a book or of an answer. Prints TAP. Usage: endpoint_broken.py --endpoint PATH"""
import argparse
import os
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from tap import Tap  # noqa: E402

CORPUS = os.path.join(HERE, "corpus", "endpoint")
JUDGES = ("endpoint_book.c:", "endpoint_reply.c:")
# what is broken, in words, and inputs that show it
FAULTS = [
    ("machine_confirms", "a gate that lets an agent confirm", ("machine_confirms", "task")),
    ("no_event", "what is done and not recorded", ("confirm", "people_resolve", "propose")),
    ("no_effects", "what is recorded without what it did", ("confirm", "people_resolve", "task")),
    ("denied_and_done", "what is done and recorded as denied", ("confirm", "propose", "task")),
    ("waiting_and_done", "what is done and recorded as waiting", ("confirm", "held", "task")),
    ("no_receipt", "answers without a receipt", ("confirm", "machine_confirms", "held")),
    ("anothers_receipt", "answers with another event's receipt", ("confirm", "machine_confirms")),
    ("wrong_id", "answers to another request", ("confirm", "legacy_hello", "listen", "many")),
    ("anybodys_assertion", "an assertion for another body", ("impostors",)),
]

tap = Tap()
parser = argparse.ArgumentParser()
parser.add_argument("--endpoint", required=True)
endpoint = os.path.abspath(parser.parse_args().endpoint)


def replay(fault, names):
    """How it ended, and what it said."""
    with tempfile.TemporaryDirectory() as folder:  # what an aborted run leaves goes with it
        done = subprocess.run([endpoint, fault, *(os.path.join(CORPUS, name) for name in names)],
                              capture_output=True, text=True, errors="replace", timeout=600,
                              env={**os.environ, "TMPDIR": folder})
    return done.returncode, done.stderr


code, said = replay("none", sorted(os.listdir(CORPUS)))
tap.check("the kept inputs show nothing wrong", code == 0, said)
for fault, sentence, names in FAULTS:
    for name in names:
        code, said = replay(fault, [name])
        told = code == -signal.SIGABRT and any(judge in said for judge in JUDGES)
        tap.check(f"{name} tells of {sentence}", told, f"{code}: {said}")
# what no input can show: another check stands behind the gate
code, said = replay("machine_settles", ["machine_resolves"])
tap.check("a gate that lets an agent settle what waits for a human is not enough: its states refuse",
          code == 0, said)
code, said = replay("nothing_such", ["confirm"])
tap.check("a fault that is not there is said", code == 64, f"{code}: {said}")
sys.exit(tap.done())
