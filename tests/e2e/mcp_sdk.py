#!/usr/bin/env python3
"""The official SDK clients against the engine on the demo company's book: the first generation, and
the second in each of its modes. Each lists everything, calls every tool an agent sees, and validates
what comes back against the tool's outputSchema; every message passes the checking proxy.
Prints TAP. Usage: mcp_sdk.py [--engine PATH]"""
import datetime
import hashlib
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import mcp_clients  # noqa: E402
from tap import Tap  # noqa: E402

ENTITY, ACCOUNT, FEES, PERIOD = "acme-us", "1010", "6600", "2026-03"
RUNS = [("SDK 1.32.2", "2025-11-25", "sdk_v1.mjs"),
        ("SDK 2.4.0, legacy", "2025-11-25", "sdk_v2.mjs", "legacy"),
        ("SDK 2.4.0, auto", "2026-07-28", "sdk_v2.mjs", "auto"),
        ("SDK 2.4.0, 2026-07-28", "2026-07-28", "sdk_v2.mjs", "2026-07-28")]


def objects(book):
    """What there is to work with: enough of each for every run to have its own."""
    def ids(sql):
        return [row[0] for row in book.rows(sql)]
    return {"waiting": ids("SELECT object_id FROM escalations WHERE state = 'PENDING'"
                           f" AND entity_id = '{ENTITY}' ORDER BY 1"),
            "confirmed": ids("SELECT match_id FROM match_states JOIN matches USING (match_id)"
                             f" WHERE state LIKE 'CONFIRMED%' AND entity_id = '{ENTITY}'"
                             " ORDER BY 1"),
            "escalation": book.rows("SELECT escalation_id, digest FROM escalations ORDER BY 1"),
            "run": ids("SELECT run_id FROM workflow_runs ORDER BY 1"),
            **{side: book.rows("SELECT DISTINCT entry_id FROM exceptions JOIN entries USING"
                               " (entry_id) WHERE side = ? AND entries.account_id = ?"
                               " AND amount_minor <> 0 ORDER BY 1", side, ACCOUNT)
               for side in ("bank", "gl")},
            "exception": book.rows("SELECT exception_id, entry_id FROM exceptions"
                                   f" WHERE entity_id = '{ENTITY}' ORDER BY 1")}


def plan(there, n):
    """One run's calls: every tool, each with the end it has for an agent."""
    waiting, confirmed = there["waiting"][3 * n:3 * n + 3], there["confirmed"][2 * n:2 * n + 2]
    taken = {row[0] for side in ("bank", "gl") for row in there[side][:len(RUNS)]}
    exception, entry = [row for row in there["exception"] if row["entry_id"] not in taken][n]
    escalation, digest = there["escalation"][n]
    in_a_month = str(datetime.date.today() + datetime.timedelta(days=30))
    why = {"rationale": "as the test says"}
    sha = hashlib.sha256(str(n).encode()).hexdigest()

    def call(tool, want="ok", **arguments):
        return {"tool": tool, "want": want, "arguments": arguments}
    return {"entity": ENTITY, "period": PERIOD, "exception": exception, "calls": [
        call("query_audit", limit=5, entity_id=ENTITY),
        call("list_pending_escalations", limit=3),
        call("list_exceptions", entity_id=ENTITY, limit=3),
        call("find_entries", entity_id=ENTITY, q="payment", limit=3),
        call("investigate_exception", entry_id=entry),
        call("list_matches", entity_id=ENTITY, limit=3),
        call("workspace_stats", entity_id=ENTITY, days=7),
        call("bank_reconciliation", entity_id=ENTITY, account_id=ACCOUNT, date="2026-03-31"),
        call("generate_close_summary", entity_id=ENTITY, period=PERIOD),
        call("comment_item", object=exception, text="seen by a client"),
        call("assign_item", object=exception, to="human:maria"),
        call("attach_evidence", object=exception, sha256=sha, name="note.txt"),
        call("escalate_match", "pending_approval", match_id=waiting[0], **why),
        call("confirm_match", "pending_approval", match_id=waiting[1], **why),
        call("unmatch", "pending_approval", match_id=confirmed[0], **why),
        call("resolve_exception", "pending_approval", exception_id=exception,
             outcome="timing_accepted", **why),
        call("reject_match", match_id=waiting[2], **why),
        call("propose_rule", "failed", match_id=confirmed[1], **why),
        call("flag_exception", entry_id=entry, **{"class": "FX_DIFFERENCE"}, **why),
        call("propose_match", bank_ids=[there["bank"][n][0]], gl_ids=[there["gl"][n][0]],
             difference_account=FEES, **why),
        call("resolve_escalation", "denied", escalation_id=escalation, decision="confirm",
             digest=digest, **why),
        call("cancel_run", "denied", run_id=there["run"][0], **why),
        call("set_delegation", "pending_approval", to="human:maria", until=in_a_month, **why),
        call("record_delivery", "denied", escalation_id=escalation, channel="slack", status="failed",
             attempts=1),
        call("retire_rule", "failed", rule_id="rul_none", **why),
        call("run_recon_pass", entity_id="acme-uk"),
        call("run_recon_pass", "failed", entity_id="nobody"),
        call("confirm_match", "failed", match_id=7),
    ]}


def main():
    mcp_clients.skip_unless_installed()
    tap = Tap()
    book = lib.Book(lib.given_engine(),
                    env={"CLOSEGATE_AUTH_BACKEND": "dev",
                         "CLOSEGATE_WORKSPACE_URL": "http://127.0.0.1:8000"})
    with lib.serving(book, ["recon"]) as daemon:
        wire = mcp_clients.Wire(daemon.port)
        there = objects(book)
        for n, (client, revision, script, *mode) in enumerate(RUNS):
            with tap.part(client, revision):
                tap.relay(script, mcp_clients.run(
                    mcp_clients.command(script, wire.url, *mode, plan(there, n))))
        mcp_clients.check_wire(tap, wire, 150)
        tap.check("SIGTERM stops the engine cleanly", daemon.stop() == 0, daemon.tail())
        tap.check("the audit log is whole", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
