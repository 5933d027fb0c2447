#!/usr/bin/env python3
"""Receipts as people see them, in Debian's Chromium (tests/e2e/browser/receipts.mjs): verified where a
decision is recorded, refused when anything on the way was changed, and accepted by closegate-verify
and by the page that checks them without us. Prints TAP; pictures are in build/artefacts.
Usage: browser_receipts.py [--engine PATH] [--agent PATH] --verify PATH"""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import browser  # noqa: E402
import engine as lib  # noqa: E402
import evidence  # noqa: E402
from tap import Tap  # noqa: E402

PAGE = os.path.join(lib.ROOT, "ui-static", "dist", "closegate-verify.html")


def given_verifier():
    """The binary behind --verify, taken out of the arguments."""
    at = sys.argv.index("--verify")
    path = os.path.abspath(sys.argv[at + 1])
    del sys.argv[at:at + 2]
    return path


def desk_of(engine, agent, verifier):
    def api(person, method, path, body=None):
        status, _, data = agents.Person(agent, person).ask(method, "/api/v1/" + path, body)
        return {"status": status, "body": data if isinstance(data, (dict, list)) else str(data)}

    def cli(*words):
        return engine.book.cli(*words, check=True)[1]

    def verify(path, key):
        done = subprocess.run([verifier, "receipt", path, "--key", key, "--json"], text=True,
                              capture_output=True, timeout=20)
        return {"exit": done.returncode, "said": done.stdout}

    def another_log():
        """A stranger's key that bears the name of ours."""
        origin = "closegate/" + engine.book.rows(
            "SELECT book_id FROM audit_events WHERE seq = 1")[0]["book_id"]
        key = evidence.Key(origin, "stranger")
        return {"vkey": key.vkey, "chain": evidence.key_statement(origin, 2, None, key)}

    def rotate():
        return cli("keys", "rotate")

    return browser.Desk(api=api, verify=verify, rotate=rotate, another_log=another_log,
                        vkey=lambda: cli("keys", "export").strip(),
                        chain=lambda: cli("keys", "export", "--chain"),
                        prove=lambda seq, form: cli("audit", "prove", str(seq), "--format", form))


def main():
    verifier = given_verifier()
    engine_binary, agent_binary = agents.given()
    browser.skip_unless_installed()
    tap = Tap()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine:
        with agents.serving(engine, agent_binary) as agent:
            desk = desk_of(engine, agent, verifier)
            done = browser.run("receipts.mjs", desk, 300, agent=agent.url, page=PAGE)
            desk.close()
            tap.relay("receipts.mjs", done)
        tap.check("the log of the book is whole", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
