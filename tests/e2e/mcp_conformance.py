#!/usr/bin/env python3
"""The official MCP conformance suite, both revisions, against the fixtures that tests/mcp serves by
the engine's own endpoint code, through the checking proxy. The suite's exit is not enough: a server
that is not there collects passes, too. So it is asked first, and the passed checks are counted.
Prints TAP and a table. Usage: mcp_conformance.py [--engine PATH] --fixtures PATH"""
import argparse
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import mcp_clients  # noqa: E402
from tap import Tap  # noqa: E402

PACKAGE = "@modelcontextprotocol/conformance"
# revision: how many checks passed when this was written, and what must be among the scenarios that
# the suite does not score
LEAST = {"2025-11-25": 83, "2026-07-28": 196}
ALSO = {"2025-11-25": ["server-session-lifecycle", "json-schema-2020-12", "server-sse-polling"],
        "2026-07-28": ["json-schema-2020-12", "http-header-validation",
                       "http-custom-header-server-validation"]
        + ["tasks-" + t for t in ("lifecycle", "capability-negotiation", "wire-fields",
                                  "request-state-removal", "mrtr-input", "request-headers",
                                  "dispatch-and-envelope", "required-task-error",
                                  "mrtr-composition", "status-notifications")]}


def start(fixtures):
    port = lib.free_port()
    process = subprocess.Popen([fixtures, str(port)], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    return process, mcp_clients.Wire(port)


def answers(url):
    """Whether there is a server of ours: a ping of the older revisions comes back."""
    body = json.dumps({"jsonrpc": "2.0", "id": "there?", "method": "ping"}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer) == {"jsonrpc": "2.0", "id": "there?", "result": {}}
    except (OSError, ValueError) as e:
        return print(f"# {e}")


def read_checks(folder):
    """scenario → [passed, failed, what failed]; from the files the suite leaves."""
    scenarios = {}
    for path in glob.glob(os.path.join(folder, "server-*", "checks.json")):
        name = re.fullmatch(r"server-(.+)-\d{4}-\d\d-\d\dT.*",
                            os.path.basename(os.path.dirname(path))).group(1)
        with open(path, encoding="utf-8") as f:
            checks = json.load(f)
        failed = [f"{c['id']}: {c.get('errorMessage')}" for c in checks
                  if c["status"] in ("FAILURE", "WARNING")]
        passed = sum(c["status"] == "SUCCESS" for c in checks)
        scenarios[name] = [passed, len(failed), failed]
    return scenarios


def run_revision(tap, url, revision):
    with tempfile.TemporaryDirectory(prefix="closegate-mcp-") as folder:
        done = mcp_clients.theirs(PACKAGE, "dist/index.js", "server", "--url", url,
                                  "--requirements", revision, "-o", folder, timeout=240,
                                  cwd=folder)
        scenarios = read_checks(folder)
    passed = sum(s[0] for s in scenarios.values())
    failed = sum(s[1] for s in scenarios.values())
    tap.rows.append((f"conformance, {len(scenarios)} scenarios", revision, passed, failed))
    tap.check(f"{revision}: every required scenario passes", done.returncode == 0,
              done.stdout[-500:] + done.stderr[-500:])
    for name, (_, bad, why) in sorted(scenarios.items()):
        if bad:
            tap.check(f"{revision}: {name}", False, why)
    tap.check(f"{revision}: at least {LEAST[revision]} checks pass, and none fails or warns",
              passed >= LEAST[revision] and failed == 0, (passed, failed))
    for name in ALSO[revision]:
        # this one's checks are all skipped by the suite itself in this version
        least = 0 if name == "tasks-status-notifications" else 1
        tap.check(f"{revision}: {name} is run and green, though not scored",
                  name in scenarios and scenarios[name][0] >= least and not scenarios[name][1],
                  scenarios.get(name))


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--engine")
    options.add_argument("--fixtures", required=True)
    mcp_clients.skip_unless_installed()
    tap = Tap()
    process, wire = start(os.path.abspath(options.parse_args().fixtures))
    try:
        if answers(wire.url):
            for revision in LEAST:
                run_revision(tap, wire.url, revision)
            mcp_clients.check_wire(tap, wire, 280)
        else:
            tap.check("the fixtures answer", False, process.poll())
    finally:
        process.terminate()
        tap.check("SIGTERM stops the fixtures cleanly", process.wait(20) == 0)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
