#!/usr/bin/env python3
"""The Chat of closegate-agent on a real engine before a third party's stand-in for the providers
(tests/e2e/llm/install), in both wire formats: an answer, two tool calls, errors that pass and one
that does not, a stream that breaks off. It knows nothing of ours. Prints TAP.
Usage: llm_aimock.py [--engine PATH] [--agent PATH]"""
import contextlib
import json
import os
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import llm_mocks  # noqa: E402
from talk import Talk, last_answer, notes  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
KEY, MODEL = "sk-aimock-0123456789abcdef", "some-model"


@contextlib.contextmanager
def aimock(book):
    """Its port; every reply in pieces of three characters."""
    port = lib.free_port()
    with open(os.path.join(book.dir, "aimock.log"), "ab") as log:
        process = subprocess.Popen(
            [llm_mocks.NODE, os.path.join(llm_mocks.MODULES, "@copilotkit", "aimock", "dist",
                                          "cli.js"),
             "-p", str(port), "-h", "127.0.0.1", "--strict", "--validate-on-load", "-c", "3", "-l", "2",
             "-f", os.path.join(llm_mocks.SCRIPTS, "fixtures.json")],
            env=dict(llm_mocks.environment(), AIMOCK_API_KEYS=KEY), cwd=book.dir,
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        if not lib.wait_until(lambda: answers(port), 20):
            raise SystemExit("aimock does not start: exit " + str(process.poll()))
        yield port
    finally:
        process.terminate()
        process.wait(10)


def answers(port):
    try:
        return agents.exchange(port, "GET", "/__aimock/journal", timeout=2)[0]
    except OSError:
        return None


def journal(port):
    """What it was asked; our own look is not in it."""
    _, _, data = agents.exchange(port, "GET", "/__aimock/journal?limit=1000",
                                 headers={"Authorization": "Bearer " + KEY})
    return [e for e in json.loads(data) if e["method"] == "POST"]


def one(api, port, engine, binary):
    env = {"CLOSEGATE_AGENT_MODEL": MODEL, "CLOSEGATE_LLM_API": api,
           "CLOSEGATE_LLM_BASE_URL": f"http://127.0.0.1:{port}" + ("" if api == "anthropic"
                                                                   else "/v1"),
           "ANTHROPIC_API_KEY" if api == "anthropic" else "OPENAI_API_KEY": KEY,
           "CLOSEGATE_LLM_BACKOFF_MS": "50"}
    with agents.serving(engine, binary, env=env) as agent:
        maria = agents.Person(agent, "maria")
        rows = Talk(maria, "how does it stand?").settled()["rows"]
        returned = [r for r in rows if r["kind"] == "returned"]
        check(f"{api}: two tools are called, and their results read", last_answer(rows)
              == "It stands wéll: 支払い ✓." and [r["tool"] for r in returned]
              == ["workspace_stats", "list_matches"]
              and not any(r["is_error"] for r in returned), rows)
        for what, least in (("too often", 1.0), ("too busy", 0), ("breaks off", 0),
                            ("at length", 0)):
            began = time.monotonic()
            rows = Talk(maria, f"this is {what}").settled(60)["rows"]
            check(f"{api}: {what}: it comes through", last_answer(rows) == "Here I am."
                  and time.monotonic() - began >= least, rows)
        said = Talk(maria, "not for you").settled(60)
        check(f"{api}: a refused request is a sentence", said["session"]["state"] == "FAILED"
              and notes(said["rows"]), said)
        entries = journal(port)
        check(f"{api}: its journal has the questions, under the model that is configured",
              len(entries) >= 9 and all(e["body"]["model"] == MODEL for e in entries), len(entries))
        check(f"{api}: and no key in the clear anywhere", KEY not in json.dumps(entries))
    with agents.serving(engine, binary, env=dict(env, **{
            "ANTHROPIC_API_KEY" if api == "anthropic" else "OPENAI_API_KEY": "sk-wrong"})) as agent:
        said = Talk(agents.Person(agent, "maria"), "how does it stand?").settled(60)
        check(f"{api}: a key that is none is said in a sentence", said["session"]["state"] == "FAILED"
              and "key" in notes(said["rows"])[-1][1].lower(), said)


def main():
    llm_mocks.skip_unless_installed()
    engine_binary, binary = agents.given()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine:
        for api in ("anthropic", "openai"):
            with aimock(book) as port:  # anew, because it counts what it has answered
                one(api, port, engine, binary)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
