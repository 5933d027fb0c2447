#!/usr/bin/env python3
"""Odd JSON and odd text over HTTP: whatever the body is, the answer is a JSON-RPC message with the id
where one could be read, never a page, never nothing; and the engine still answers afterwards.
Prints TAP. Usage: json_over_http.py [--engine PATH]"""
import http.client
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

PARSE, REQUEST, METHOD, PARAMS = -32700, -32600, -32601, -32602
# no id can be read where the text is none, or is two
BROKEN = [b"", b" ", b"{", b"}", b"nul", b'"', b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0", b"\0", b"{}\0",
          b'{}"', b"{} {}", b"{},", b"[1,]", b"{'id':1}", b"<!DOCTYPE html><html></html>",
          b"%7B%7D", b'{"id":01}', b'{"id":+1}', b'{"id":.5}', b'{"id":NaN}', b'{"id":1e}',
          b'{"id":"\xc0\xaf"}', b'{"id":"\xed\xa0\x80"}', b'{"id":"\xf4\x90\x80\x80"}',
          b'{"id":"\\ud800"}', b'{"id":"\\udc00\\ud800"}', b'{"id":"\x01"}', b'{"id":"a\nb"}',
          b'{"id":1,"id":2}', b'{"id":1,"\\u0069d":2}', b"[" * 100000, b'{"a":' * 5000 + b"1",
          b"[" * 33 + b"]" * 33, b'{"jsonrpc":"2.0","id":1,"method":"ping"}x',
          b'{"jsonrpc":"2.0","id":1,"method":"ping"} "', b'/**/{"jsonrpc":"2.0"}']
# JSON, and no request
OTHER = [b"[]", b"[{}]", b"{}", b"1", b'"ping"', b"null", b"true", b"1e400", b"-0",
         b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]']


def exchange(port, body):
    """(status, content type, JSON or None)."""
    c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    c.request("POST", "/mcp", body, {"Content-Type": "application/json"})
    r = c.getresponse()
    data = r.read()
    c.close()
    try:
        return r.status, r.headers.get("Content-Type"), json.loads(data)
    except ValueError:
        return r.status, r.headers.get("Content-Type"), None


def refused(tap, port, body, want, id_text=None):
    """`id_text`: the id as it was written, and as it must come back; None: none could be read."""
    status, kind, answer = exchange(port, body)
    shown = body if len(body) < 60 else body[:40] + b"..."
    good = (kind == "application/json" and isinstance(answer, dict)
            and answer.get("jsonrpc") == "2.0" and answer["error"]["code"] in want
            and answer["error"]["message"] and "result" not in answer)
    if id_text is None:
        good = good and answer.get("id") is None and status == 400
    else:
        good = good and json.dumps(answer.get("id")) == json.dumps(json.loads(id_text))
    tap.check(f"{shown!r} is {want} with the id {id_text}", good, (status, kind, answer))


def ids_come_back(tap, port):
    for text in ("0", "-1", "9007199254740993", "123456789012345678901234567890", '""', '"a"',
                 '"\\u0000"', '"\\ud83d\\ude00"', '"' + "x" * 200 + '"', '"\\"\\\\"'):
        refused(tap, port, f'{{"jsonrpc":"2.0","id":{text},"method":"nope"}}'.encode(), [METHOD], text)
        refused(tap, port, f'{{"jsonrpc":"2.0","id":{text},"method":"tools/call","params":'
                f'{{"name":"nope"}}}}'.encode(), [PARAMS], text)
        refused(tap, port, f'{{"jsonrpc":"3.0","id":{text},"method":"ping"}}'.encode(), [REQUEST],
                text)
    for text in ("null", "true", "[]", "{}"):
        refused(tap, port, f'{{"jsonrpc":"2.0","id":{text},"method":"ping"}}'.encode(), [REQUEST])


def arguments(tap, port):
    """Inside a call they are a result that says where."""
    for value in ("1e400", "-0", "1e-400", "123456789012345678901234567890", "0.1", '"\\u0000"',
                  "null", "[]", "{}", '"\\uffff"', "true"):
        body = (f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"query_audit",'
                f'"arguments":{{"limit":{value}}}}}}}').encode()
        status, kind, answer = exchange(port, body)
        said = json.loads(answer["result"]["content"][0]["text"]) if "result" in answer else {}
        tap.check(f"a limit of {value} is a result that names it", status == 200
                  and answer["result"]["isError"] and said["pointer"] == "/limit", answer)
    for twin in ('"limit":1,"limit":2', '"limit":1,"\\u006cimit":2'):
        refused(tap, port, (f'{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":'
                            f'"query_audit","arguments":{{{twin}}}}}}}').encode(), [PARSE])


def raw_http(tap, port):
    """Not even HTTP as we take it: still no page."""
    for path, method in (("/", "GET"), ("/mcp", "GET"), ("/nope", "POST"), ("/mcp", "PUT"),
                         ("/mcp/", "POST"), ("/mcp?x=<script>", "POST"), ("/%00", "GET")):
        c = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        c.request(method, path, b"{}" if method != "GET" else None,
                  {"Content-Type": "application/json"})
        r = c.getresponse()
        kind, data = r.headers.get("Content-Type") or "", r.read()
        c.close()
        tap.check(f"{method} {path} is {r.status}, and no page",
                  r.status >= 400 and "html" not in kind and b"<" not in data, (kind, data[:200]))


def main():
    tap = Tap()
    book = lib.Book(lib.given_engine(), env={"CLOSEGATE_AUTH_BACKEND": "dev"})
    with lib.serving(book) as daemon:
        for body in BROKEN:
            refused(tap, daemon.port, body, [PARSE])
        for body in OTHER:
            refused(tap, daemon.port, body, [REQUEST])
        ids_come_back(tap, daemon.port)
        arguments(tap, daemon.port)
        raw_http(tap, daemon.port)
        tap.check("and it still answers", exchange(
            daemon.port, b'{"jsonrpc":"2.0","id":1,"method":"ping"}')[2].get("result") == {})
        tap.check("SIGTERM stops the engine cleanly", daemon.stop() == 0, daemon.tail())
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
