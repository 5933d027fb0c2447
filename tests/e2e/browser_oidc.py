#!/usr/bin/env python3
"""Signing in with a certified OpenID provider, in Debian's Chromium (tests/e2e/browser/oidc.mjs). Prints TAP.
Usage: browser_oidc.py [--engine PATH] [--agent PATH]"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import browser  # noqa: E402
import engine as lib  # noqa: E402
import idp  # noqa: E402
from agent_signin import Site  # noqa: E402
from tap import Tap  # noqa: E402


def main():
    engine_binary, binary = agents.given()
    browser.skip_unless_installed()
    idp.skip_unless_installed()
    tap = Tap()
    with lib.serving(lib.Book(engine_binary), ["recon"]) as engine, Site(engine, binary) as site:
        site.provider.set(person="maria")
        desk = browser.Desk(end_sessions=lambda: site.agent.cli(
            "session", "end", engine.book.principal("maria"))[0])
        done = browser.run("oidc.mjs", desk, 200, agent=site.url, issuer=site.provider.issuer)
        desk.close()
        tap.relay("oidc.mjs", done)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
