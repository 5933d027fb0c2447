#!/usr/bin/env python3
"""The model without a browser: `closegate-agent ask` on a real engine, before a stand-in for the
model's provider (tests/lib/llm.py): what stands on which output, whose words they are, going on,
stdin, --json, escape characters, budgets, a stop by signal and a kill in the middle. Prints TAP.
Usage: agent_ask.py [--engine PATH] [--agent PATH]"""
import json
import os
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import llm  # noqa: E402
from shell import Shell, id_of, traces  # noqa: E402
from talk import Talk  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def an_answer(mock, shell, book):
    mock.on("why unmatched", lambda ask: llm.Say("Let me look.", calls=[
        llm.Call("list_matches", {"entity_id": "acme-us", "limit": 1})]) if ask.steps == 0
        else llm.Say("Die Zahlung ist da: ✓ 🏦.", write=1, ascii=False,
                     usage={"input": 1000, "output": 40}))
    code, out, err = shell.run("ask", "why unmatched?")
    check("an answer stands on standard output, nothing else does", (code, out)
          == (0, "Let me look.\nDie Zahlung ist da: ✓ 🏦.\n"), (code, out, err))
    check("what was called, tokens and cost stand on standard error", "list_matches: ok" in err
          and " tokens in, " in err and " USD, session ses_" in err, err)
    rows = traces(shell, id_of(err))
    check("it is traced as every conversation, of origin ask", [r["kind"] for r in rows][0] == "said"
          and "returned" in [r["kind"] for r in rows] and shell.run("traces", "list", "--json")[1]
          .count('"origin":"ask"') == 1, rows[:2])
    me = book.principal("demo-user")
    check("on behalf of whom the registry links this user of this host to",
          rows[0]["principal_id"] == me and rows[0]["actor"] == "human:demo-user", rows[0])
    return id_of(err)


def whose(mock, shell, book):
    mock.on("who am I", lambda ask: llm.Say("You."))
    code, said, err = shell.json("ask", "who am I?", "--for", "human:maria")
    check("--for asks for another person", code == 0
          and traces(shell, said["session_id"])[0]["principal_id"] == book.principal("maria"), err)
    mine = said["session_id"]
    code, out, err = shell.run("ask", "and now?", "--session", mine)
    check("a conversation is its person's alone", (code, out) == (1, "")
          and "no such conversation" in err, (code, err))
    asked = len(mock.entries())
    code, out, err = shell.run("ask", "who am I?", "--for", "human:nobody")
    check("nobody is refused, and the model not asked", (code, out) == (2, "")
          and "human:nobody" in err and len(mock.entries()) == asked, (code, err))
    code, _, err = shell.run("ask", "who am I?", "--for", "maria")
    check("--for names an actor", code == 64 and "human:ID" in err, (code, err))
    check("the model is not a person", shell.run("ask", "x", "--for", "llm:maria")[0] == 64)
    code, _, err = shell.run("ask", "x", "--entity", "acme-mars")
    check("an entity that is none of theirs", code == 64 and "no such entity" in err, (code, err))
    check("a conversation's entity is the new one's", shell.run(
        "ask", "x", "--entity", "acme-us", "--session", mine)[0] == 64)
    check("an id that is none", shell.run("ask", "x", "--session", "../x")[0] == 64)
    bare = Shell(shell.agent)
    bare.env = {k: v for k, v in shell.agent.env.items()
                if "LLM" not in k and "MODEL" not in k and not k.endswith("API_KEY")}
    code, _, err = bare.run("ask", "x")
    check("without a model it says what to set", code == 1 and "CLOSEGATE_AGENT_MODEL" in err,
          (code, err))


def disabled(mock, shell, book, engine):
    engine.stop()
    book.cli("actor", "disable", "human:sam", "--rationale", "left", check=True)
    engine.start()
    before = len(mock.entries())
    code, out, err = shell.run("ask", "who am I?", "--for", "human:sam")
    check("somebody who is disabled is refused", (code, out) == (2, "") and "disabled" in err
          and len(mock.entries()) == before, (code, out, err))


def goes_on(mock, shell, session_id):
    mock.on("and the fee", lambda ask: llm.Say("|".join(m["text"] for m in ask.messages)))
    code, out, _ = shell.run("ask", "and the fee?", "--session", session_id)
    check("--session goes on with what was said", code == 0 and "why unmatched?" in out
          and "🏦" in out, (code, out))
    code, said, _ = shell.json("ask", "--session", session_id, stdin=b"and the fee, once more?\n")
    check("words come from standard input, without the line's end", code == 0
          and said["answer"].endswith("and the fee, once more?"), said["answer"])
    check("- is standard input, too", shell.json(
        "ask", "-", stdin="and the fee, ünïcode?".encode())[1]["answer"].endswith("ünïcode?"))
    for what, words in (("nothing", b" \n"), ("what is no UTF-8", b"\xff\xfe"), ("NUL", b"a\0b"),
                        ("too much", b"x" * 20001)):
        code, out, err = shell.run("ask", stdin=words)
        check(f"{what} is not asked", (code, out) == (64, ""), (code, err[:200]))
    check("20000 bytes are", shell.run("ask", stdin=b"and the fee " + b"x" * 19988)[0] == 0)


def as_json(mock, shell):
    mock.on("two things", lambda ask: llm.Say("Looking.", calls=[llm.Call("workspace_stats", {})])
            if ask.steps == 0 else llm.Say("Two.", usage={"input": 10, "output": 2}))
    code, said, _ = shell.json("ask", "two things", "--entity", "acme-us")
    check("--json is one object: the answer, its rows, what it took", code == 0
          and said["answer"] == "Two." and said["outcome"] == "answered"
          and [r["kind"] for r in said["rows"]] == ["said", "answered", "returned", "answered"]
          and said["calls"] == {"ok": 1} and said["pending"] == []
          and said["usage"]["output_tokens"] >= 2 and said["session"]["origin"] == "ask"
          and said["session"]["entity_id"] == "acme-us", said)


def low_match(book):
    return book.rows(
        "SELECT object_id FROM escalations WHERE state = 'PENDING' AND tool = 'confirm_match' AND"
        " reason = 'STRATEGY_REQUIRES_HUMAN' AND entity_id = 'acme-us' AND requester LIKE 'engine:%'"
        " ORDER BY amount_minor")[0]["object_id"]


def policy(mock, shell, book):
    match = low_match(book)
    mock.on("clear what you can", lambda ask: llm.Say(calls=[
        llm.Call("confirm_match", {"match_id": match, "rationale": "same payout"}),
        llm.Call("no_such_tool", {})]) if ask.steps == 0 else llm.Say("One waits."))
    code, out, err = shell.run("ask", "clear what you can", "--for", "human:maria")
    found = book.rows("SELECT escalation_id FROM escalation_parties WHERE role = 'agent' AND actor"
                      " = ?", "llm:chat." + id_of(err))
    check("what policy reserves waits for people, under the conversation's own name", code == 0
          and len(found) == 1, (err, found))
    check("and where it is decided is said", f"/inbox/{found[0]['escalation_id']}" in err
          and "confirm_match: pending_approval" in err and out == "One waits.\n", err)
    check("a tool that is not offered is refused in words", "no_such_tool: refused" in err, err)
    mock.on("what waits", lambda ask: llm.Say(calls=[llm.Call("confirm_match", {
        "match_id": match, "rationale": "x"})]) if ask.steps == 0 else llm.Say("It does."))
    code, said, _ = shell.json("ask", "what waits", "--for", "human:maria")
    check("--json lists what waits", code == 0 and (said["calls"].get("pending_approval", 0)
          == len(said["pending"])) and all(p["url"].endswith(p["escalation_id"])
                                           for p in said["pending"]), said["calls"])


def inert(mock, shell):
    evil = "a\x1b]0;owned\x07b\x1b[2J\x9b31mc\u202ed\r\tEND\x00\x08"
    mock.on("be evil", lambda ask: llm.Say(evil, chunk=1, calls=[
        llm.Call("list_matches\x1b[2J", {})]) if ask.steps == 0 else llm.Say(evil))
    code, out, err = shell.run("ask", "be evil")
    drives = [c for c in out + err if (ord(c) < 32 and c not in "\n\t") or 0x7f <= ord(c) < 0xa0
              or c == "\u202e"]
    check("what a model says drives no terminal", code in (0, 1) and not drives and "END" in out
          and "␛" in out, (code, drives, out))


def stopped(mock, shell):
    mock.on("spend", lambda ask: llm.Say("more", calls=[llm.Call("workspace_stats", {})],
                                         usage={"input": 600, "output": 10}))
    code, said, err = shell.json("ask", "spend", env={"CLOSEGATE_LLM_TOKENS_PER_SESSION": "1000"})
    check("a budget stops it with exit 2", code == 2 and said["outcome"] == "budget"
          and "CLOSEGATE_LLM_TOKENS_PER_SESSION" in said["why"] and "TOKENS_PER" in err, said)
    code, said, _ = shell.json("ask", "spend", env={"CLOSEGATE_LLM_STEPS": "2"})
    check("so does the limit of steps", code == 2 and said["outcome"] == "steps", said)
    mock.on("decline", lambda ask: llm.Say("", stop="refused"))
    code, said, _ = shell.json("ask", "decline")
    check("and a model that declines", code == 2 and said["outcome"] == "refused", said)
    mock.on("no credit", lambda ask: llm.Fail(401))
    code, said, err = shell.json("ask", "no credit")
    check("a provider that refuses us is exit 1, in words", code == 1
          and said["outcome"] == "failed" and said["why"], said)
    mock.on("no credit", lambda ask: llm.Say("Now."))
    code, out, err = shell.run("ask", "--resume", "--session", said["session_id"])
    check("--resume tries it again", (code, out) == (0, "Now.\n"), (code, out, err))
    code, _, err = shell.run("ask", "--resume", "--session", said["session_id"])
    check("but nothing twice", code == 1 and "no turn" in err, (code, err))
    mock.on("breaks off", [llm.Say("Half an answ", breaks=llm.Break("cut")), llm.Say("Whole.")])
    code, out, err = shell.run("ask", "breaks off")
    check("an answer that broke off begins anew on its own line", code == 0
          and out.endswith("\nWhole.\n") and "Trying again" in err, (code, out, err))


def by_signal(mock, shell):
    hold = llm.Break("hold", after=2)
    mock.on("a long story", lambda ask: llm.Say("Once upon a time there was a ledger.",
                                                chunk=5, breaks=hold))
    process = shell.start("ask", "a long story")
    hold.reached.wait(15)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = (b.decode() for b in process.communicate(timeout=30))
    rows = traces(shell, id_of(err))
    check("Ctrl-C stops it: what was said until then is kept", process.returncode == 2
          and out.startswith("Once") and "ledger" not in out and [r["kind"] for r in rows][-1]
          == "noted" and rows[-1]["body"]["what"] == "stopped", (process.returncode, out, err))
    check("in the transcript, too", any(r["kind"] == "answered" for r in rows), rows)
    mock.on("nobody reads on", lambda ask: llm.Say("x" * 4000, chunk=100, delay=0.01))
    process = shell.start("ask", "nobody reads on")
    process.stdout.close()
    err = process.stderr.read().decode()
    check("a pipe that was closed ends it", process.wait(30) == 1 and "standard output" in err, err)


def from_the_chat(mock, shell):
    """The person's own Chat sees the conversation, and its stop holds in the other process."""
    hold = llm.Break("hold", after=2)
    mock.on("a slow story", lambda ask: llm.Say("Once upon a time there was a ledger.", chunk=5,
                                                breaks=hold))
    shell.agent.start()
    maria = agents.Person(shell.agent, "maria")
    process = shell.start("ask", "a slow story", "--for", "human:maria", "--json")
    hold.reached.wait(15)
    talk = Talk(maria, session_id=maria.get("chat/sessions?limit=1")[1]["sessions"][0]["session_id"])
    check("the Chat shows it as under way", talk.read()["session"]["turn_open"] is True)
    talk.do("stop")
    talk.settled()
    hold.release.set()
    out, _ = process.communicate(timeout=30)
    said, rows = json.loads(out), talk.read()["rows"]
    check("stopped there, it has stopped here", process.returncode == 2 and said["outcome"]
          == "stopped" and said["session_id"] == talk.session_id, (process.returncode, said))
    check("and what the model said afterwards is nobody's", [r["kind"] for r in rows]
          == ["said", "noted"] and talk.read()["session"]["turn_open"] is False, rows)
    mock.on("and then", lambda ask: llm.Say("The end."))
    code, out, err = shell.run("ask", "and then?", "--session", talk.session_id, "--for",
                               "human:maria")
    check("either may go on with it", (code, out) == (0, "The end.\n"), (code, err))
    shell.agent.stop()


def killed(mock, shell, book):
    """kill -9 while a call is on its way; --resume asks the engine what came of it."""
    match = low_match(book)
    hold = llm.Break("hold", after=1)
    mock.on("in two steps", lambda ask: llm.Say("First.", calls=[llm.Call(
        "comment_item", {"object": "match:" + match, "text": "looked at by ask"})]) if ask.steps == 0
        else llm.Say("Second and last.", chunk=4, breaks=hold))
    process = shell.start("ask", "in two steps", "--for", "human:maria")
    hold.reached.wait(15)
    process.kill()
    process.communicate()
    hold.release.set()
    code, said, _ = 0, json.loads(shell.run("traces", "list", "--json", "--limit", "1")[1])[0], 0
    check("killed, its turn is open", said["turn_open"] is True, said)
    session_id = said["session_id"]
    code, _, err = shell.run("ask", "more", "--session", session_id, "--for", "human:maria")
    check("nothing is said meanwhile", code == 1 and "--resume" in err, (code, err))
    code, out, err = shell.run("ask", "--resume", "--session", session_id, "--for", "human:maria")
    rows = traces(shell, session_id)
    check("--resume goes on where it stood", code == 0 and out == "Second and last.\n"
          and len([r for r in rows if r["kind"] == "calling"]) == 1
          and [r["body"]["what"] for r in rows if r["kind"] == "noted"] == ["resumed"],
          (code, out, err))


def main():
    engine_binary, binary = agents.given()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine, llm.Provider() as mock:
        agent = agents.Agent(binary, engine, env=mock.settings(
            backoff_ms=20, attempts=3, price_input="3.00", price_output="15.00"))
        shell = Shell(agent)
        session_id = an_answer(mock, shell, book)
        whose(mock, shell, book)
        goes_on(mock, shell, session_id)
        as_json(mock, shell)
        policy(mock, shell, book)
        inert(mock, shell)
        stopped(mock, shell)
        by_signal(mock, shell)
        from_the_chat(mock, shell)
        killed(mock, shell, book)
        disabled(mock, shell, book, engine)
        check("every request was as the provider wants it", mock.violations() == [],
              mock.violations()[:3])
        engine.stop()
        check("the chain is intact", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
