#!/usr/bin/env python3
"""Batches: `closegate-agent run` on a real engine, before a stand-in for the model's provider
(tests/lib/llm.py): triage, a readiness report, the workflow whose tool is missing, a kill in the
middle and what is not done again, a stop, budgets, and what waits for people. Prints TAP.
Usage: agent_run.py [--engine PATH] [--agent PATH]"""
import json
import os
import re
import signal
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import llm  # noqa: E402
from shell import Shell, traces  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def entry_of(ask):
    """The entry that a triage prompt names."""
    return re.search(r'entry "([^"]+)"', ask.said).group(1)


def investigate(then):
    """A model that investigates, does what `then` says of the entry, and tells."""
    def turn(ask):
        if "Go on" in ask.said:
            return llm.Say("Looked again.")
        entry = entry_of(ask)
        if ask.steps == 0:
            return llm.Say(calls=[llm.Call("investigate_exception", {"entry_id": entry})])
        calls = then(entry) if ask.steps == 1 else []
        return llm.Say("Looked and did.", calls=calls, usage={"input": 100, "output": 10})
    return turn


def flag(entry):
    return [llm.Call("flag_exception", {"entry_id": entry, "class": "UNIDENTIFIED_RECEIPT",
                                        "rationale": "nothing in the books stands near it"})]


def comment(entry):
    return [llm.Call("comment_item", {"object": "entry:" + entry, "text": "ask treasury"})]


def run_of(shell, err):
    return re.search(r"wfr_[0-9A-Z]{26}", err).group(0)


def show(shell, run_id):
    return json.loads(shell.run("run", "show", run_id, "--json")[1])


def oldest(book, n, entity="acme-us"):
    return [r["entry_id"] for r in book.rows(
        "SELECT x.entry_id FROM exceptions x JOIN entries e USING (entry_id) WHERE x.state = 'OPEN'"
        " AND e.entity_id = ? ORDER BY e.date_days, x.exception_id LIMIT ?", entity, n)]


def triage(mock, shell, book):
    mock.on("One exception", investigate(comment))
    code, out, err = shell.run("run", "triage", "--entity", "acme-us", "--limit", "3")
    run_id = run_of(shell, err)
    said = show(shell, run_id)
    check("triage goes through its items and ends", code == 0
          and said["run"]["state"] == "SUCCEEDED" and f"run {run_id}: SUCCEEDED" in out
          and "3 commented" in out and " tokens in" in out, (code, out, err))
    check("with progress, a line an item", [line[:5] for line in err.splitlines()
          if line.startswith("[")] == ["[1/3]", "[2/3]", "[3/3]"], err)
    found = book.rows("SELECT DISTINCT object FROM comments WHERE text = 'ask treasury'")
    check("each was done in the book, once", len(found) == 3, [dict(r) for r in found])
    rows = traces(shell, said["items"][0]["session_id"])
    check("as a conversation of its own, of the person's", rows[0]["kind"] == "said"
          and rows[0]["principal_id"] == book.principal("demo-user")
          and len({i["session_id"] for i in said["items"]}) == 3, rows[0])
    offered = set(mock.entries("One exception")[-1].ask.tools)
    check("the model is offered the workflow's tools and no others", "propose_match" in offered
          and not {"confirm_match", "unmatch", "reject_match", "run_recon_pass",
                   "resolve_exception"} & offered and len(offered) <= 9, sorted(offered))
    listed = json.loads(shell.run("run", "list", "--json")[1])
    check("it stands in the list", listed[0]["run_id"] == run_id, listed[:1])
    code, _, err = shell.run("run", "--resume", run_id)
    check("what has ended never goes on", code == 1 and "has ended" in err, (code, err))
    code, said, err = shell.json("run", "triage", "--limit", "2", "--for", "human:maria")
    check("--json is one object", code == 0 and said["outcomes"] == {"commented": 2, "left": 0,
          "open": 0} and said["run"]["actor"] == "human:maria" and len(said["items"]) == 2
          and said["usage"]["output_tokens"] > 0, (said, err))


def bounded(mock, shell):
    mock.on("One exception", lambda ask: llm.Say(calls=[llm.Call(
        "investigate_exception", {"entry_id": entry_of(ask)})]))
    code, said, err = shell.json("run", "triage", "--limit", "1")
    answers = [r for r in traces(shell, said["items"][0]["session_id"]) if r["kind"] == "answered"]
    check("a model that never ends is stopped, and the next item begun", code == 0
          and said["items"][0]["outcome"] == "steps" and len(answers) == 10, (said, len(answers)))
    mock.on("One exception", lambda ask: llm.Say("x", usage={"input": 900, "output": 200}))
    env = {"CLOSEGATE_LLM_TOKENS_PER_SESSION": "1000"}
    mock.on("One exception", investigate(lambda entry: []))
    code, said, err = shell.json("run", "triage", "--limit", "2",
                                 env={"CLOSEGATE_LLM_TOKENS_PER_DAY": "1"})
    check("a day's budget that is spent stops the run, with its items left", code == 2
          and said["outcomes"]["open"] == 2 and said["run"]["state"] == "RUNNING", (code, said))
    code, out, _ = shell.run("run", "--resume", said["run"]["run_id"], env=env)
    check("which --resume does when there is some again", code == 0 and "SUCCEEDED" in out
          and "2 left" in out, (code, out))


def killed(mock, shell, book):
    """kill -9 in the middle of the second item."""
    hold = llm.Break("hold", after=1)
    seen = []

    def turn(ask):
        entry = entry_of(ask)
        if ask.steps == 0:
            seen.append(entry)
        said = investigate(flag)(ask)
        if len(set(seen)) == 2 and ask.steps == 2:
            said = llm.Say("Done with the second.", chunk=4, breaks=hold)
        return said
    mock.on("One exception", turn)
    process = shell.start("run", "triage", "--entity", "acme-us", "--limit", "3")
    hold.reached.wait(30)
    process.kill()
    err = process.communicate()[1].decode()
    hold.release.set()
    run_id = run_of(shell, err)
    said = show(shell, run_id)
    check("killed in its second item", said["run"]["state"] == "RUNNING"
          and [i["state"] for i in said["items"]] == ["DONE", "STARTED", "OPEN"], said["items"])
    before = [i.get("session_id") for i in said["items"]]
    code, out, err = shell.run("run", "--resume", run_id)
    said = show(shell, run_id)
    check("--resume does what is left", code == 0 and said["run"]["state"] == "SUCCEEDED"
          and [i["outcome"] for i in said["items"]] == ["flagged"] * 3, (code, out, err))
    check("nothing twice: what was done is not asked again", seen.count(seen[0]) == 1
          and [i["session_id"] for i in said["items"]][:2] == before[:2]
          and "[1/3]" not in err, (seen, err))
    rows = traces(shell, before[1])
    check("and the item under way goes on in its conversation", len(
        [r for r in rows if r["kind"] == "said"]) == 1 and len(
        [r for r in rows if r["kind"] == "calling" and r["body"]["tool"] == "flag_exception"]) == 1
        and [r["body"]["what"] for r in rows if r["kind"] == "noted"] == ["resumed"], rows)
    flags = book.rows("SELECT count(*) AS n FROM audit_events WHERE event LIKE ?",
                      f"%llm:chat.{before[1]}%")
    check("in the book it happened once", flags[0]["n"] == 1, flags[0]["n"])


def by_signal(mock, shell):
    hold = llm.Break("hold", after=2)
    mock.on("One exception", lambda ask: llm.Say("A long story about this entry.", chunk=5,
                                                 breaks=hold))
    process = shell.start("run", "triage", "--limit", "2")
    hold.reached.wait(30)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, err = (b.decode() for b in process.communicate(timeout=30))
    run_id = run_of(shell, err)
    said = show(shell, run_id)
    check("Ctrl-C stops it with exit 2, and says how to go on", process.returncode == 2
          and f"--resume {run_id}" in out and [i["state"] for i in said["items"]]
          == ["STARTED", "OPEN"], (process.returncode, out, err))
    code, _, err = shell.run("run", "--resume", run_id, "--for", "human:maria")
    check("nobody else's name is put to it", code == 64, (code, err))
    mock.on("Go on", lambda ask: llm.Say("Well."))
    mock.on("One exception", lambda ask: llm.Say("Nothing to do."))
    code, out, err = shell.run("run", "--resume", run_id)
    check("and it goes on", code == 0 and "2 left" in out, (code, out, err))
    process = None
    code, out, err = shell.run("run", "triage", "--limit", "2", env={
        "CLOSEGATE_LLM_BASE_URL": "http://127.0.0.1:9", "CLOSEGATE_LLM_ATTEMPTS": "1"})
    run_id = run_of(shell, err)
    check("a provider that is not there is exit 1", code == 1 and show(shell, run_id)["run"]["state"]
          == "RUNNING", (code, err))
    check("what is cancelled stays so", shell.run("run", "cancel", run_id)[0] == 0
          and show(shell, run_id)["run"]["state"] == "CANCELLED"
          and shell.run("run", "cancel", run_id)[0] == 2
          and shell.run("run", "--resume", run_id)[0] == 1)


def waits(mock, shell, book):
    """Items that end before a person leave the run waiting; it ends when they have decided."""
    match = book.rows(
        "SELECT object_id FROM escalations WHERE state = 'PENDING' AND tool = 'confirm_match' AND"
        " entity_id = 'acme-us' AND requester LIKE 'engine:%' ORDER BY amount_minor")[0]["object_id"]
    mock.on("One exception", lambda ask: llm.Say("It waits.", calls=[llm.Call(
        "escalate_match", {"match_id": match, "rationale": "for a person"})] if ask.steps == 0
        else []))
    code, said, err = shell.json("run", "triage", "--limit", "1")
    run_id = said["run"]["run_id"]
    check("an approval that is open leaves the run waiting for people", code == 0
          and said["run"]["state"] == "WAITING_HUMAN" and said["pending"] == 1
          and said["items"][0]["outcome"] == "waiting", said)
    asked = len(mock.entries())
    code, out, err = shell.run("run", "--resume", run_id)
    check("while nobody has decided it still waits", code == 0 and "WAITING_HUMAN" in out
          and "1 for people to decide: http://" in out, (code, out, err))
    returned = [r["body"] for r in traces(shell, said["items"][0]["session_id"])
                if r["kind"] == "returned"]
    shell.agent.start()
    maria = agents.Person(shell.agent, "maria")
    status, card = maria.get("escalations/" + returned[0]["escalation_id"])
    status, done = maria.decide(dict(card.get("escalation", card)), "confirm", "looked myself")
    shell.agent.stop()
    check("a person decides it", status == 200, (status, done))
    code, out, err = shell.run("run", "--resume", run_id)
    check("then the run has succeeded, and no model was asked", code == 0 and "SUCCEEDED" in out
          and len(mock.entries()) == asked, (code, out, err))


def report(mock, shell, book):
    evil = "Ready.\x1b]0;owned\x07"
    mock.on("Prepare the close", lambda ask: llm.Say(calls=[llm.Call("generate_close_summary", {
        "entity_id": re.search(r"entity ([a-z0-9-]+)", ask.said).group(1), "period": "2026-03"})])
        if ask.steps == 0 else llm.Say("#### Blockers\n\n" + evil))
    path = os.path.join(book.dir, "ready.md")
    code, out, err = shell.run("run", "close-prep", "--period", "2026-03", "--output", path)
    text = open(path, encoding="utf-8").read()
    entities = [r["entity_id"] for r in book.rows("SELECT entity_id FROM entities")]
    check("close-prep writes a report, a section an entity", code == 0 and text.count("\n## ")
          == len(entities) and all(f"## {e}\n" in text for e in entities)
          and text.count("#### Blockers") == len(entities), (code, err, text[:600]))
    check("with the engine's figures, and whose words are whose", "| open exceptions by state |"
          in text and re.search(r"OPEN: \d+", text) and "*test-model-1, ses_" in text, text[:900])
    check("in which nothing drives a terminal", "\x1b" not in text and "␛" in text)
    check("the summary is on standard output then", "written" in out or "written" in err, (out, err))
    code, _, err = shell.run("run", "close-prep", "--period", "2026-03", "--output", path)
    check("no file is written over", code == 64 and "already" in err, (code, err))
    lost = os.path.join(book.dir, "no-such-folder", "ready.md")
    code, _, err = shell.run("run", "close-prep", "--period", "2026-03", "--entity", "acme-us",
                             "--output", lost)
    asked, run_id = len(mock.entries()), run_of(shell, err)
    check("a report that cannot be written leaves the run to go on", code == 1
          and show(shell, run_id)["run"]["state"] == "RUNNING", (code, err))
    code, out, err = shell.run("run", "--resume", run_id)
    check("which writes it without asking again", code == 0 and out.startswith("# Close readiness")
          and "#### Blockers" in out and len(mock.entries()) == asked, (code, out[:200], err))
    code, out, err = shell.run("run", "close-prep", "--period", "2026-03", "--entity", "acme-us")
    check("without --output it is standard output alone", code == 0
          and out.startswith("# Close readiness, 2026-03\n") and out.count("\n## ") == 1
          and "1 written" in err, (out[:300], err))


def refused(mock, shell):
    asked = len(mock.entries())
    code, out, err = shell.run("run", "coding")
    check("coding names the tool that is missing", (code, out) == (1, "")
          and "ap_propose_invoice_coding" in err, (code, out, err))
    check("and is kept as failed", show(shell, run_of(shell, err))["run"]["state"] == "FAILED")
    code, _, err = shell.run("run", "triage", env={"CLOSEGATE_LLM_TOOLS": "list_exceptions"})
    check("so is what the configuration leaves out", code == 1 and "CLOSEGATE_LLM_TOOLS" in err,
          (code, err))
    for words in (("run",), ("run", "payroll"), ("run", "close-prep"), ("run", "triage", "--limit",
                  "0"), ("run", "triage", "--output", "x"), ("run", "close-prep", "--period",
                  "2026-13"), ("run", "--resume", "x"), ("run", "triage", "--resume", "wfr_x"),
                  ("run", "triage", "--entity", "acme-mars")):
        code, out, err = shell.run(*words)
        check(f"{' '.join(words)}: wrong usage", (code, out) == (64, ""), (code, err))
    check("nobody is refused", shell.run("run", "triage", "--for", "human:nobody")[0] == 2)
    check("of all that the model was asked nothing", len(mock.entries()) == asked)


def main():
    engine_binary, binary = agents.given()
    book = lib.Book(engine_binary)
    with lib.serving(book, ["recon"]) as engine, llm.Provider() as mock:
        agent = agents.Agent(binary, engine, env=mock.settings(
            backoff_ms=20, attempts=2, price_input="3.00", price_output="15.00"))
        shell = Shell(agent)
        refused(mock, shell)
        triage(mock, shell, book)
        bounded(mock, shell)
        killed(mock, shell, book)
        by_signal(mock, shell)
        waits(mock, shell, book)
        report(mock, shell, book)
        check("every request was as the provider wants it", mock.violations() == [],
              mock.violations()[:3])
        engine.stop()
        check("the chain is intact", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
