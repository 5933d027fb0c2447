#!/usr/bin/env python3
"""The MCP Inspector's command line against the engine on the demo company's book: it lists and calls
in both eras, lints every tool's schemas strictly, and follows a call that waits for a human as a
task to its end. Every message passes the checking proxy. Prints TAP.
Usage: mcp_inspector.py [--engine PATH]"""
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import mcp_clients  # noqa: E402
from tap import Tap  # noqa: E402

PROGRAM = os.path.join("clients", "launcher", "build", "index.js")


def words(wire, *more):
    return ["--cli", "--server-url", wire.url, "--transport", "http", "--format", "json", *more]


def inspect(wire, *more):
    """(exit, what it printed as JSON or None, what it said beside)."""
    done = mcp_clients.theirs("@modelcontextprotocol/inspector", PROGRAM, *words(wire, *more))
    try:
        return done.returncode, json.loads(done.stdout), done.stderr
    except ValueError:
        return done.returncode, None, done.stdout[-300:] + done.stderr[-300:]


def lists_and_calls(tap, wire, era):
    head = ["--protocol-era", era, "-q"]
    code, data, said = inspect(wire, *head, "--method", "tools/list")
    tools = (data or {}).get("result", data or {}).get("tools", [])
    tap.check(f"{era}: tools/list", code == 0 and len(tools) > 15, said)
    code, data, said = inspect(wire, *head, "--method", "tools/call", "--tool-name", "query_audit",
                               "--tool-args-json", '{"limit":1}')
    result = (data or {}).get("result", data or {})
    tap.check(f"{era}: tools/call", code == 0 and result["structuredContent"]["events"], said)
    code, data, said = inspect(wire, *head, "--method", "resources/read", "--uri", "recon://status")
    tap.check(f"{era}: resources/read", code == 0 and "book_id" in json.dumps(data), said)


def lint(tap, wire):
    done = mcp_clients.theirs("@modelcontextprotocol/inspector", PROGRAM,
                              *words(wire, "--method", "tools/list", "--strict"))
    tap.check("--strict finds nothing wrong with any tool's schemas, nor to warn of",
              done.returncode == 0 and "Warning" not in done.stderr and "Error:" not in done.stderr
              and len(json.loads(done.stdout).get("result", json.loads(done.stdout))["tools"]) > 15,
              done.stderr[-600:])


def wait_for_task(book, match):
    """The escalation that the agent's call opened, once it is in the book."""
    rows = lib.wait_until(lambda: book.rows(
        "SELECT escalation_id, digest FROM escalations JOIN escalation_parties"
        " USING (escalation_id) WHERE object_id = ? AND actor = 'llm:dev'", match), 30, 0.1)
    return rows[0] if rows else None


def through_a_task(tap, wire, daemon, book, decision, exit_code):
    """An agent asks for what a human decides; the Inspector polls; a human decides meanwhile."""
    match = book.rows("SELECT object_id FROM escalations WHERE state = 'PENDING' AND tool ="
                      " 'confirm_match' AND reason = 'ACCOUNT_FORCED_HUMAN' AND entity_id ="
                      " 'acme-us' ORDER BY amount_minor")[0][0]
    waiting = subprocess.Popen(
        [mcp_clients.NODE, os.path.join(mcp_clients.MODULES, "@modelcontextprotocol", "inspector",
                                        PROGRAM),
         *words(wire, "--protocol-era", "modern", "-q", "--method", "tools/call", "--tool-name",
                "confirm_match", "--tool-args-json",
                json.dumps({"match_id": match, "rationale": "same payout"}))],
        env=mcp_clients.environment(), text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE)
    found = wait_for_task(book, match)
    tap.check(f"{decision}: the call waits in the book", found is not None)
    if found is not None:
        said = lib.Caller(daemon, "human:maria").call(
            "resolve_escalation", escalation_id=found["escalation_id"], decision=decision,
            digest=found["digest"], rationale="read the remittance")
        tap.check(f"{decision}: a human answers", said["outcome"] == "ok", said)
    try:
        out, err = waiting.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        waiting.kill()
        out, err = waiting.communicate()
    result = json.loads(out or "{}").get("result", {})
    tap.check(f"{decision}: the Inspector's task ends with what the human decided",
              waiting.returncode == exit_code and result.get("isError") == (exit_code != 0)
              and result["structuredContent"].get("decided_by") == "human:maria",
              (waiting.returncode, out[-400:], err[-400:]))
    state = book.rows("SELECT state FROM match_states WHERE match_id = ?", match)[0][0]
    tap.check(f"{decision}: and so it stands in the book",
              state.startswith("CONFIRMED") == (decision == "confirm"), state)


def main():
    mcp_clients.skip_unless_installed()
    tap = Tap()
    book = lib.Book(lib.given_engine(), env={"CLOSEGATE_AUTH_BACKEND": "dev"})
    with lib.serving(book, ["recon"]) as daemon:
        wire = mcp_clients.Wire(daemon.port)
        with tap.part("Inspector 2.12.0", "2025-11-25"):
            lists_and_calls(tap, wire, "legacy")
        with tap.part("Inspector 2.12.0", "2026-07-28"):
            lists_and_calls(tap, wire, "modern")
        with tap.part("Inspector 2.12.0, --strict", "2025-11-25"):
            lint(tap, wire)
        with tap.part("Inspector 2.12.0, tasks", "2026-07-28"):
            through_a_task(tap, wire, daemon, book, "confirm", 0)
            through_a_task(tap, wire, daemon, book, "reject", 5)
        checked = mcp_clients.check_wire(tap, wire, 20)
        tap.check("tasks were among it", checked.get("tasks CreateTaskResult") == 2
                  and checked.get("tasks GetTaskResult", 0) >= 2, checked)
        tap.check("SIGTERM stops the engine cleanly", daemon.stop() == 0, daemon.tail())
        tap.check("the audit log is whole", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
