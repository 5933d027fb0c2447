#!/usr/bin/env python3
"""Many chats at once: so many conversations stream through the agent from a stand-in for the model's
provider (tests/lib/llm.py, a process of its own), each piece holding the instant it was made; from
there to the browser's connection, beside the same pieces read straight from the stand-in. Meanwhile
the agent's memory and processor, and the inbox's page from another process. All share the machine.

    bench_chat.py [--engine PATH] [--agent PATH] [--dir FOLDER] [--chats 500] [--rate 4] [--seconds 20]"""
import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..", "fault"), HERE]
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import llm  # noqa: E402
from bench_spine import percentile  # noqa: E402
from bench_workspace import kept, worked  # noqa: E402

STAMP = re.compile(rb"@([0-9a-f]{14})~")
STREAMS_EACH = 15
FILL = " of the payouts that were booked"  # a piece of some tokens


def stamped(pieces):
    """Pieces that each hold the instant they were made."""
    def make():
        for _ in range(pieces):
            yield f"@{time.monotonic_ns():014x}~{FILL}"
    return make


def provider(rate, pieces):
    """The stand-in, until its standard input ends: its port, at last what was wrong."""
    with llm.Provider() as mock:
        mock.on("", lambda ask: llm.Say(stamped(pieces), delay=1 / rate))
        print(mock.port, flush=True)
        sys.stdin.read()
        print(json.dumps({"asked": len(mock.journal), "wrong": mock.violations()[:5]}), flush=True)


def inbox(port, headers, seconds):
    """Milliseconds of each page of the inbox within that time."""
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        took += kept(port, "/api/v1/escalations?limit=200", headers, 1)[0]
        time.sleep(0.1)
    print(json.dumps(took))


class Other:
    """One of the two above, as a process of its own."""

    def __init__(self, *words):
        self.process = subprocess.Popen([sys.executable, os.path.abspath(__file__), *map(str, words)],
                                        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def line(self):
        return json.loads(self.process.stdout.readline())

    def end(self):
        said, _ = self.process.communicate(timeout=60)
        return json.loads(said)


class Reader(asyncio.Protocol):
    """One stream: what it asks, and how late each piece is."""

    def __init__(self, request, late, open_now):
        self.request, self.late, self.open_now, self.tail = request, late, open_now, b""

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data):
        now, at = time.monotonic_ns(), 0
        data = self.tail + data
        for m in STAMP.finditer(data):
            self.late.append((now - int(m.group(1), 16)) / 1e9)
            self.open_now.add(self)
            at = m.end()
        self.tail = data[max(at, len(data) - 20):]

    def connection_lost(self, _):
        self.open_now.discard(self)


class Streams:
    """So many of them on a thread of their own. late: since the last reset, in seconds."""

    def __init__(self, port, requests):
        self.late, self.open_now, self.loop = [], set(), asyncio.new_event_loop()
        self.port, self.requests = port, requests
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()
        asyncio.run_coroutine_threadsafe(self.open(), self.loop).result(120)

    async def open(self):
        for request in self.requests:
            await self.loop.create_connection(
                lambda request=request: Reader(request, self.late, self.open_now),
                "127.0.0.1", self.port)
            await asyncio.sleep(0.002)

    def all_speak(self, seconds):
        return lib.wait_until(lambda: len(self.open_now) == len(self.requests), seconds, 0.05)

    def close(self):
        async def ends():
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
        asyncio.run_coroutine_threadsafe(ends(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


def rss(daemon):
    with open(f"/proc/{daemon.process.pid}/status", encoding="ascii") as f:
        kb = dict(line.split(":")[:2] for line in f if line.startswith("Vm"))
    return [int(kb[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM")]


def line(name, seconds, note=""):
    print(f"{name:44} " + " ".join(f"{percentile(seconds, p) * 1e3:9.2f} ms" for p in (.5, .95, .99))
          + f" {len(seconds):8}  {note}", flush=True)


def floor(given):
    """The same pieces at the same rate, straight from the stand-in to the same reader."""
    pieces = int(given.rate * (given.seconds + 20))
    mock = Other("--provider", given.rate, pieces)
    port = mock.line()
    body = json.dumps({"model": llm.MODEL, "max_tokens": 100, "stream": True,
                       "messages": [{"role": "user", "content": "go"}]}).encode()
    request = (f"POST /v1/messages HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
               f"x-api-key: {llm.KEYS[llm.ANTHROPIC]}\r\nanthropic-version: 2023-06-01\r\n"
               f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    streams = Streams(port, [request + body] * given.chats)
    if not streams.all_speak(60):
        raise SystemExit(f"only {len(streams.open_now)} of the floor's streams speak")
    streams.late.clear()
    time.sleep(given.seconds)
    line("floor: straight from the provider", list(streams.late),
         f"{len(streams.late) / given.seconds:.0f} pieces a second")
    mock.process.kill()
    mock.process.communicate()
    streams.close()


def more_people(book, n):
    """So many who may sign in by a proxy's header: no person has more than a few windows open."""
    names = [f"clerk-{i}" for i in range(n)]
    for name in names:
        book.cli("actor", "add", name, "--name", name, check=True)
        book.cli("role", "grant", name, "accountant", "--entity", "all", check=True)
        book.cli("actor", "link", name, "--kind", "header", "--subject", name, check=True)
    return names


class Clerk(agents.Person):
    """Signed in by a proxy's header."""

    def headers(self, method, more=None):
        return super().headers(method, {"X-Actor-Id": self.name, **(more or {})})

    def sign_in(self, name):
        self.name = name
        _, head, _ = self.ask("GET", "/auth/login")
        self.cookie = next(c.split(";")[0] for c in head.get_all("Set-Cookie") or []
                           if c.startswith("__Host-"))
        self.csrf = self.get("session")[1]["csrf"]


def through(given, agent, names):
    people = [Clerk(agent, name) for name in names]
    seconds, _ = kept(agent.port, "/api/v1/escalations?limit=200", people[0].headers("GET"), 100)
    line("a page of the inbox, no chat", seconds)
    before = rss(agent)[0]
    began, paths = time.monotonic(), []
    for i in range(given.chats):
        person = people[i % len(people)]
        status, said = person.post("chat/sessions", {"text": f"go {i}"})
        if status != 201:
            raise SystemExit(f"chat {i} does not begin: {status} {said}")
        paths.append((person, f"/api/v1/chat/sessions/{said['session_id']}/events"))
    print(f"# {given.chats} chats begun in {time.monotonic() - began:.1f} s", flush=True)
    streams = Streams(agent.port, [
        (f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{agent.port}\r\nAccept: text/event-stream\r\n"
         f"Cookie: {person.cookie}\r\nX-Actor-Id: {person.name}\r\n\r\n").encode()
        for person, path in paths])
    if not streams.all_speak(60):
        raise SystemExit(f"only {len(streams.open_now)} of {given.chats} chats speak")
    print(f"# all speak after {time.monotonic() - began:.1f} s", flush=True)
    page = Other("--inbox", agent.port, json.dumps(people[0].headers("GET")), given.seconds)
    streams.late.clear()
    cpu, start = worked(agent), time.monotonic()
    time.sleep(given.seconds)
    late, took = list(streams.late), time.monotonic() - start
    cpu = worked(agent) - cpu
    still = len(streams.open_now)
    line("through the agent, to the browser", late, f"{len(late) / took:.0f} pieces a second; target "
         f"p95 10 ms; processor of the agent {cpu / took * 100:.0f} % of a core, "
         f"{cpu / len(late) * 1e6:.0f} us a piece")
    line("a page of the inbox meanwhile", page.end())
    now, most = rss(agent)
    print(f"memory of the agent: {now:.0f} MiB with {still} chats speaking, {most:.0f} MiB at most, "
          f"{before:.0f} MiB before; target 256 MiB", flush=True)
    streams.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--agent")
    parser.add_argument("--dir")
    parser.add_argument("--chats", type=int, default=500)
    parser.add_argument("--rate", type=float, default=4)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--provider", nargs=2)
    parser.add_argument("--inbox", nargs=3)
    given = parser.parse_args()
    if given.provider:
        return provider(float(given.provider[0]), int(given.provider[1]))
    if given.inbox:
        return inbox(int(given.inbox[0]), json.loads(given.inbox[1]), float(given.inbox[2]))
    print(f"{given.chats} chats, {given.rate:g} pieces a second each; load "
          f"{os.getloadavg()[0]:.1f}\n{'':44} {'median':>12} {'p95':>12} {'p99':>12} {'n':>8}")
    floor(given)
    book = lib.Book(lib.find_engine(given.engine), under=given.dir)
    mock = Other("--provider", given.rate, int(given.rate * (given.seconds + 120)))
    port = mock.line()
    env = {"CLOSEGATE_AGENT_MODEL": llm.MODEL, "CLOSEGATE_LLM_API": llm.ANTHROPIC,
           "CLOSEGATE_LLM_BASE_URL": f"http://127.0.0.1:{port}",
           "ANTHROPIC_API_KEY": llm.KEYS[llm.ANTHROPIC],
           "CLOSEGATE_MAX_CONNECTIONS": "4096", "CLOSEGATE_MAX_CONNECTIONS_PER_PEER": "4096"}
    env.update({"CLOSEGATE_AGENT_AUTH_BACKEND": "header-trust",
                "CLOSEGATE_AGENT_LOGINS_PER_MINUTE": "1000"})
    try:
        with lib.serving(book, ["recon"]) as engine:
            engine.stop()
            names = more_people(book, -(-given.chats // STREAMS_EACH))
            engine.start()
            with agents.serving(engine, agents.find_agent(given.agent), env=env) as agent:
                through(given, agent, names)
        said = mock.end()
        print(f"# the provider was asked {said['asked']} times, wrong: {said['wrong']}")
    finally:
        mock.process.kill()
    return 0


if __name__ == "__main__":
    sys.exit(main())
