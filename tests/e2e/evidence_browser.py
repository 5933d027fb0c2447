#!/usr/bin/env python3
"""What closegate-verify refuses (verify_forged.py), browsers refuse: the same forged receipts, proofs,
checkpoints, key chains and histories before the verifier that the workspace and verify.html run
(ui-static/src/lib/evidence.ts), in Node, whose Web Crypto it uses. Logs and cosignatures are none of
a browser's business. Prints TAP. Usage: evidence_browser.py"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import verify_forged as forged  # noqa: E402
from tap import Tap  # noqa: E402

UI = os.path.join(HERE, "..", "..", "ui-static")
JUDGED = ("receipt", "checkpoint", "consistency")


class Done:
    """As a finished closegate-verify looks to Bench."""

    def __init__(self, answers):
        self.returncode = 0 if answers and all(a["state"] == "verified" for a in answers) else 2
        self.stdout = "".join(json.dumps({"subject": a["path"], "holds": a["state"] == "verified"})
                              + "\n" for a in answers)
        self.stderr = " ".join(a.get("words") or "" for a in answers)
        self.unknown = any(a["state"] == "unknown" for a in answers)


class Browser(forged.Bench):
    """The same files, another judge; what it has no words for is not told of here."""

    def __init__(self, tap, folder):
        super().__init__(tap, None, folder)
        self.judge = subprocess.Popen(["node", os.path.join(HERE, "evidence_browser.mjs"), UI],
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, *args):
        asked = {"command": args[0], "paths": [], "keys": [], "chain": None, "proof": None}
        words = iter(args[1:])
        for word in words:
            if word == "--key":
                asked["keys"].append(next(words))
            elif word == "--key-chain":
                asked["chain"] = next(words)
            elif word == "--proof":
                asked["proof"] = next(words)
            elif word != "--json":
                asked["paths"].append(word)
        if asked["command"] == "consistency":
            asked["paths"], asked["second"] = asked["paths"][:1], asked["paths"][1]
        self.judge.stdin.write(json.dumps(asked) + "\n")
        self.judge.stdin.flush()
        done = Done(json.loads(self.judge.stdout.readline()))
        if done.unknown:
            self.tap.check("Node can tell", False, done.stderr)
        return done

    def is_ours(self, args):
        return args[0] in JUDGED and "--witness" not in args and "--log" not in args

    def holds(self, sentence, *args):
        if self.is_ours(args):
            super().holds(sentence, *args)

    def refused(self, sentence, says, *args):
        """The words are its own, so only the answer counts."""
        if self.is_ours(args):
            super().refused(sentence, "", *args)

    def close(self):
        self.judge.stdin.close()
        return self.judge.wait(timeout=10)


def checkpoints(b, log, key):
    """Without what is about closegate-verify's own command line."""
    quiet = Tap.check
    b.tap.check = lambda sentence, *rest: None if "wrong usage" in sentence else quiet(
        b.tap, sentence, *rest)
    forged.checkpoints(b, log, key)
    del b.tap.check


def main():
    if not shutil.which("node") or not os.path.isdir(os.path.join(UI, "node_modules", "esbuild")):
        print("1..0 # SKIP no Node, or no packages of the workspace (deploy/build-ui --tools)")
        return 0
    tap = Tap()
    log = forged.book()
    key = ("--key", log.key.vkey)
    with tempfile.TemporaryDirectory() as folder:
        b = Browser(tap, folder)
        forged.receipt_parts(b, log, key)
        forged.proof_file(b, log, key)
        forged.receipt_forms(b, log, key)
        forged.receipt_lies(b, log, key)
        checkpoints(b, log, key)
        forged.rotations(b)
        forged.consistencies(b, log, key)
        tap.check("the judge ends as it should", b.close() == 0)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
