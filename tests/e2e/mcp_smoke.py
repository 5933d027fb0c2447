#!/usr/bin/env python3
"""The MCP endpoint of a real engine over real HTTP, in both eras: what a client's first minute looks
like, and what is refused with which status. Prints TAP. Usage: mcp_smoke.py [--engine PATH]"""
import http.client
import json
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


def post(port, body, headers=None, path="/mcp", method="POST", signer=None):
    """(status, headers, JSON or bytes); signed by the caller when one is given."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    head = {"Content-Type": "application/json"}
    if signer:
        head["X-Closegate-Assertion"] = signer.assertion(method, path, body)
    head.update(headers or {})
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request(method, path, body, head)
    r = c.getresponse()
    data = r.read()
    c.close()
    try:
        data = json.loads(data)
    except ValueError:
        pass
    return r.status, r.headers, data


def rpc(method, params=None, id=1):
    message = {"jsonrpc": "2.0", "id": id, "method": method}
    if params is not None:
        message["params"] = params
    return message


def modern(method, params=None, id=1):
    meta = {"io.modelcontextprotocol/protocolVersion": lib.MODERN,
            "io.modelcontextprotocol/clientCapabilities": {}}
    return rpc(method, dict(params or {}, _meta=meta), id)


def modern_head(method, name=None):
    head = {"MCP-Protocol-Version": lib.MODERN, "Mcp-Method": method}
    if name:
        head["Mcp-Name"] = name
    return head


def code(data):
    return data.get("error", {}).get("code") if isinstance(data, dict) else None


def legacy_era(port, maria):
    def ask(message, **more):
        return post(port, message, signer=maria, **more)

    s, _, d = ask(rpc("initialize", {"protocolVersion": "2025-06-18", "capabilities": {},
                                     "clientInfo": {"name": "t", "version": "1"}}))
    check("initialize agrees on the version asked for",
          s == 200 and d["result"]["protocolVersion"] == "2025-06-18", d)
    s, _, d = ask(rpc("initialize", {"protocolVersion": "1999-01-01"}))
    check("or offers the latest", d["result"]["protocolVersion"] == "2025-11-25", d)
    s, h, d = ask({"jsonrpc": "2.0", "method": "notifications/initialized"})
    check("a notification is accepted without a body", s == 202 and d == b"", (s, d))
    s, _, d = ask(rpc("ping", id="seven"))
    check("ping echoes the id", d == {"jsonrpc": "2.0", "id": "seven", "result": {}}, d)
    s, _, d = ask(rpc("tools/list"), headers={"MCP-Protocol-Version": "2025-11-25"})
    tools = d["result"]["tools"]
    check("tools/list shows tools", "confirm_match" in [t["name"] for t in tools], d)
    check("each with schemas, four hints and an icon",
          all(t["inputSchema"]["type"] == "object" and t["outputSchema"]["type"] == "object"
              and len(t["annotations"]) == 5 and t["annotations"]["title"] == t["title"]
              and t["icons"][0]["mimeType"] == "image/png" for t in tools))
    check("twice the same", ask(rpc("tools/list"))[2]["result"]["tools"] == tools)
    s, _, d = ask(rpc("tools/call", {"name": "query_audit", "arguments": {"limit": 1}}))
    check("a read answers with structured content, mirrored as text",
          json.loads(d["result"]["content"][0]["text"]) == d["result"]["structuredContent"], d)
    s, _, d = ask(rpc("tools/call", {"name": "list_pending_escalations"}))
    check("arguments may be absent", "structuredContent" in d["result"], d)
    s, _, d = ask(rpc("tools/call", {"name": "confirm_match", "arguments": {"match": 1}}))
    check("bad arguments are a result that names the place",
          d["result"]["isError"] and "pointer" in d["result"]["content"][0]["text"], d)
    check("an unknown tool is -32602",
          code(ask(rpc("tools/call", {"name": "nope"}))[2]) == -32602)
    check("an unknown method is -32601", code(ask(rpc("nope"))[2]) == -32601)
    check("a cursor we did not give is -32602",
          code(ask(rpc("tools/list", {"cursor": ""}))[2]) == -32602)
    s, _, d = ask(rpc("resources/read", {"uri": "recon://status"}))
    check("a resource is read", json.loads(d["result"]["contents"][0]["text"])["book_id"], d)
    s, _, d = ask(rpc("resources/read", {"uri": "recon://nowhere"}))
    check("an unknown resource is -32002 with its uri",
          code(d) == -32002 and d["error"]["data"]["uri"] == "recon://nowhere", d)
    s, _, d = ask(rpc("ping"), headers={"MCP-Protocol-Version": "2024-11-05"})
    check("a version we do not speak is 400", s == 400, (s, d))


def modern_era(port, maria):
    def ask(message, head):
        return post(port, message, head, signer=maria)

    s, _, d = ask(modern("server/discover", id="server-discover-probe-1"),
                  modern_head("server/discover"))
    check("server/discover names its versions",
          s == 200 and d["result"]["supportedVersions"] == [lib.MODERN]
          and d["result"]["resultType"] == "complete" and d["result"]["cacheScope"] == "private", d)
    s, _, d = ask(modern("tools/list"), modern_head("tools/list"))
    check("tools/list says how long it keeps", d["result"]["ttlMs"] >= 0, d)
    s, _, d = ask(modern("tools/call", {"name": "query_audit", "arguments": {"limit": 1}}),
                  modern_head("tools/call", "=?base64?cXVlcnlfYXVkaXQ=?="))
    check("a call with a base64 name header", d["result"]["resultType"] == "complete", d)
    s, _, d = ask(modern("tools/list"), modern_head("tools/call"))
    check("headers that disagree are -32020", s == 400 and code(d) == -32020, d)
    s, _, d = ask(modern("tools/list"), {})
    check("headers that are missing too", s == 400 and code(d) == -32020, d)
    s, _, d = ask(rpc("tools/list"), {"MCP-Protocol-Version": lib.MODERN})
    check("a missing envelope is -32602", s == 400 and code(d) == -32602, d)
    future = modern("tools/list")
    future["params"]["_meta"]["io.modelcontextprotocol/protocolVersion"] = "2099-01-01"
    s, _, d = ask(future, {"MCP-Protocol-Version": "2099-01-01", "Mcp-Method": "tools/list"})
    check("an unknown version is -32022 and says which are known",
          s == 400 and code(d) == -32022 and d["error"]["data"]["supported"] == [lib.MODERN], d)
    for gone in ("initialize", "ping", "logging/setLevel"):
        s, _, d = ask(modern(gone), modern_head(gone))
        check(f"{gone} is gone: 404", s == 404 and code(d) == -32601, (s, d))


def refusals(port, maria):
    bad = {b"": -32700, b"{": -32700, b"\xff": -32700, b"[]": -32600, b"1": -32600,
           b'{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}': -32700,
           b'{"jsonrpc":"2.0","id":null,"method":"ping"}': -32600}
    for body, want in bad.items():
        s, h, d = post(port, body, signer=maria)
        check(f"{body!r} is {want}", s == 400 and code(d) == want
              and h["Content-Type"] == "application/json", (s, d))
    check("GET without a session is 405 with Allow",
          (lambda r: r[0] == 405 and r[1]["Allow"] == "POST")(
              post(port, b"", method="GET", signer=maria)))
    check("DELETE without one too", post(port, b"", method="DELETE", signer=maria)[0] == 405)
    check("another type than JSON is 415",
          post(port, b"{}", {"Content-Type": "text/plain"}, signer=maria)[0] == 415)
    check("a foreign Origin is 403",
          post(port, rpc("ping"), {"Origin": "http://evil.example"}, signer=maria)[0] == 403)
    check("a foreign Host is 403",
          post(port, rpc("ping"), {"Host": "evil.example"}, signer=maria)[0] == 403)
    check("administration over TCP is 403", post(port, rpc("ping"), path="/admin")[0] == 403)


def identity(port, maria):
    check("nobody is 401", post(port, rpc("ping"))[0] == 401)
    check("a bare header is 401 once the workspace has a key",
          post(port, rpc("ping"), {"X-Actor-Id": "human:maria"})[0] == 401)
    for value in ("Human:maria", "human:", "maria", "human:a b", "robot:x", "human:maria,human:bo"):
        check(f"X-Actor-Id {value!r} is 400",
              post(port, rpc("ping"), {"X-Actor-Id": value})[0] == 400)
    body = json.dumps(rpc("ping")).encode()
    token = maria.assertion("POST", "/mcp", body)
    head = {"X-Closegate-Assertion": token}
    check("an assertion counts once", [post(port, body, head)[0] for _ in "ab"] == [200, 401])
    check("and for its own body only",
          post(port, rpc("ping", id=2), {"X-Closegate-Assertion":
               maria.assertion("POST", "/mcp", body)})[0] == 401)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as s:
        s.sendall(b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  b"Content-Length: 2\r\nX-Actor-Id:  human:maria \r\nConnection: close\r\n\r\n{}")
        check("white space around the actor is 400", b" 400 " in s.recv(200).split(b"\r\n")[0])


def main():
    book = lib.Book(lib.given_engine())
    with lib.serving(book) as daemon:
        maria = lib.Caller(daemon, "human:maria")
        for part in (legacy_era, modern_era, refusals, identity):
            part(daemon.port, maria)
        check("SIGTERM stops it cleanly", daemon.stop() == 0, daemon.tail())
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
