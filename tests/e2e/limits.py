#!/usr/bin/env python3
"""What one caller may ask for, at a real engine: a rate, a ceiling of what is under way, 429 with
Retry-After; and that neither another caller nor the kill switch's door has any part in it.

    limits.py --engine PATH"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as real  # noqa: E402
import tap  # noqa: E402

LOOPS = 3000


class Looping(real.Caller):
    """Keeps the answer's header fields."""

    def post(self, body, headers):
        answer = super().post(body, headers)
        self.heard = answer[1]
        return answer


def until_refused(caller):
    """How many calls were answered, and what the first refused one came to."""
    for n in range(LOOPS):
        status, message = caller.rpc("tools/list", {})
        if status != 200:
            return n, status, message
    return LOOPS, 200, {}


def rate(t, engine):
    loop = Looping(engine, "llm:claude.s-1", obo="maria")
    n, status, message = until_refused(loop)
    t.check("a loop is answered for its burst, and then with 429", 2 <= n < LOOPS and status == 429,
            (n, status, message))
    wait = loop.heard.get("Retry-After", "")
    t.check("which says in JSON-RPC what it is, and when to come back",
            wait.isdigit() and int(wait) >= 1 and message.get("error", {}).get("code") == 429
            and "too many requests of this caller" in message["error"]["message"], (wait, message))
    # As many more as a second's worth and the burst could not have paid for.
    other = Looping(engine, "llm:claude.s-2", obo="maria")
    refused = [other.rpc("tools/list", {})[0] for _ in range(100)].count(429)
    t.check("another session of the same client for the same person is no second allowance", refused,
            refused)
    status, _ = real.Caller(engine, "human:maria").rpc("tools/list", {})
    t.check("the person it acts for is another caller", status == 200, status)
    status, _ = real.Caller(engine, "llm:claude.s-3", obo="sam").rpc("tools/list", {})
    t.check("and so is what acts for somebody else", status == 200, status)


def admin(t, book):
    """Each command is a request at /admin; more of them than anybody's burst."""
    said = [book.cli("actor", "list") for _ in range(15)]
    t.check("the command line's door has no rate", all(code == 0 for code, _ in said),
            [s for s in said if s[0] != 0][:1])


def under_way(t, engine):
    """Subscriptions stay under way: two are all that this engine gives a caller."""
    def subscribe(caller):
        meta = {"io.modelcontextprotocol/protocolVersion": real.MODERN,
                "io.modelcontextprotocol/clientCapabilities": {}}
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "subscriptions/listen", "params": {
            "notifications": {"toolsListChanged": True}, "_meta": meta}}).encode()
        c = engine.connection()
        c.request("POST", "/mcp", body, {
            "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": real.MODERN, "Mcp-Method": "subscriptions/listen",
            "X-Actor-Id": caller.actor,
            "X-Closegate-Assertion": caller.assertion("POST", "/mcp", body)})
        answer = c.getresponse()
        return c, answer

    caller = real.Caller(engine, "human:sam")
    held = [subscribe(caller) for _ in range(2)]
    t.check("what is within the ceiling goes on", all(a.status == 200 for _, a in held),
            [a.status for _, a in held])
    _, over = subscribe(caller)
    text = over.read()
    t.check("what is over it is refused with 429",
            over.status == 429 and b"under way" in text and over.getheader("Retry-After"), text)
    other = subscribe(real.Caller(engine, "human:maria"))
    t.check("and another caller is not", other[1].status == 200, other[1].status)
    for c, answer in [*held, other]:
        answer.close()
        c.close()
    status = 429
    for _ in range(2000):  # the engine hears of the ends in its own time
        status, _ = caller.rpc("tools/list", {})
        if status == 200:
            break
    t.check("what has ended makes room", status == 200, status)


def counted(t, engine, limit):
    c = engine.connection()
    c.request("GET", "/metrics")
    text = c.getresponse().read().decode()
    c.close()
    row = f'closegate_requests_over_caller_limit_total{{limit="{limit}"}} '
    at = text.find(row)
    t.check(f"what was refused is counted ({limit})",
            at >= 0 and int(text[at + len(row):].split()[0]) > 0, text[-600:])


def main():
    t = tap.Tap()
    book = real.Book(real.given_engine())
    engine = real.Engine(book)
    try:
        book.make()
        book.env.update(CLOSEGATE_ACTOR_RATE="1", CLOSEGATE_ACTOR_IN_FLIGHT="2")
        engine.start()
        rate(t, engine)
        counted(t, engine, "rate")
        admin(t, book)
        engine.stop()
        book.env.update(CLOSEGATE_ACTOR_RATE="0")
        engine.start()
        under_way(t, engine)
        counted(t, engine, "in_flight")
        t.check("the engine stops well", engine.stop() == 0)
    except Exception:
        print("# " + engine.tail().replace("\n", "\n# "))
        raise
    finally:
        engine.stop()
        book.close()
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
