#!/usr/bin/env python3
"""The stand-in of tests/lib/llm.py before the providers' own clients (tests/e2e/llm/clients.mjs): what
it streams is read as meant, its errors are the errors they know, and what they send is what it takes
for right. Prints TAP."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import llm  # noqa: E402
import llm_mocks  # noqa: E402
from tap import Tap  # noqa: E402


def calls_first(ask):
    if ask.results:
        return llm.Say(", ".join(r["text"] for r in ask.results))
    return llm.Say("Ich prüfe 🌍 漢字", write=1, ascii=False, calls=[
        llm.Call("find", {"q": 'ü "quoted" 🌍'}, id="call_a", fragments=7, ascii=False),
        llm.Call("find", {"q": "b"}, id="call_b", fragments=1)],
        usage={"output": 7, "cache_read": 1000, "cache_write": 50})


def script(mock):
    mock.on("two calls", calls_first)
    mock.on("at length", lambda ask: llm.Say("so far and", stop="length"))
    mock.on("be busy", 2 * [llm.Fail(429, retry_after=1), llm.Fail(529),
                            llm.Fail(429, retry_after=1), llm.Say("free again")])
    mock.on("break off", lambda ask: llm.Say("a" * 100, breaks=llm.Break("cut", 3)))
    mock.on("fail in the middle", lambda ask: llm.Say("a" * 100, breaks=llm.Break("error", 3)))


def main():
    llm_mocks.skip_unless_installed()
    tap = Tap()
    with llm.Provider() as mock:
        script(mock)
        done = llm_mocks.run("clients.mjs", mock.url, json.dumps(llm.KEYS))
        tap.relay("clients.mjs", done)
        tap.check("nothing that they sent is taken for wrong", mock.violations() == [],
                  mock.violations())
        tap.check("and they did send", len(mock.entries()) >= 20, len(mock.entries()))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
