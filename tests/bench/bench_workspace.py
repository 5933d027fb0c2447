#!/usr/bin/env python3
"""The workspace over a queue of 5,000: the server's time for a page of 200 beside its floors (/healthz on
the same way; the engine's own answer to the same question, signed beforehand), and what Chromium
takes for a key, a decision, the first load and a scroll (workspace.mjs; with tests/e2e/browser/install).
Everything shares the machine.

    bench_workspace.py [--engine PATH] [--agent PATH] [--dir FOLDER] [--waiting N] [--no-browser]"""
import argparse
import csv
import http.client
import json
import os
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault"), HERE]
import agent as agents  # noqa: E402
import browser  # noqa: E402
import engine as lib  # noqa: E402
from bench_spine import Client, percentile, request_bytes  # noqa: E402


def line(name, seconds, note=""):
    print(f"{name:44} {percentile(seconds, .5) * 1e3:9.2f} ms {percentile(seconds, .99) * 1e3:9.2f} ms"
          f" {'':12}  {note}", flush=True)


def write_lines(book, n):
    """So many pairs that agree in everything and are above materiality: each waits for a person."""
    with open(os.path.join(lib.ROOT, "deploy/demo/saas/bank-us-operating.csv"),
              encoding="utf-8") as f:
        head, *rows = f.read().split("\n")
    balance = int(rows[-2].split(",")[-1].replace(".", ""))
    bank, ledger = os.path.join(book.dir, "bank.csv"), os.path.join(book.dir, "ledger.csv")
    with open(bank, "w", newline="", encoding="utf-8") as b, \
            open(ledger, "w", newline="", encoding="utf-8") as g:
        bank_out, ledger_out = csv.writer(b), csv.writer(g)
        bank_out.writerow(head.split(","))
        ledger_out.writerow("Line,Journal,Posted,Account,Debit,Credit,Name,Memo,Document,Batch,Event,"
                            "Reverses".split(","))
        for i in range(n):
            cents = 1_500_000 + i * 7
            balance += cents
            amount = f"{cents // 100}.{cents % 100:02}"
            bank_out.writerow([f"B-{i}", "2026-04-01", f"WIRE FROM CUSTOMER {i}", f"RB-{i}", amount,
                               f"{balance // 100}.{balance % 100:02}"])
            for k, account, debit, credit in ((1, "1010", amount, ""), (2, "1100", "", amount)):
                ledger_out.writerow([f"G-{i}-{k}", f"G-{i}", "2026-04-01", account, debit, credit,
                                     f"Customer {i}", f"Invoice {i}", f"RB-{i}", "", "", ""])
    book.cli("ingest", "--source", "bank-us-operating", bank, check=True, timeout=300)
    book.cli("ingest", "--source", "gl-us", ledger, check=True, timeout=300)
    book.cli("recon", "--entity", "acme-us", check=True, timeout=600)


def kept(port, path, headers, n):
    """The seconds of n requests on one connection, the last body."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    seconds, body = [], b""
    for _ in range(n):
        began = time.perf_counter()
        c.request("GET", path, headers=headers)
        reply = c.getresponse()
        body = reply.read()
        seconds.append(time.perf_counter() - began)
        if reply.status != 200:
            raise SystemExit(f"{path}: {reply.status} {body[:300]}")
    c.close()
    return seconds, body


def worked(*daemons):
    """Seconds of processor they have used so far: what a busy machine does not change much."""
    ticks = 0
    for daemon in daemons:
        with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as f:
            ticks += sum(int(t) for t in f.read().rsplit(")", 1)[1].split()[11:13])
    return ticks / os.sysconf("SC_CLK_TCK")


def engine_alone(engine, n):
    maria, client, seconds = lib.Caller(engine, "human:maria"), Client(engine.port), []
    for _ in range(n):
        data = request_bytes(maria, "list_pending_escalations", {"limit": 200, "brief": True})
        client.send(data)
        body = None
        while body is None:
            body = client.receive()
        seconds.append(time.perf_counter() - client.began)
    return seconds


def server(engine, agent, n):
    maria = agents.Person(agent, "maria")
    print(f"{'':44} {'median':>12} {'p99':>12}")
    line("floor: /healthz of the agent", kept(agent.port, "/healthz", {}, n)[0])
    line("floor: the engine's own answer, 200 rows", engine_alone(engine, n))
    began = worked(engine), worked(agent)
    seconds, body = kept(agent.port, "/api/v1/escalations?limit=200", maria.headers("GET"), n)
    cpu = [(worked(d) - was) / n * 1e3 for d, was in zip((engine, agent), began)]
    line("a page of 200 rows of the queue", seconds, f"{len(body) // 1000} kB; target p99 5 ms; "
         f"processor: engine {cpu[0]:.1f} ms, agent {cpu[1]:.1f} ms")
    cursor = json.loads(body)["next_cursor"]
    seconds, _ = kept(agent.port, f"/api/v1/escalations?limit=200&cursor={cursor}",
                      maria.headers("GET"), n)
    line("the page after it, without counts", seconds)
    one = maria.waiting()[0]["escalation_id"]
    seconds, _ = kept(agent.port, f"/api/v1/escalations/{one}", maria.headers("GET"), n)
    line("one escalation with its match", seconds)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--agent")
    parser.add_argument("--dir")
    parser.add_argument("--waiting", type=int, default=5000)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--no-browser", action="store_true")
    given = parser.parse_args()
    book = lib.Book(lib.find_engine(given.engine), under=given.dir)
    binary = agents.find_agent(given.agent)
    with lib.serving(book) as engine:
        engine.stop()
        write_lines(book, given.waiting)
        engine.start()
        with agents.serving(engine, binary) as agent:
            server(engine, agent, given.requests)
            if not given.no_browser:
                browser.skip_unless_installed()
                desk = browser.Desk()
                print(f"{'':44} {'median':>12} {'p95':>12}")
                done = browser.run("../../bench/workspace.mjs", desk, 600, agent=agent.url)
                print(done.stdout, end="")
                desk.close()
                if done.returncode != 0:
                    raise SystemExit(done.stderr[-2000:])


if __name__ == "__main__":
    main()
