#!/usr/bin/env python3
"""What the engine puts on the wire where the usual clients do not look: refusals, streams,
subscriptions, tasks in every state, links to the approval page. Each message passes the checking
proxy (tests/e2e/mcp/wire_check.mjs), which holds it against the official JSON Schemas.
Prints TAP. Usage: mcp_wire.py [--engine PATH]"""
import http.client
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
import mcp_clients  # noqa: E402
from tap import Tap  # noqa: E402

TASKS = "io.modelcontextprotocol/tasks"
META = "io.modelcontextprotocol/"


class Client:
    """Requests of one caller through the proxy, in either era."""

    def __init__(self, port):
        self.port, self.n, self.session = port, 0, None

    def send(self, method, body, headers):
        """(connection, response); the body is not read."""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        c.request(method, "/mcp", body, headers)
        return c, c.getresponse()

    def post(self, message, **headers):
        """(status, JSON or None) of one POST; of a stream, the last message."""
        body = message if isinstance(message, bytes) else json.dumps(message).encode()
        head = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
        head.update({k.replace("_", "-"): v for k, v in headers.items() if v is not None})
        c, r = self.send("POST", body, head)
        self.session = r.headers.get("MCP-Session-Id") or self.session
        text = r.read().decode()
        c.close()
        if (r.headers.get("Content-Type") or "").startswith("text/event-stream"):
            text = [line[5:] for line in text.splitlines() if line.startswith("data:")][-1]
        return r.status, json.loads(text) if text else None

    def message(self, method, params):
        self.n += 1
        return {"jsonrpc": "2.0", "id": self.n, "method": method, "params": params}

    def legacy(self, method, **params):
        return self.post(self.message(method, params), MCP_Session_Id=self.session)[1]

    def modern_message(self, method, capabilities, params):
        meta = {META + "protocolVersion": lib.MODERN, META + "clientCapabilities": capabilities}
        return self.message(method, dict(params, _meta=meta))

    def modern(self, method, capabilities=None, **params):
        return self.post(self.modern_message(method, capabilities or {}, params),
                         **modern_head(method, params))[1]

    def listen(self, **wanted):
        """An open subscription: a function that gives its next message."""
        message = self.modern_message("subscriptions/listen", {"extensions": {TASKS: {}}}, {"notifications": wanted})
        head = {k.replace("_", "-"): v for k, v in modern_head(message["method"], {}).items()
                if v is not None}
        c, r = self.send("POST", json.dumps(message).encode(),
                         dict(head, **{"Content-Type": "application/json",
                                       "Accept": "text/event-stream"}))
        return events(c, r)

    def stream(self):
        """The session's own stream."""
        return events(*self.send("GET", None, {"Accept": "text/event-stream",
                                               "MCP-Session-Id": self.session}))


def events(connection, response):
    def next_message():
        end = time.monotonic() + 15  # comments keep a stream alive that says nothing
        for line in response:
            if line.startswith(b"data:") and line[5:].strip():
                return json.loads(line[5:])
            if time.monotonic() > end:
                break
        connection.close()
        return {"method": "none came"}
    return next_message


def modern_head(method, params):
    name = params.get("name") or params.get("uri") or params.get("taskId")
    return {"MCP_Protocol_Version": lib.MODERN, "Mcp_Method": method, "Mcp_Name": name}


def code(message):
    return (message or {}).get("error", {}).get("code")


def refusals(tap, client):
    wrong = [(b"{", -32700), (b"", -32700), (b"[]", -32600), (b"[1]", -32600), (b'"x"', -32600),
             (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600),
             (b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', -32700),
             (b'{"jsonrpc":"2.0","id":"a","method":"nope"}', -32601),
             (b'{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{}}', -32602),
             (b'{"jsonrpc":"2.0","id":"a","method":"initialize","params":{}}', -32602)]
    for body, want in wrong:
        tap.check(f"legacy: {body.decode()[:40]!r} is {want}", code(client.post(body)[1]) == want)
    for version in ("2025-11-25", "2025-06-18", "2025-03-26"):
        client.post(client.message("initialize", {"protocolVersion": version, "capabilities": {},
                                                  "clientInfo": {"name": "t", "version": "1"}}))
    for method in ("tools/list", "resources/list", "prompts/list", "resources/templates/list"):
        tap.check(f"legacy: a cursor nobody gave, {method}",
                  code(client.legacy(method, cursor="zzz")) == -32602)
        tap.check(f"modern: the same, {method}", code(client.modern(method, cursor="zzz")) == -32602)
    can = {"extensions": {TASKS: {}}}
    odd = [("tools/call", {"name": "nope"}, -32602), ("prompts/get", {"name": "nope"}, -32602),
           ("prompts/get", {"name": "close_checklist", "arguments": {"period": 1}}, -32602),
           ("resources/read", {"uri": "recon://nope"}, -32602),
           ("resources/read", {"uri": "x:"}, -32602),
           ("completion/complete", {"ref": {"type": "ref/prompt", "name": "nope"},
                                    "argument": {"name": "a", "value": ""}}, -32602),
           ("tasks/get", {"taskId": "nope"}, -32602), ("tasks/cancel", {"taskId": "nope"}, -32602),
           ("tasks/update", {"taskId": "nope", "inputResponses": {}}, -32602),
           ("tasks/list", {}, -32601), ("ping", {}, -32601), ("roots/list", {}, -32601),
           ("logging/setLevel", {"level": "info"}, -32601)]
    for method, params, want in odd:
        answer = client.modern(method, can, **params)
        tap.check(f"modern: {method} {json.dumps(params)[:40]} is {want}", code(answer) == want, answer)
        answer = client.legacy(method, **params)
        known = method in ("ping", "logging/setLevel") or code(answer) in (want, -32601, -32002)
        tap.check(f"legacy: {method} {json.dumps(params)[:40]} has an answer, too", known, answer)
    tap.check("modern: a task for a client that declares none is -32021",
              code(client.modern("tasks/get", taskId="nope")) == -32021)
    headers(tap, client)


def headers(tap, client):
    list_tools = client.modern_message("tools/list", {}, {})
    status, answer = client.post(list_tools, MCP_Protocol_Version=lib.MODERN, Mcp_Method="ping")
    tap.check("modern: headers that disagree are -32020", (status, code(answer)) == (400, -32020))
    status, answer = client.post(list_tools)
    tap.check("modern: headers that are missing too", (status, code(answer)) == (400, -32020))
    del list_tools["params"]["_meta"][META + "clientCapabilities"]
    status, answer = client.post(list_tools, **modern_head("tools/list", {}))
    tap.check("modern: no capabilities is -32602", (status, code(answer)) == (400, -32602))
    list_tools["params"]["_meta"] = {META + "protocolVersion": "2999-01-01",
                                     META + "clientCapabilities": {}}
    status, answer = client.post(list_tools, MCP_Protocol_Version="2999-01-01",
                                 Mcp_Method="tools/list")
    tap.check("modern: a version to come is -32022", (status, code(answer)) == (400, -32022))
    for name, value in (("Origin", "http://evil.example"), ("Host", "evil.example"),
                        ("Content_Type", "text/plain"), ("X_Actor_Id", "nobody")):
        status, answer = client.post(list_tools, **{name: value})
        tap.check(f"{name}: {value} is refused in JSON", status >= 400 and code(answer), answer)


def waiting(book):
    """Matches that wait for a human."""
    return [row[0] for row in book.rows(
        "SELECT object_id FROM escalations WHERE state = 'PENDING' AND tool = 'confirm_match'"
        " AND reason = 'ACCOUNT_FORCED_HUMAN' AND entity_id = 'acme-us' ORDER BY amount_minor")]


def ask(client, match, capabilities):
    return client.modern("tools/call", capabilities, name="confirm_match",
                         arguments={"match_id": match, "rationale": "same payout"})["result"]


def decide(maria, book, escalation_id, decision):
    digest = book.rows("SELECT digest FROM escalations WHERE escalation_id = ?",
                       escalation_id)[0][0]
    return maria.call("resolve_escalation", escalation_id=escalation_id, decision=decision,
                      digest=digest, rationale="which invoice is it?")


def good(tap, sentence, said):
    tap.check(sentence, said["outcome"] in ("ok", "pending"), said)


def heard(tap, sentence, message, status):
    said = message.get("params", {}).get("status")
    tap.check(sentence, said == status, message)


def tasks(tap, client, maria, book):
    """A task from its making to each of its ends, told over a subscription."""
    can = {"extensions": {TASKS: {}}}
    matches = waiting(book)
    for decision, end in (("confirm", "completed"), ("reject", "completed"), (None, "cancelled")):
        if decision is None:  # what nobody else has put before people: only that is one's to cancel
            match = book.rows("SELECT match_id FROM match_states WHERE state = 'CONFIRMED'"
                              " ORDER BY match_id")[0]["match_id"]
            task = client.modern("tools/call", can, name="unmatch",
                                 arguments={"match_id": match, "rationale": "twice"})["result"]
        else:
            task = ask(client, matches.pop(0), can)
        at = task["taskId"]
        tap.check(f"{decision}: what waits is a task", task["resultType"] == "task", task)
        next_message = client.listen(taskIds=[at])
        tap.check(f"{decision}: a subscription to it is acknowledged", next_message()["method"] ==
                  "notifications/subscriptions/acknowledged")
        if decision == "confirm":
            good(tap, "a human asks back", decide(maria, book, at, "request_info"))
            heard(tap, "the task wants input", next_message(), "input_required")
            shown = client.modern("tasks/get", can, taskId=at)["result"]
            tap.check("and says which", "answer" in shown.get("inputRequests", {}), shown)
            client.modern("tasks/update", can, taskId=at, inputResponses={
                "answer": {"action": "accept", "content": {"answer": "INV-7"}}})
            heard(tap, "answered, it works again", next_message(), "working")
        if decision is None:
            client.modern("tasks/cancel", can, taskId=at)
        else:
            good(tap, f"{decision}: a human decides", decide(maria, book, at, decision))
        heard(tap, f"{decision}: the subscription hears that it is {end}", next_message(), end)
        shown = client.modern("tasks/get", can, taskId=at)["result"]
        tap.check(f"{decision}: so does tasks/get", shown["status"] == end, shown)
    link = ask(client, matches.pop(0), {"elicitation": {"url": {}}})
    tap.check("a client that opens links gets one", link["resultType"] == "input_required", link)
    plain = ask(client, matches.pop(0), {})
    tap.check("any other is told where it waits",
              plain["structuredContent"]["status"] == "pending_approval", plain)
    return matches


def subscriptions(tap, client, maria, book, match):
    client.post(client.message("initialize", {"protocolVersion": "2025-11-25", "capabilities": {},
                                              "clientInfo": {"name": "t", "version": "1"}}))
    uri = "recon://escalations"
    client.legacy("resources/subscribe", uri=uri)
    on_session = client.stream()
    on_listen = client.listen(resourceSubscriptions=[uri], toolsListChanged=True)
    tap.check("a subscription is acknowledged with what it may have",
              on_listen()["params"]["notifications"]["resourceSubscriptions"] == [uri])
    waits = book.rows("SELECT escalation_id FROM escalations WHERE object_id = ?", match)[0][0]
    good(tap, "a human decides something", decide(maria, book, waits, "reject"))
    for name, next_message in (("session", on_session), ("subscription", on_listen)):
        said = next_message()
        tap.check(f"the {name} hears of it", said["method"] == "notifications/resources/updated"
                  and said["params"]["uri"] == uri, said)
    return on_listen


def main():
    mcp_clients.skip_unless_installed()
    tap = Tap()
    book = lib.Book(lib.given_engine(),
                    env={"CLOSEGATE_AUTH_BACKEND": "dev",
                         "CLOSEGATE_WORKSPACE_URL": "http://127.0.0.1:8000"})
    with lib.serving(book, ["recon"]) as daemon:
        wire = mcp_clients.Wire(daemon.port)
        client, maria = Client(wire.port), lib.Caller(daemon, "human:maria")
        with tap.part("wire: refusals", "both"):
            refusals(tap, client)
        with tap.part("wire: tasks", "2026-07-28"):
            left = tasks(tap, client, maria, book)
        with tap.part("wire: subscriptions", "both"):
            on_listen = subscriptions(tap, client, maria, book, left.pop(0))
        tap.check("SIGTERM stops the engine cleanly", daemon.stop() == 0, daemon.tail())
        tap.check("a subscription ends with its own answer",
                  on_listen()["result"]["resultType"] == "complete")
        mcp_clients.check_wire(tap, wire, 80)
        tap.check("the audit log is whole", *lib.chain_is_intact(book))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
