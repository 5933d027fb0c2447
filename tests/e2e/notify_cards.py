#!/usr/bin/env python3
"""The cards that Slack and Teams get, of the demo company and of hostile bank lines, judged by their
makers' own types and renderer (tests/e2e/cards/judge.mjs) and drawn in Debian's Chromium. Messages
and pictures are in build/artefacts/cards. Prints TAP. Usage: notify_cards.py [--engine PATH] [--agent
PATH]"""
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import browser  # noqa: E402
import chat  # noqa: E402
import engine as lib  # noqa: E402
from browser_stories import write_hostile  # noqa: E402
from tap import Tap  # noqa: E402

HERE = os.path.join(lib.ROOT, "tests", "e2e", "cards")
FOLDER = os.environ.get("CLOSEGATE_CARDS") or os.path.join(lib.ROOT, "build", "cards")
NODE = os.path.join(FOLDER, "node_modules", os.path.basename(os.path.dirname(os.path.dirname(
    browser.NODE))), "bin", "node")
OUT = os.path.join(browser.ARTEFACTS, "cards")


def skip_unless_installed():
    if os.path.exists(os.path.join(FOLDER, ".installed")) and os.access(NODE, os.X_OK):
        return
    if os.environ.get("CLOSEGATE_CARDS_REQUIRED") == "1":
        print(f"1..1\nnot ok 1 - the judges of cards are installed # not in {FOLDER}")
        sys.exit(1)
    print("1..0 # SKIP no judges of cards: tests/e2e/cards/install puts them into build/cards")
    sys.exit(0)


def keep(kind, name, body):
    with open(os.path.join(OUT, f"{kind}-{name}.json"), "w", encoding="utf-8") as f:
        json.dump(body, f, ensure_ascii=False)


def collect(engine, binary, slack, teams, book):
    env = {"CLOSEGATE_NOTIFY_ALLOW": f"127.0.0.1:{slack.port},127.0.0.1:{teams.port}",
           "CLOSEGATE_SLACK_BOT_TOKEN": "xoxb-1", "CLOSEGATE_SLACK_CHANNEL": "C1",
           "CLOSEGATE_SLACK_API_URL": slack.url + "/api",
           "CLOSEGATE_TEAMS_WEBHOOK_URL": teams.url + "/hook"}
    with agents.serving(engine, binary, env=env) as agent:
        maria = agents.Person(agent, "maria")
        lib.wait_until(lambda: "followed_to_seq" in maria.get("outbox")[1], 10)
        bank, ledger = write_hostile(book)
        book.cli("ingest", "--source", "bank-us-operating", bank, check=True)
        book.cli("ingest", "--source", "gl-us", ledger, check=True)
        book.cli("recon", check=True)
        waits = maria.waiting()
        for w in waits:
            slack.posted(w["escalation_id"])
        done = next(w for w in waits if w["reason"] == "ACCOUNT_FORCED_HUMAN")
        maria.decide(done, "confirm", "seen")
        slack.wait(lambda s: s["path"] == "/api/chat.update")
        teams.wait(lambda s: b"Confirmed by" in s["body"])
        lib.wait_until(lambda: maria.get("outbox")[1]["counts"]["queued"] == 0, 10)
    for n, s in enumerate(slack.all(lambda s: s["path"].startswith("/api/"))):
        keep("slack", f"{n:03}", json.loads(s["body"]))
    for n, s in enumerate(teams.all()):
        keep("teams", f"{n:03}", json.loads(s["body"]))
    return len(waits)


def main():
    engine_binary, binary = agents.given()
    skip_unless_installed()
    tap = Tap()
    shutil.rmtree(OUT, ignore_errors=True)
    os.makedirs(OUT)
    slack, teams, book = chat.Slack(), chat.Web(), lib.Book(engine_binary)
    with lib.serving(book) as engine:
        n = collect(engine, binary, slack, teams, book)
    names = os.listdir(OUT)
    for kind in ("slack", "teams"):
        tap.check(f"a card for each of {n} that wait, and one for how one ended, in {kind}",
                  sum(f.startswith(kind) for f in names) == n + 1, names)
    env = dict(os.environ, CLOSEGATE_CARDS=FOLDER, CLOSEGATE_CHROMIUM=browser.CHROMIUM or "")
    done = subprocess.run([NODE, os.path.join(HERE, "judge.mjs"), OUT, OUT], env=env, cwd=lib.ROOT,
                          timeout=600, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    tap.relay("judge.mjs", done)
    for s in (slack, teams):
        s.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
