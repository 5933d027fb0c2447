#!/usr/bin/env python3
"""What the MCP endpoint of a real engine says without being asked again: sessions and their streams,
subscriptions, tasks that a person ends, links to the inbox, progress, and calls taken back. Prints
TAP. Usage: mcp_live.py [--engine PATH]"""
import http.client
import json
import os
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
TASKS = {"extensions": {"io.modelcontextprotocol/tasks": {}}}
LINKS = {"elicitation": {"url": {}}}


class Wire:
    """One request on a connection of its own, answered whole or in events."""

    def __init__(self, caller, body, head, method="POST", timeout=20):
        data = b"" if body is None else json.dumps(body).encode()
        head = dict({"Accept": "application/json, text/event-stream",
                     "X-Closegate-Assertion": caller.assertion(method, "/mcp", data)}, **head)
        if body is not None:
            head["Content-Type"] = "application/json"
        self.connection = http.client.HTTPConnection("127.0.0.1", caller.engine.port,
                                                     timeout=timeout)
        self.connection.request(method, "/mcp", data, head)
        self.response, self.last_id = None, None

    def open(self):
        if self.response is None:
            self.response = self.connection.getresponse()
            self.status, self.headers = self.response.status, self.response.headers
        return self

    def whole(self):
        self.open()
        text = self.response.read()
        self.connection.close()
        try:
            return self.status, json.loads(text)
        except ValueError:
            return self.status, text

    def event(self):
        """The next message of the stream; None at its end."""
        self.open()
        data = None
        while True:
            line = self.response.readline().decode().rstrip("\n")
            if line.startswith("id: "):
                self.last_id = line[4:]
            elif line.startswith("data: "):
                data = line[6:]
            elif line == "" and data:
                return json.loads(data)
            elif line == "" and self.response.isclosed():
                return None

    def until(self, wanted):
        """The events up to the first one that is `wanted`; that one last, or None."""
        heard = []
        try:
            while True:
                e = self.event()
                heard.append(e)
                if e is None or wanted(e):
                    return heard
        except OSError as e:
            return heard + [None]

    def close(self):
        """At once: also while an answer is still to come."""
        if self.response is not None:
            self.response.close()
        self.connection.close()


def modern(caller, method, params=None, name=None, capabilities=None, id=1, meta=None):
    envelope = {"io.modelcontextprotocol/protocolVersion": lib.MODERN,
                "io.modelcontextprotocol/clientCapabilities": capabilities or {}}
    envelope.update(meta or {})
    head = {"MCP-Protocol-Version": lib.MODERN, "Mcp-Method": method}
    if name:
        head["Mcp-Name"] = name
    return Wire(caller, {"jsonrpc": "2.0", "id": id, "method": method,
                         "params": dict(params or {}, _meta=envelope)}, head)


def call(caller, tool, arguments, capabilities=None, id=1, meta=None, **params):
    return modern(caller, "tools/call", dict({"name": tool, "arguments": arguments}, **params),
                  tool, capabilities, id, meta)


def legacy(caller, method, params=None, session=None, id=1, more=None):
    head = {"MCP-Protocol-Version": "2025-11-25"}
    if session:
        head["Mcp-Session-Id"] = session
    message = {"jsonrpc": "2.0", "method": method, "params": params or {}}
    if id is not None:
        message["id"] = id
    return Wire(caller, message, dict(head, **(more or {})))


def initialize(caller, capabilities=None):
    w = legacy(caller, "initialize", {"protocolVersion": "2025-11-25", "clientInfo":
                                      {"name": "t", "version": "1"},
                                      "capabilities": capabilities or {}})
    status, message = w.whole()
    return w.headers["Mcp-Session-Id"], message["result"]


def listen(caller, **wanted):
    w = modern(caller, "subscriptions/listen", {"notifications": wanted}, id="sub")
    return w, w.event()


def get_stream(caller, session, last=None):
    head = {"Mcp-Session-Id": session, "MCP-Protocol-Version": "2025-11-25"}
    if last:
        head["Last-Event-ID"] = last
    return Wire(caller, None, head, "GET").open()


def updated(uri):
    return lambda e: e is not None and e.get("method") == "notifications/resources/updated" \
        and e["params"]["uri"] == uri


class Company:
    """The demo company with a pass behind it, and somebody of the other entity alone."""

    def __init__(self, engine):
        self.book = lib.Book(engine, env={"CLOSEGATE_WORKSPACE_URL": "https://close.example"})
        self.book.make()
        self.book.cli("actor", "add", "kim", "--name", "Kim", check=True)
        self.book.cli("role", "grant", "kim", "accountant", "--entity", "acme-uk", check=True)
        self.daemon = lib.Engine(self.book)
        self.daemon.start()
        self.maria, self.sam, self.kim = (lib.Caller(self.daemon, "human:" + who)
                                          for who in ("maria", "sam", "kim"))
        self.agent = lib.Caller(self.daemon, "llm:s-1", obo="sam")
        self.spare = []

    def proposals(self):
        """One proposal after the other that policy lets people confirm."""
        if not self.spare:
            self.spare = [r["match_id"] for r in self.book.rows(
                "SELECT match_id FROM matches WHERE match_id NOT IN (SELECT match_id FROM"
                " match_states) AND match_id NOT IN (SELECT match_id FROM audit_events WHERE match_id"
                " NOT NULL AND event_type = 'POLICY_VIOLATION') AND amount_minor < 500000"
                " ORDER BY amount_minor")]
        return self.spare.pop(0)

    def events(self, kind):
        return [json.loads(r["event"]) for r in self.book.rows(
            "SELECT event FROM audit_events WHERE event_type = ? ORDER BY seq", kind)]

    def state(self, match):
        rows = self.book.rows("SELECT state FROM match_states WHERE match_id = ?", match)
        return rows[0]["state"] if rows else "PROPOSED_MATCH"


def progress(c):
    w = call(c.maria, "run_recon_pass", {"entity_id": "acme-us"}, meta={"progressToken": "p-1"})
    heard = w.until(lambda e: "result" in e)
    said = [e["params"] for e in heard[:-1]]
    check("a pass with a progress token says how far it is",
          said and all(p["progressToken"] == "p-1" for p in said), heard)
    values = [p["progress"] for p in said]
    check("in values that rise", values == sorted(set(values)), values)
    check("and ends with its result", heard[-1]["result"]["structuredContent"]["proposed"] > 0,
          heard[-1])
    status, message = call(c.maria, "run_recon_pass", {"entity_id": "acme-us"}).whole()
    check("without a token it answers whole", status == 200 and "result" in message, message)


def sessions(c):
    session, hello = initialize(c.maria)
    check("initialize gives a session and a picture",
          session and hello["serverInfo"]["icons"][0]["src"].startswith("data:image/png"), hello)
    check("somebody else's session is not there",
          legacy(c.sam, "ping", session=session).whole()[0] == 404)
    legacy(c.maria, "resources/subscribe", {"uri": "recon://status"}, session).whole()
    status, message = legacy(c.maria, "resources/subscribe", {"uri": "recon://nowhere"},
                             session).whole()
    check("what is no resource is not followed", message["error"]["code"] == -32002, message)
    stream = get_stream(c.maria, session)
    check("its stream opens", stream.status == 200, stream.status)
    c.maria.call("confirm_match", match_id=c.proposals(), rationale="seen")
    heard = stream.until(updated("recon://status"))
    check("a followed resource that changed is told of on the stream", heard[-1], heard)
    stream.close()
    c.maria.call("confirm_match", match_id=c.proposals(), rationale="seen")
    time.sleep(1)
    again = get_stream(c.maria, session, stream.last_id)
    heard = again.until(updated("recon://status"))
    check("what was missed comes after Last-Event-ID", heard[-1] and again.last_id != stream.last_id,
          (heard, again.last_id))
    check("another's Last-Event-ID is refused", get_stream(c.maria, session, "99-1").status == 400)
    again.close()
    w = Wire(c.maria, None, {"Mcp-Session-Id": session}, "DELETE")
    check("DELETE ends the session", w.whole()[0] == 204)
    check("and then it is gone", legacy(c.maria, "ping", session=session).whole()[0] == 404)


def subscriptions(c):
    match = c.proposals()
    uris = ["recon://status", "recon://matches/" + match, "recon://nowhere"]
    mine, ack = listen(c.sam, resourceSubscriptions=uris, toolsListChanged=True)
    check("listening is acknowledged with what there is to hear",
          ack["params"]["notifications"] == {"toolsListChanged": True,
                                             "resourceSubscriptions": uris[:2]}, ack)
    theirs, _ = listen(c.kim, resourceSubscriptions=uris, toolsListChanged=True)
    done = c.maria.call("confirm_match", match_id=match, rationale="seen")
    check("somebody confirms a match", done["outcome"] == "ok", done)
    heard = mine.until(updated("recon://matches/" + match))
    check("those who may see it hear of the match", heard[-1], heard)
    check("under their subscription's id", heard[-1] and
          heard[-1]["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"] == "sub", heard)
    c.book.cli("role", "grant", "sam", "accountant", "--entity", "acme-uk", check=True)
    heard = theirs.until(lambda e: e["method"] == "notifications/tools/list_changed")
    check("a changed registry is told of as changed tools", heard[-1], heard)
    check("who may see another entity only heard nothing before", len(heard) == 1, heard)
    c.book.cli("role", "grant", "kim", "accountant", "--entity", "acme-us", check=True)
    theirs.until(lambda e: e["method"] == "notifications/tools/list_changed")
    match = c.proposals()
    c.maria.call("confirm_match", match_id=match, rationale="seen")
    heard = theirs.until(updated("recon://status"))
    check("and hears once they have a role there", heard[-1], heard)
    c.book.cli("actor", "disable", "kim", check=True)
    heard = theirs.until(lambda e: "result" in e)
    check("who is disabled is not listened with any more", heard[-1] and heard[-1]["id"] == "sub",
          heard)
    mine.close()
    theirs.close()


def bursts(c):
    w, _ = listen(c.sam, resourceSubscriptions=["recon://status"])
    ids = [c.proposals() for _ in range(8)]
    for match in ids:
        c.maria.call("confirm_match", match_id=match, rationale="seen")
    began, n = time.monotonic(), 0
    w.connection.sock.settimeout(1.5)
    while w.until(updated("recon://status"))[-1]:
        n += 1
    check("a burst of changes is a few notifications", 1 <= n < len(ids), n)
    w.close()


def tasks(c):
    match = c.proposals()
    status, message = call(c.agent, "confirm_match", {"match_id": match}, TASKS).whole()
    task = message["result"]
    check("what waits for a person is a task", task.get("resultType") == "task"
          and task["status"] == "working" and task["taskId"].startswith("esc_"), message)
    id = task["taskId"]

    def get(caller):
        return modern(caller, "tasks/get", {"taskId": id}, id, TASKS).whole()[1]

    check("somebody else's task is not there", get(c.maria)["error"]["code"] == -32602, get(c.maria))
    c.agent.hang_up()
    check("the engine stops", c.daemon.stop() == 0, c.daemon.tail())
    c.daemon.start()
    check("and the task is there when it is back", get(c.agent)["result"]["status"] == "working",
          get(c.agent))
    w, ack = listen(c.agent, taskIds=[id])
    other, _ = listen(c.maria, taskIds=[id], resourceSubscriptions=["recon://escalations/" + id])
    digest = c.book.rows("SELECT digest FROM escalations WHERE escalation_id = ?", id)[0]["digest"]
    c.maria.hang_up()
    done = c.maria.call("resolve_escalation", escalation_id=id, decision="confirm", digest=digest,
                        rationale="wire 4471")
    check("a person decides", done["outcome"] == "ok", done)
    heard = w.until(lambda e: e["method"] == "notifications/tasks")
    check("who asked is told that the task moved", heard[-1] and
          heard[-1]["params"]["status"] == "completed", heard)
    heard = other.until(updated("recon://escalations/" + id))
    check("who did not ask hears of the escalation and not of the task", heard[-1] and
          all(e["method"] != "notifications/tasks" for e in heard), heard)
    final = get(c.agent)["result"]
    check("tasks/get has the tool's result", final["status"] == "completed" and
          final["result"]["structuredContent"]["status"] == "approved"
          and not final["result"]["isError"], final)
    check("the match is confirmed", c.state(match) == "CONFIRMED", c.state(match))
    w.close()
    other.close()


def tasks_taken_back(c):
    def ask(method):
        return modern(c.agent, method, {"taskId": id}, id, TASKS).whole()[1].get("result", {})

    joined = c.proposals()
    status, message = call(c.agent, "confirm_match", {"match_id": joined}, TASKS).whole()
    check("what else waits is another task", message["result"].get("resultType") == "task", message)
    id = message["result"]["taskId"]
    check("what the engine has put before people is not an agent's to cancel, though it asked, too",
          ask("tasks/cancel") == {} and ask("tasks/get")["status"] == "working")
    match = c.book.rows("SELECT match_id FROM match_states WHERE state = 'CONFIRMED'"
                        " ORDER BY match_id")[0]["match_id"]
    status, message = call(c.agent, "unmatch", {"match_id": match, "rationale": "twice"},
                           TASKS).whole()
    id = message["result"]["taskId"]
    check("tasks/cancel is acknowledged", ask("tasks/cancel")["resultType"] == "complete")
    check("and withdraws the escalation", ask("tasks/get")["status"] == "cancelled")
    check("a second time too", ask("tasks/cancel")["resultType"] == "complete")
    check("the match is as it was", c.state(match) == "CONFIRMED", c.state(match))


def links(c):
    match = c.proposals()
    status, message = call(c.agent, "confirm_match", {"match_id": match}, LINKS).whole()
    result = message["result"]
    asked = result.get("inputRequests", {}).get("approval", {}).get("params", {})
    check("a client that opens links gets the page of the decision",
          result["resultType"] == "input_required"
          and asked.get("url", "").startswith("https://close.example/inbox/esc_"), message)
    again = {"inputResponses": {"approval": {"action": "accept"}},
             "requestState": result["requestState"]}
    forged = dict(again, requestState=result["requestState"][:-2] + "AA")
    check("a state that is not ours is refused", call(
        c.agent, "confirm_match", {"match_id": match}, LINKS, **forged).whole()[1]["error"]["code"]
        == -32602)
    check("somebody else's too", "error" in call(
        c.maria, "confirm_match", {"match_id": match}, LINKS, **again).whole()[1])
    status, message = call(c.agent, "confirm_match", {"match_id": match}, LINKS, **again).whole()
    check("the second round says where it stands", message["result"]["structuredContent"]["status"]
          == "pending_approval", message)
    status, message = call(c.agent, "confirm_match", {"match_id": match}, LINKS, **again).whole()
    check("a state counts once", message["error"]["code"] == -32602, message)
    session, _ = initialize(c.agent, LINKS)
    status, message = legacy(c.agent, "tools/call", {"name": "confirm_match", "arguments":
                                                     {"match_id": match}}, session).whole()
    content = message["result"]["structuredContent"]
    check("an older client gets the page in the result",
          content["approval_url"].startswith("https://close.example/inbox/esc_"), content)
    tools = {t["name"]: t for t in legacy(c.agent, "tools/list").whole()[1]["result"]["tools"]}
    check("as the tool's schema says",
          "approval_url" in tools["confirm_match"]["outputSchema"]["properties"])
    found = {(t["name"], a): s["x-mcp-header"] for t in tools.values()
             for a, s in t["inputSchema"]["properties"].items() if "x-mcp-header" in s}
    check("the arguments mirrored in headers are those the tests know", found == lib.MIRRORED, found)


def mirrored(c):
    arguments = {"entity_id": "acme-us", "period": "2026-03"}
    status, message = call(c.maria, "generate_close_summary", arguments).whole()
    check("an argument that wants a header and has none is refused",
          status == 400 and message["error"]["code"] == -32020, message)
    check("with the header it is served",
          c.maria.call("generate_close_summary", **arguments)["outcome"] == "ok")


def busy(c, seconds):
    """Keeps the writer's groups full of comments, so that what comes next waits."""
    until = time.monotonic() + seconds

    def work():
        caller = lib.Caller(c.daemon, "human:sam")
        while time.monotonic() < until:
            caller.call("run_recon_pass", entity_id="acme-uk")
    threads = [threading.Thread(target=work) for _ in range(2)]
    for t in threads:
        t.start()
    return threads


def taken_back(c):
    """The moment of a cancellation is the machine's; what must hold is the same at every moment."""
    before = len(c.events("CANCELLED"))
    threads = busy(c, 3)
    tried, stood = 0, 0
    while threads[0].is_alive() and tried < 40:
        match = c.proposals() if tried % 20 == 0 else match
        if c.state(match) == "CONFIRMED":
            stood += 1
            match = c.proposals()
        w = call(c.maria, "confirm_match", {"match_id": match, "rationale": "seen"}, id=tried)
        time.sleep(tried % 8 * 0.002)
        w.close()
        tried += 1
    for t in threads:
        t.join()
    time.sleep(0.5)
    cancelled = c.events("CANCELLED")[before:]
    check("a closed request leaves the event CANCELLED", cancelled and all(
        e["tool"] == "confirm_match" and e["args_sha256"] and e["request_id"] and "effects" in e
        and e["effects"] == [] for e in cancelled), (tried, stood, len(cancelled)))
    print(f"# {tried} closed, {len(cancelled)} taken back in time")
    check("the book holds", *lib.chain_is_intact(c.book))


def legacy_taken_back(c):
    """A pass that is through before its taking back arrives stands, and nobody is told (docs/MCP.md):
    so it is tried until one was caught in time."""
    session, _ = initialize(c.maria)
    before = len(c.events("CANCELLED"))
    runs = [r["run_id"] for r in c.book.rows("SELECT run_id FROM workflow_runs")]

    def new_runs():
        rows = c.book.rows("SELECT run_id, state, error FROM workflow_runs")
        return [r for r in rows if r["run_id"] not in runs]

    def caught():
        return len(c.events("CANCELLED")) > before or any(
            r["state"] == "CANCELLED" and "cancelled by the client" in r["error"]
            for r in new_runs())
    unanswered = 0
    for i in range(40):
        w = legacy(c.maria, "tools/call", {"name": "run_recon_pass", "arguments":
                                           {"entity_id": "acme-us"}}, session, id=f"r{i}")
        s, d = legacy(c.maria, "notifications/cancelled", {"requestId": f"r{i}"}, session,
                      id=None).whole()
        status, body = w.whole()
        unanswered += body == b""
        if unanswered and caught():
            break
    check("a call that notifications/cancelled took back is not answered",
          s == 202 and status in (200, 202) and unanswered > 0, (s, status, body))
    check("its pass is recorded as cancelled, or was not begun", caught(),
          [tuple(r) for r in new_runs()])


def main():
    c = Company(lib.given_engine())
    try:
        for part in (progress, sessions, subscriptions, bursts, tasks, tasks_taken_back, links,
                     mirrored, taken_back, legacy_taken_back):
            part(c)
        check("SIGTERM stops it cleanly", c.daemon.stop() == 0, c.daemon.tail())
    finally:
        if c.daemon.process.poll() is None:
            c.daemon.kill()
        c.book.close()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
