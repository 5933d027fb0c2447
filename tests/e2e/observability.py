#!/usr/bin/env python3
"""What operators see of a real engine: /metrics and who may read it, /healthz and /readyz, and a
trace id from the client's header to the log and the audit event. The Grafana dashboard asks for
nothing that is not there. Prints TAP. Usage: observability.py [--engine PATH]"""
import http.client
import json
import os
import re
import signal
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
SAMPLE = re.compile(r'^([a-z_]+)(\{[^{}]*\})? (-?[0-9]+(?:\.[0-9]{6})?)$')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def get(port, path, headers=None):
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request("GET", path, headers=headers or {})
    r = c.getresponse()
    return r.status, r.headers, r.read().decode()


def parse(text):
    """{name: {labels: value}}; what is not the text format is a failed check."""
    found, types, odd = {}, {}, []
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            if name in types:
                odd.append(line)
            types[name] = kind
        elif not line.startswith("# HELP "):
            m = SAMPLE.match(line)
            if m is None:
                odd.append(line)
                continue
            labels = tuple(LABEL.findall((m.group(2) or "{}")[1:-1]))
            found.setdefault(m.group(1), {})[labels] = float(m.group(3))
    check("every line is HELP, TYPE or a sample", not odd, odd[:3])
    families = {re.sub(r"_(bucket|sum|count)$", "", n) if n not in types else n for n in found}
    check("every sample belongs to a typed family", families == set(types),
          families ^ set(types))
    return found, types


def of(found, name, **labels):
    return found[name][tuple(labels.items())]


def histograms_hold(found, types):
    for name in (n for n, kind in types.items() if kind == "histogram"):
        groups = {}
        for labels, value in found[name + "_bucket"].items():
            key = tuple(pair for pair in labels if pair[0] != "le")
            groups.setdefault(key, []).append((dict(labels)["le"], value))
        for key, buckets in groups.items():
            counts = [value for _, value in buckets]
            if counts != sorted(counts) or buckets[-1] != ("+Inf", found[name + "_count"][key]):
                return name, key
    return None


def metrics(engine, maria):
    before, _ = parse(get(engine.port, "/metrics")[2])
    maria.call("query_audit", limit=1)
    maria.call("reject_match", match_id="mat_01ARZ3NDEKTSV4RRFFQ69G5FAV", rationale="none such")
    maria.call("confirm_match", match="wrong")
    maria.call("run_recon_pass", entity_id="acme-us")
    status, head, text = get(engine.port, "/metrics")
    after, types = parse(text)
    check("/metrics is the text format 0.0.4", status == 200
          and head["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", head)

    def gained(name, **labels):
        return of(after, name, **labels) - of(before, name, **labels)

    name = "closegate_calls_total"
    check("a read is counted", gained(name, tool="query_audit", verdict="ok") == 1)
    check("and a failure, and arguments that do not fit",
          gained(name, tool="reject_match", verdict="failed") == 1
          and gained(name, tool="confirm_match", verdict="failed") >= 1)
    check("a pass, and what it asks in the engine's own name",
          gained(name, tool="run_recon_pass", verdict="ok") == 1
          and gained("closegate_calls_by_actor_total", kind="engine", verdict="ok") > 0)
    check("actors sum up to the same as tools",
          sum(after[name].values()) == sum(after["closegate_calls_by_actor_total"].values()))
    check("buckets rise and end with the count", histograms_hold(after, types) is None,
          histograms_hold(after, types))
    check("groups were committed, each in measured time",
          of(after, "closegate_commit_seconds_count") >= 1
          and of(after, "closegate_group_calls_count") >= 1
          and of(after, "closegate_commit_seconds_sum") > 0)
    head_seq = engine.book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]
    check("the chain's head is the book's", of(after, "closegate_audit_head_seq") == head_seq)
    waiting = engine.book.rows("SELECT count(*) AS n FROM escalations WHERE state = 'PENDING'")
    check("what waits for people is the book's",
          of(after, "closegate_escalations_waiting", state="PENDING") == waiting[0]["n"])
    check("answers are counted by status", gained("closegate_http_responses_total", status="200")
          >= 4)
    check("the process began just now and is resident",
          abs(of(after, "process_start_time_seconds") - time.time()) < 120
          and of(after, "process_resident_memory_bytes") > 1_000_000)
    check("nobody waits", of(after, "closegate_calls_in_flight") == 0, after.get(
        "closegate_calls_in_flight"))
    return types


def who_may_read(engine):
    for header in ("X-Forwarded-For", "Forwarded", "Origin"):
        status, _, _ = get(engine.port, "/metrics", {header: "for=203.0.113.7"})
        check(f"a request with {header} is refused", status == 403, status)
    check("a foreign Host too", get(engine.port, "/metrics", {"Host": "evil.example"})[0] == 403)
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(os.path.join(engine.book.data, "engine.sock"))
        s.sendall(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = b""
        while chunk := s.recv(65536):
            said += chunk
    check("the Unix socket may", said.startswith(b"HTTP/1.1 200"), said[:80])
    engine.book.env["CLOSEGATE_METRICS_PEERS"] = "10.0.0.0/8"
    engine.stop()
    engine.start()
    check("only the networks of CLOSEGATE_METRICS_PEERS may", get(engine.port, "/metrics")[0] == 403)


def dashboard(types):
    with open(os.path.join(lib.ROOT, "deploy", "grafana", "closegate.json"), encoding="utf-8") as f:
        board = json.load(f)
    asked = [t["expr"] for p in board["panels"] for t in p.get("targets", [])]
    known = set(types) | {n + end for n, kind in types.items() if kind == "histogram"
                          for end in ("_bucket", "_sum", "_count")}
    named = {n for e in asked for n in re.findall(r"\b(?:closegate|process)_[a-z_]+", e)}
    check("the dashboard has panels, each with a query",
          len(board["panels"]) >= 8 and all(p.get("targets") for p in board["panels"]
                                            if p["type"] != "row"))
    check("every metric it names is printed by /metrics", named and named <= known, named - known)
    quantiles = [e for e in asked if "histogram_quantile" in e]
    check("quantiles are taken of rates of buckets by le",
          quantiles and all("_bucket" in e and "rate(" in e and "le" in e for e in quantiles))


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def traced(engine, maria, traceparent):
    """The request_id of the event that a refused confirmation leaves, and the log's lines since."""
    match = engine.book.rows("SELECT min(match_id) AS id FROM matches")[0]["id"]
    size = os.path.getsize(engine.log)
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {
        "name": "reject_match", "arguments": {"match_id": match, "rationale": "traced"}}})
    body = body.encode()
    maria.post(body, {"Content-Type": "application/json", "traceparent": traceparent,
                      "X-Closegate-Assertion": maria.assertion("POST", "/mcp", body)})
    row = engine.book.rows("SELECT json_extract(event, '$.request_id') AS r FROM audit_events"
                           " WHERE json_extract(event, '$.tool') = 'reject_match' ORDER BY seq DESC LIMIT 1")
    with open(engine.log, encoding="utf-8") as f:
        f.seek(size)
        lines = [json.loads(line) for line in f]
    return row[0]["r"], [x for x in lines if x["message"] == "call answered"]


def traces(engine, maria):
    event, lines = traced(engine, maria, f"00-{TRACE}-00f067aa0ba902b7-01")
    check("a traceparent's trace id is the event's request_id", event == TRACE, event)
    check("and the log line carries it", lines and lines[-1].get("request_id") == TRACE, lines)
    for odd in (f"00-{TRACE}-00f067aa0ba902b7", f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
                f"01-{TRACE}-00f067aa0ba902b7-01", "00-" + "0" * 32 + "-00f067aa0ba902b7-01", "x"):
        event, lines = traced(engine, maria, odd)
        good = event != TRACE and re.fullmatch("[0-9a-f]{16}", event or "")
        check(f"a malformed one is as if absent: {odd[:12]}…", good, event)


def drains(engine):
    """SIGTERM while a request has not all arrived: whoever asks on a kept connection hears no."""
    kept = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=20)
    kept.request("GET", "/readyz")
    check("ready before", kept.getresponse().read() and True)
    half = socket.create_connection(("127.0.0.1", engine.port))
    half.sendall(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\n")
    time.sleep(0.2)
    engine.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    half.sendall(b"\r\n")
    said = half.recv(4096)
    check("readyz says no while the engine drains", said.startswith(b"HTTP/1.1 503")
          and b"stopping" in said, said[:200])
    half.close()
    check("and then it stops cleanly", engine.process.wait(20) == 0)


def main():
    book = lib.Book(lib.given_engine(),
                    env={"CLOSEGATE_LOG_LEVEL": "debug", "CLOSEGATE_SWEEP_SECONDS": "0"})
    with lib.serving(book) as engine:
        maria = lib.Caller(engine, "human:maria")
        check("healthz answers", get(engine.port, "/healthz")[0] == 200)
        check("readyz says ready", get(engine.port, "/readyz")[2] == '{"status":"ready"}\n')
        types = metrics(engine, maria)
        dashboard(types)
        traces(engine, maria)
        who_may_read(engine)
        drains(engine)
        if tap.failed:
            print("# " + engine.tail().replace("\n", "\n# "))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
