#!/usr/bin/env python3
"""Stories a controller lives, in Debian's Chromium (tests/e2e/browser/stories.mjs), on a real engine and
a real agent over the demo company's book, to which somebody's hostile bank and ledger lines were
added. While they are told, the agent is watched: no file of the book is ever open in it. Prints TAP;
pictures are in build/artefacts. Usage: browser_stories.py [--engine PATH] [--agent PATH]"""
import csv
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import browser  # noqa: E402
import chat  # noqa: E402
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

HTML = '<img src=x onerror="window.pwned=1"><script>window.pwned=1</script>{{7*7}}'
BIDI = "ACME \u202egpj.exe\u2066 \u200bLTD"
LONG = "lorem <b>ipsum</b> javascript:alert(1) " * 260  # about 10 kB
NAME = '"><svg onload=window.pwned=1>'
# id, memo, reference, amount: three that policy puts before a person, one nobody knows
HOSTILE = [("H-1", HTML, "HX-1", "15000.00"), ("H-2", BIDI, "HX-2", "15100.00"),
           ("H-3", LONG, "HX-3", "15200.00"), ("H-4", HTML + BIDI, "", "77.77")]


def write_hostile(book):
    """Lines as a payee could have worded them; (bank file, ledger file)."""
    with open(os.path.join(lib.ROOT, "deploy/demo/saas/bank-us-operating.csv"),
              encoding="utf-8") as f:
        head, *rows = f.read().split("\n")
    cents = int(rows[-2].split(",")[-1].replace(".", ""))
    bank, ledger = os.path.join(book.dir, "bank.csv"), os.path.join(book.dir, "ledger.csv")
    with open(bank, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow(head.split(","))
        for ident, memo, reference, amount in HOSTILE:
            cents += int(amount.replace(".", ""))
            out.writerow([ident, "2026-04-01", memo, reference, amount,
                          f"{cents // 100}.{cents % 100:02}"])
    with open(ledger, "w", newline="", encoding="utf-8") as f:
        out = csv.writer(f)
        out.writerow("Line,Journal,Posted,Account,Debit,Credit,Name,Memo,Document,Batch,Event,"
                     "Reverses".split(","))
        for ident, memo, reference, amount in HOSTILE[:3]:
            for n, account, debit, credit in ((1, "1010", amount, ""), (2, "1100", "", amount)):
                out.writerow([f"{ident}-{n}", ident, "2026-04-01", account, debit, credit,
                              NAME + BIDI, memo, reference, "", "", ""])
    return bank, ledger


class Watch(threading.Thread):
    """Looks at what the agent has open, again and again, until stop()."""

    def __init__(self, agent):
        super().__init__(daemon=True)
        self.agent, self.looks, self.wrong, self.over = agent, 0, set(), threading.Event()

    def run(self):
        while not self.over.wait(0.05):
            try:
                seen = self.agent.opened()
            except OSError:
                continue
            self.looks += 1
            self.wrong |= {f for f in seen if "recon.db" in f or f.startswith(self.agent.engine
                                                                            .book.data)}

    def stop(self):
        self.over.set()
        self.join()


def settings(slack):
    """Slack, and no more, for the one story that needs it."""
    return {"CLOSEGATE_NOTIFY_ALLOW": f"127.0.0.1:{slack.port}", "CLOSEGATE_SLACK_CHANNEL": "C1",
            "CLOSEGATE_SLACK_BOT_TOKEN": "xoxb-1", "CLOSEGATE_SLACK_API_URL": slack.url + "/api",
            "CLOSEGATE_SLACK_SIGNING_SECRET": chat.SECRET}


def desk_of(engine, agent, slack):
    people = {}

    def api(person, method, path, body=None):
        if person not in people or people[person].get("health")[0] == 401:
            people[person] = agents.Person(agent, person)
        status, _, data = people[person].ask(method, "/api/v1/" + path, body)
        return {"status": status, "body": data if isinstance(data, (dict, list)) else str(data)}

    def end_sessions(person):
        """As an administrator would: whoever they are, they sign in anew."""
        people.pop(person, None)
        code, said = agent.cli("session", "end", engine.book.principal(person))
        return {"exit": code, "said": said}

    def wait_for_engine():
        end = time.monotonic() + 20
        while agents.exchange(agent.port, "GET", "/readyz")[0] != 200 and time.monotonic() < end:
            time.sleep(0.05)
        return agents.exchange(agent.port, "GET", "/readyz")[0]

    def something_that_will_move():
        """An agent asked for a rule from a match that somebody will take back."""
        maria, sam = lib.Caller(engine, "human:maria"), lib.Caller(engine, "human:sam")
        match = sam.call("propose_match", bank_ids=["bank-us-operating:OP-0041"],
                         gl_ids=["gl-us:JE-2658-1"], difference_account="6600")["data"]["match_id"]
        maria.call("confirm_match", match_id=match)
        asked = lib.Caller(engine, "llm:s-1", obo="maria").call(
            "propose_rule", match_id=match, fee="fixed")
        return {"escalation_id": asked["data"]["escalation_id"], "moves": match}

    def move_it(match_id):
        return lib.Caller(engine, "human:maria").call("unmatch", match_id=match_id)["outcome"]

    def in_slack():
        """Something new to decide, which Slack was told of."""
        lib.Caller(engine, "human:maria").call("run_recon_pass", entity_id="acme-uk")
        waits = agents.Person(agent, "sam").waiting("&entity=acme-uk")
        one = next(w for w in waits if w["reason"] == "ACCOUNT_FORCED_HUMAN")
        if not slack.posted(one["escalation_id"]):
            raise RuntimeError("Slack heard of nothing")
        engine.book.cli("actor", "link", "human:maria", "--kind", "slack", "--subject", "T1:U1",
                        check=True)
        return one

    def press_in_slack(id, reason):
        status, said, _ = slack.press(agent, slack.posted(id), "confirm", "U1", reason=reason)
        return {"status": status, "whispered": slack.whispers("1")}

    return browser.Desk(something_that_will_move=something_that_will_move, move_it=move_it,
                        in_slack=in_slack, press_in_slack=press_in_slack, api=api, end_sessions=end_sessions, kill_engine=engine.kill,
                        start_engine=lambda: engine.start() and None, engine_back=wait_for_engine,
                        agent_log=lambda: agent.tail(40))


def main():
    engine_binary, agent_binary = agents.given()
    browser.skip_unless_installed()
    tap = Tap()
    book = lib.Book(engine_binary)
    with lib.serving(book) as engine:
        bank, ledger = write_hostile(book)
        book.cli("ingest", "--source", "bank-us-operating", bank, check=True)
        book.cli("ingest", "--source", "gl-us", ledger, check=True)
        book.cli("recon", "--entity", "acme-us", check=True)
        slack = chat.Slack()
        with agents.serving(engine, agent_binary, env=settings(slack)) as agent:
            watch, desk = Watch(agent), desk_of(engine, agent, slack)
            watch.start()
            done = browser.run("stories.mjs", desk, 900, agent=agent.url)
            watch.stop()
            desk.close()
            slack.close()
            for line in done.stdout.splitlines():
                if line.startswith("#"):
                    print(line, flush=True)
            tap.relay("stories.mjs", done)
            tap.check(f"while they were told, no file of the book was open in the agent "
                      f"({watch.looks} looks)", not watch.wrong and watch.looks > 50, watch.wrong)
            tap.check("SIGTERM stops the agent cleanly", agent.stop() == 0, agent.tail(5))
        tap.check("and the engine", engine.stop() == 0, engine.tail(5))
        tap.check("the log of the book is whole", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
