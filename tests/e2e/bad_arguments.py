#!/usr/bin/env python3
"""Bad arguments to every tool of a real engine, made from the tools' own schemas, so that a new tool
is under test the day it is listed: wrong types, missing and unknown members, twins, lengths, numbers
and bytes that are no JSON. Whatever comes, the answer is a JSON-RPC message that names the place, the
book does not move, and the engine is there for the next caller. Prints TAP.
Usage: bad_arguments.py [--engine PATH]"""
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
counted = {"calls": 0}


# ---- two doors: /mcp with a signed caller, /admin on the Unix socket ----

class Mcp:
    def __init__(self, caller):
        self.caller = caller

    def send(self, tool, body):
        head = {"Content-Type": "application/json", "MCP-Protocol-Version": lib.MODERN,
                "Mcp-Method": "tools/call", "Mcp-Name": tool, "X-Actor-Id": self.caller.actor,
                "X-Closegate-Assertion": self.caller.assertion("POST", "/mcp", body)}
        head.update(mirrored(tool, body))
        status, _, answer = self.caller.post(body, head)
        return status, answer


def mirrored(tool, body):
    """The headers of arguments that can be read at all."""
    try:
        return lib.mirrored(tool, json.loads(body)["params"]["arguments"])
    except (ValueError, KeyError, TypeError):
        return {}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Admin:
    def __init__(self, path):
        self.path = path

    def send(self, tool, body, method="tools/call"):
        head = {"Content-Type": "application/json", "MCP-Protocol-Version": lib.MODERN,
                "Mcp-Method": method}
        if tool:
            head["Mcp-Name"] = tool
            head.update(mirrored(tool, body))
        c = UnixConnection(self.path)
        c.request("POST", "/admin", body, head)
        r = c.getresponse()
        answer = r.status, r.read()
        c.close()
        return answer

    def tools(self):
        meta = {"io.modelcontextprotocol/protocolVersion": lib.MODERN,
                "io.modelcontextprotocol/clientCapabilities": {}}
        _, answer = self.send(None, raw({"jsonrpc": "2.0", "id": 1, "method": "tools/list",
                                         "params": {"_meta": meta}}), "tools/list")
        return json.loads(answer).get("result", {}).get("tools", [])


def envelope(tool, arguments_text):
    """The request as bytes, with the arguments as this very text."""
    meta = json.dumps({"io.modelcontextprotocol/protocolVersion": lib.MODERN,
                       "io.modelcontextprotocol/clientCapabilities": {}})
    return (f'{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":{json.dumps(tool)},'
            f'"_meta":{meta},"arguments":'.encode() + arguments_text + b"}}")


# ---- what is wrong: (what, arguments as bytes, the word the answer must hold) ----

def plausible(schema, name):
    """A value that the schema alone would take; of things that are not there."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "integer":
        return max(1, schema.get("minimum", 1))
    if kind == "boolean":
        return True
    if kind == "array":
        return [plausible(schema.get("items", {"type": "string"}), name)]
    if kind == "object":
        return {k: plausible(schema["properties"][k], k) for k in schema.get("required", [])}
    if schema.get("format") == "date" or "date" in name or name in ("from", "to", "until"):
        return "2026-03-31"
    if name in ("digest", "sha256"):
        return "0" * 64
    return "x" * max(1, schema.get("minLength", 1))


WRONG = {"string": [5, True, None, [], {}, 1.5], "integer": ["1", True, None, [], {}, 1.5, 1e300],
         "boolean": ["true", 1, None, []], "array": ["a", {}, 3, None], "object": ["a", [], 3, None]}


def raw(value):
    return json.dumps(value).encode()


def bad_values(name, schema):
    kind = schema.get("type")
    if isinstance(kind, list) or kind is None:
        return
    for value in WRONG.get(kind, []):
        yield f"{name} is {json.dumps(value)}", value
    if "enum" in schema:
        yield f"{name} is no member of its list", "no-such-word"
        yield f"{name} in capitals", str(schema["enum"][0]).upper() + "X"
    if kind == "string" and "maxLength" in schema and schema["maxLength"] <= 100000:
        yield f"{name} is too long", "y" * (schema["maxLength"] + 1)
    if kind == "string" and schema.get("minLength", 0) > 0:
        yield f"{name} is too short", "y" * (schema["minLength"] - 1)
    if kind == "integer" and "minimum" in schema:
        yield f"{name} is below its least", schema["minimum"] - 1
    if kind == "integer" and "maximum" in schema:
        yield f"{name} is above its most", schema["maximum"] + 1
    if kind == "array":
        item = schema.get("items", {})
        if "maxItems" in schema and schema["maxItems"] <= 1000:
            yield f"{name} has too many", [plausible(item, name)] * (schema["maxItems"] + 1)
        if schema.get("minItems", 0) > 0:
            yield f"{name} has none", []
        if item.get("type") == "string":
            yield f"{name} holds a number", [7]


def with_member(good, name, value_text):
    parts = [raw(k) + b":" + (value_text if k == name else raw(v)) for k, v in good.items()]
    if name not in good:
        parts.append(raw(name) + b":" + value_text)
    return b"{" + b",".join(parts) + b"}"


def bad_texts(good, name):
    """A text member as bytes that are no JSON text, or none we take."""
    for what, text in (("is no UTF-8", b'"a\xff"'), ("is an overlong slash", b'"\xc0\xaf"'),
                       ("has a lone surrogate", b'"\\ud800"'), ("has a raw control byte", b'"a\x01b"'),
                       ("has a NUL", b'"a\\u0000b"'), ("is cut short", b'"abc'),
                       ("is a surrogate in bytes", b'"\xed\xa0\x80"')):
        yield f"{name} {what}", with_member(good, name, text), None


def shapes(good, first):
    text = raw(good)
    some = first or "x"
    yield "arguments are a list", b"[]", None
    yield "arguments are a text", b'"x"', None
    yield "arguments are null", b"null", None
    yield "an unknown member", with_member(good, "amount_of_what", b"1"), "amount_of_what"
    yield "a member of another case", with_member(good, some.upper() + "_", b'"x"'), some.upper() + "_"
    yield "a prototype", with_member(good, "__proto__", b"{}"), "__proto__"
    yield "an empty name", with_member(good, "", b"1"), None
    value = raw(good.get(some, "x"))
    pair = raw(some) + b":" + value
    escaped = b'"\\u%04x' % ord(some[0]) + raw(some)[2:] + b":" + value
    rest = text[1:] if some not in good else b"," + text[1:] if good else b"}"
    rest = rest if rest.startswith(b",") or rest == b"}" else b"," + rest
    yield "twins", b"{" + pair + rest if rest != b"}" else b"{" + pair + b"," + pair + b"}", some
    yield "escaped twins", b"{" + escaped + rest if rest != b"}" else b"{" + pair + b"," + escaped + b"}", some
    yield "depth", with_member(good, "deep", b"[" * 100 + b"]" * 100), None
    yield "a huge number", with_member(good, "n", b"1" + b"0" * 400), None
    yield "a tiny number", with_member(good, "n", b"1e-999999999"), None
    yield "NaN", with_member(good, "n", b"NaN"), None
    yield "a comment", b"/* no */" + text, None
    yield "a trailing comma", text[:-1] + (b",}" if good else b",}"), None
    yield "cut short", text[:-1], None
    yield "more behind it", text + b"}", None
    yield "single quotes", text.replace(b'"', b"'") if good else b"{'a':1}", None
    yield "an idempotency key that is a number", with_member(good, "idempotency_key", b"5"), None
    yield "an idempotency key of 300 bytes", with_member(good, "idempotency_key", b'"' + b"k" * 300 + b'"'), None


def corpus(schema):
    properties, required = schema.get("properties", {}), schema.get("required", [])
    good = {k: plausible(properties[k], k) for k in required}
    for name in required:
        yield f"{name} is missing", raw({k: v for k, v in good.items() if k != name}), name
    for name, member in properties.items():
        for what, value in bad_values(name, member):
            yield what, with_member(good, name, raw(value)), name
        if member.get("type") == "string":
            yield from bad_texts(good, name)
    if "actor" not in properties:
        yield "an actor", with_member(good, "actor", b'"human:maria"'), "actor"
    yield from shapes(good, (list(properties) or [None])[0])


# ---- judging an answer ----

def complaint(status, answer, needle, read_only_list):
    """None, or what is wrong with it."""
    if status >= 500:
        return f"status {status}"
    try:
        message = json.loads(answer)
    except ValueError:
        return f"no JSON: {answer[:80]!r}"
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return "no JSON-RPC"
    if "error" in message:
        said = message["error"].get("message", "") + json.dumps(message["error"].get("data", ""))
        return None if said.strip('"') else "an error that says nothing"
    result = message.get("result", {})
    text = "".join(c.get("text", "") for c in result.get("content", []))
    if not result.get("isError"):
        return None if read_only_list else f"it was taken: {text[:120]}"
    if needle and needle not in text:
        return f"does not name {needle}: {text[:160]}"
    return None if len(text) > 2 else "an error that says nothing"


# What looks wrong to this corpus and is not: any text will do, or nothing is required.
def is_fine(what, tool, schema):
    return what == "arguments are null" and not schema.get("required")


def one_tool(door, name, schema, book_head):
    faults, n = [], 0
    for what, arguments, needle in corpus(schema):
        if is_fine(what, name, schema):
            continue
        try:
            status, answer = door.send(name, envelope(name, arguments))
        except (OSError, http.client.HTTPException, lib.Unreachable) as e:
            faults.append(f"{what}: {type(e).__name__}")
            continue
        n += 1
        wrong = complaint(status, answer, needle, False)
        if wrong:
            faults.append(f"{what}: {wrong}")
    counted["calls"] += n
    check(f"{name}: {n} bad calls are refused and say where", n > 5 and not faults,
          "; ".join(faults[:6]) + f" ({len(faults)})")
    head = book_head()
    check(f"{name}: none of them moved the book", head == one_tool.head, (one_tool.head, head))
    one_tool.head = head


def main():
    book = lib.Book(lib.given_engine())
    with lib.serving(book) as engine:
        maria = lib.Caller(engine, "human:maria")
        head = lambda: book.rows("SELECT max(seq) AS n FROM audit_events")[0]["n"]  # noqa: E731
        one_tool.head = head()
        _, listed = maria.rpc("tools/list", {})
        for tool in listed["result"]["tools"]:
            one_tool(Mcp(maria), tool["name"], tool["inputSchema"], head)
        known = {t["name"] for t in listed["result"]["tools"]}
        sockets = [os.path.join(f, n) for f, _, names in os.walk(book.data) for n in names
                   if n.endswith(".sock")]
        check("the engine has its Unix socket", len(sockets) == 1, sockets)
        admin = Admin(sockets[0])
        more = [t for t in admin.tools() if t["name"] not in known]
        check("the socket lists what /mcp does not", "load_master" in {t["name"] for t in more}, more)
        for tool in more:
            one_tool(admin, tool["name"], tool["inputSchema"], head)
        check("a good call is still answered", maria.read("recon://status")["outcome"] == "ok")
        check("the engine never died", engine.process.poll() is None)
        intact, said = lib.chain_is_intact(book)
        check("the book is intact", intact, said)
    print(f"# {counted['calls']} bad calls", file=sys.stderr)
    sys.exit(tap.done())


if __name__ == "__main__":
    main()
