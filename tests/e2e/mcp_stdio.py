#!/usr/bin/env python3
"""The stdio bridge to a real engine, as a client that starts a process uses it: both eras, answers
out of order, notifications, an engine that is gone and comes back, clients registered with a key.
Prints TAP. Usage: mcp_stdio.py [--engine PATH]"""
import json
import os
import queue
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import engine as lib  # noqa: E402
from engine import wait_until  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


class Bridge:
    """The process a client starts."""

    def __init__(self, book, *words):
        self.process = subprocess.Popen([book.engine, "mcp-stdio", *words], env=book.env,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.said, self.odd = queue.Queue(), []
        threading.Thread(target=self.listen, daemon=True).start()
        self.next = 0

    def listen(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
                if message.get("jsonrpc") != "2.0":
                    self.odd.append(line)
                self.said.put(message)
            except ValueError:
                self.odd.append(line)

    def write(self, data):
        self.process.stdin.write(data if isinstance(data, bytes) else json.dumps(data).encode()
                                 + b"\n")
        self.process.stdin.flush()

    def send(self, method, params=None, modern=False, **more):
        self.next += 1
        message = {"jsonrpc": "2.0", "id": self.next, "method": method}
        params = dict(params or {})
        if modern:
            params["_meta"] = {"io.modelcontextprotocol/protocolVersion": lib.MODERN,
                               "io.modelcontextprotocol/clientCapabilities": {}}
        if params or modern:
            message["params"] = params
        message.update(more)
        self.write(message)
        return message["id"]

    def read(self, timeout=10):
        try:
            return self.said.get(timeout=timeout)
        except queue.Empty:
            return {}

    def ask(self, method, params=None, modern=False):
        """The answer; what else comes before it is passed over."""
        mine, end = self.send(method, params, modern), time.monotonic() + 10
        while time.monotonic() < end:
            message = self.read()
            if message.get("id") == mine and "method" not in message:
                return message
        return {}

    def call(self, tool, modern=False, **arguments):
        return self.ask("tools/call", {"name": tool, "arguments": arguments}, modern)

    def close(self):
        """The exit status once the input ended."""
        self.process.stdin.close()
        try:
            return self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return "did not end"


def metric(engine, name):
    import http.client
    c = http.client.HTTPConnection("127.0.0.1", engine.port, timeout=10)
    c.request("GET", "/metrics")
    return next(int(line.split()[1]) for line in c.getresponse().read().decode().splitlines()
                if line.startswith(name + " "))


def hello(bridge, version="2025-11-25"):
    answer = bridge.ask("initialize", {"protocolVersion": version, "capabilities": {},
                                       "clientInfo": {"name": "t", "version": "1"}})
    bridge.write({"jsonrpc": "2.0", "method": "notifications/initialized"})
    return answer


def last_actor(book):
    return book.rows("SELECT json_extract(event, '$.actor_id') AS actor_id,"
                     " json_extract(event, '$.on_behalf_of') AS on_behalf_of FROM audit_events"
                     " ORDER BY seq DESC LIMIT 1")[0]


def refused_confirm(book):
    return book.rows("SELECT min(match_id) AS id FROM matches")[0]["id"]


def legacy(book, engine):
    b = Bridge(book)
    d = hello(b)
    check("legacy: initialize agrees", d.get("result", {}).get("protocolVersion") == "2025-11-25", d)
    check("a session is kept for the client", metric(engine, "closegate_sessions") == 1)
    tools = b.ask("tools/list").get("result", {}).get("tools", [])
    check("tools are listed, without administration", "confirm_match" in [t["name"] for t in tools]
          and "freeze" not in [t["name"] for t in tools])
    d = b.call("query_audit", limit=1)
    check("a tool is called", d.get("result", {}).get("structuredContent"), d)
    d = b.call("reject_match", match_id=refused_confirm(book), rationale="no")
    row = last_actor(book)
    check("as an agent of whoever started the process, by its number",
          row["actor_id"] == f"llm:cli.{b.process.pid}"
          and row["on_behalf_of"] == lib_principal(book), (tuple(row), d))
    ids = {b.send("tools/call", {"name": "query_audit", "arguments": {"limit": n}})
           for n in range(1, 21)}
    got = {b.read().get("id") for _ in ids}
    check("twenty at once are each answered once", got == ids and b.said.empty(), got ^ ids)
    d = b.ask("nothing/such")
    check("an error keeps its id", d.get("error", {}).get("code") == -32601, d)
    b.write(b"{\n")
    d = b.read()
    check("what is no JSON gets -32700 with a null id", d.get("error", {}).get("code") == -32700
          and d["id"] is None, d)
    b.write(b'{"jsonrpc":"2.0","id":"big","method":"ping","params":{"x":"' + b"x" * 1100000
            + b'"}}\n\r\n  \n')
    d = b.read()
    check("a line over 1 MiB is refused", d.get("error", {}).get("code") == -32600, d)
    check("and the next one is read", b.ask("ping").get("result") == {})
    uri = "recon://status"
    b.ask("resources/subscribe", {"uri": uri})
    check("the session's own stream is open", wait_until(
        lambda: metric(engine, "closegate_connections") >= 2))
    engine.stop()
    d = b.ask("tools/list")
    check("an engine that is gone is an error with the id", "no engine" in
          d.get("error", {}).get("message", ""), d)
    engine.start()
    d = b.call("query_audit", limit=1)
    check("one that was restarted serves under a session made anew",
          d.get("result", {}).get("structuredContent"), d)
    b.send("tools/call", {"name": "query_audit", "arguments": {"limit": 1}})
    check("the end of the input ends it cleanly", b.close() == 0)
    check("after the open call was answered", b.read().get("result"))
    check("and ends the session", wait_until(lambda: metric(engine, "closegate_sessions") == 0))
    check("nothing but JSON-RPC was printed", not b.odd, b.odd[:2])


def modern(book, engine):
    b = Bridge(book)
    d = b.ask("server/discover", modern=True)
    check("modern: discover", d.get("result", {}).get("supportedVersions") == [lib.MODERN], d)
    check("tools/list", b.ask("tools/list", modern=True).get("result", {}).get("tools"))
    d = b.call("query_audit", True, limit=1)
    check("a call, its name mirrored", d.get("result", {}).get("resultType") == "complete", d)
    d = b.ask("resources/read", {"uri": "recon://status"}, True)
    check("a resource, its uri mirrored", d.get("result", {}).get("contents"), d)
    d = b.ask("resources/read", {"uri": "recon://nöwhere at all"}, True)
    check("an odd uri travels as base64", d.get("error", {}).get("code") == -32602, d)
    d = b.call("generate_close_summary", True, entity_id="acme-us", period="2026-01")
    check("an argument that the schema wants in a header is there, too",
          d.get("result", {}).get("isError") is False, d)
    check("no session was made", metric(engine, "closegate_sessions") == 0)
    mine = b.send("subscriptions/listen", {"notifications": {"toolsListChanged": True}}, True)
    d = b.read()
    check("a subscription is acknowledged on the output",
          d.get("method") == "notifications/subscriptions/acknowledged", d)
    check("calls go on beside it", b.call("query_audit", True, limit=1).get("result"))
    b.write({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": mine}})
    check("cancelled, its stream is closed", wait_until(
        lambda: metric(engine, "closegate_listeners") == 0))
    b.send("subscriptions/listen", {"notifications": {}}, True)
    b.read()
    check("the end of the input closes an open one", b.close() == 0
          and wait_until(lambda: metric(engine, "closegate_listeners") == 0))
    b = Bridge(book)
    d = hello(b) if b.ask("server/discover", modern=True) else {}
    check("a client may say initialize after discover", d.get("result"), d)
    check("and ends", b.close() == 0 and not b.odd, b.odd[:1])


def lib_principal(book):
    rows = book.rows("SELECT principal_id FROM identities WHERE kind = 'os' LIMIT 1")
    return rows[0]["principal_id"] if rows else None


def registered(book):
    key = os.path.join(book.dir, "desktop.key")
    code, text = book.cli("client", "add", "desktop", "--kind", "mcp_client", "--name", "Desktop",
                          "--new-key", key)
    check("a client is registered with a key of its own", code == 0, text)
    maria = book.principal("maria")
    b = Bridge(book, "--client", "desktop", "--key", key, "--for", maria, "--session", "s-1")
    hello(b)
    b.call("reject_match", match_id=refused_confirm(book), rationale="no")
    row = last_actor(book)
    check("its calls are llm:<client>.<session> on behalf of the person named",
          tuple(row) == ("llm:desktop.s-1", maria), tuple(row))
    check("and it ends", b.close() == 0)
    port = book.env.get("PORT")
    b = Bridge(book, "--client", "desktop", "--key", key, "--for", maria, "--url",
               f"http://127.0.0.1:{port}")
    check("over TCP too", hello(b).get("result") and b.close() == 0)
    b = Bridge(book, "--client", "nobody", "--key", key, "--for", maria)
    d = hello(b)
    check("a client nobody registered is told so", d.get("error", {}).get("code") == 401, d)
    b.close()
    code, text = book.cli("mcp-stdio", "--key", key)
    check("--key without --client is wrong usage", code == 64, text)


def main():
    book = lib.Book(lib.given_engine())
    with lib.serving(book) as engine:
        book.env["PORT"] = str(engine.port)
        lib.Caller(engine, "human:maria").call("run_recon_pass", entity_id="acme-us")
        legacy(book, engine)
        modern(book, engine)
        registered(book)
        if tap.failed:
            print("# " + engine.tail().replace("\n", "\n# "))
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
