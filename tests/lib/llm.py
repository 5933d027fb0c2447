"""A stand-in for a model's provider: the Anthropic Messages API (POST /v1/messages) and OpenAI's chat
completions (POST /v1/chat/completions), streaming, for thousands of connections in one thread; and
GET /v1/models of both. What it answers is scripted; what it was asked is kept in a journal and
judged strictly (llm_wire.py): a request that the real ones would refuse is refused, and stands in
violations(), which a test requires to be empty.

    with llm.Provider() as mock:
        mock.on("unmatched", [llm.Say("Let me look.", calls=[llm.Call("match_status", {...})]),
                              llm.Say("It is ...")])
        agent env: mock.settings("anthropic")

An answer is chosen by what the person said last: the first script whose words are in it. A script is a
list, one answer a request (an error counts as one), or a callable that gets the llm_wire.Ask."""
import asyncio
import itertools
import json
import threading
import time
import urllib.parse

import llm_wire as wire
from llm_wire import ANTHROPIC, KEYS, OPENAI  # noqa: F401: for those who import llm

MODEL = "test-model-1"
COUNT = itertools.count(1)


class Call:
    """A tool call. Arguments of type str go out as they are, however malformed."""

    def __init__(self, name, arguments=None, id=None, fragments=3, ascii=True):
        self.name, self.arguments = name, {} if arguments is None else arguments
        self.id = id or f"toolu_{next(COUNT):06}"
        self.fragments, self.ascii = fragments, ascii


class Break:
    """Something happens in the stream after so many events of a stage ("start", "text", "call",
    "stop"): "cut" in the middle of the next one, "close" (the reply ends as if it were whole),
    "error" (an error event), "silence" until the client goes, "hold" until release is set."""

    def __init__(self, kind, after=1, stage="text", status=529, message=None):
        self.kind, self.after, self.stage = kind, after, stage
        self.status, self.message = status, message
        self.reached, self.release = threading.Event(), threading.Event()


class Say:
    """An answer. text: whole (cut into pieces of `chunk` characters), or a list, or a callable that
    yields its pieces when they are due; `delay` seconds after each, `first` before the first byte.
    `write` bytes go out at a time, each by itself. usage: input, output, cache_read, cache_write.
    quirks: "crlf", and of OpenAI's likes "comments", "whole calls", "stop for calls", "no usage",
    "no done", "until close" (a reply without length or chunks); of Anthropic's "unknown" (blocks and
    events that nobody asked for)."""

    def __init__(self, text="", calls=(), stop=None, chunk=12, delay=0, first=0, write=None,
                 usage=None, breaks=None, quirks=(), ascii=True):
        self.text, self.calls = text, list(calls)
        self.stop = stop or ("calls" if self.calls else "end")
        self.chunk, self.delay, self.first, self.write = chunk, delay, first, write
        self.usage, self.breaks, self.quirks, self.ascii = usage, breaks, set(quirks), ascii

    def pieces(self):
        if callable(self.text):
            return self.text()
        if isinstance(self.text, str):
            return [self.text[i:i + self.chunk] for i in range(0, len(self.text), self.chunk)]
        return self.text


class Fail:
    """An error in place of an answer, or any other reply. status 0: the connection is closed without
    a word."""

    def __init__(self, status, retry_after=None, message=None, context=False, body=None, first=0,
                 headers=None):
        self.status, self.message, self.context = status, message, context
        self.body, self.first = body, first
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


class Entry:
    """What one request was, and what became of it: ended is None while it is answered, then
    "whole", "failed", "cut" or, when the client went, "left"."""

    def __init__(self, path, headers, raw):
        self.at, self.path, self.headers, self.raw = time.monotonic(), path, headers, raw
        self.api, self.body, self.ask, self.wrong, self.ended = None, None, None, [], None
        self.status = None


class Provider:
    """One listening port on a thread of its own. model None: any will do; key None: none is wanted."""

    def __init__(self, model=MODEL, keys=KEYS, context_bytes=None, port=0):
        self.model, self.keys, self.context_bytes = model, keys, context_bytes
        self.journal, self.lock, self.scripts = [], threading.Condition(), []
        self.loop, ready = asyncio.new_event_loop(), threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            server = self.loop.run_until_complete(asyncio.start_server(
                self.serve, "127.0.0.1", port, limit=64 << 20, backlog=4096))
            self.port = server.sockets[0].getsockname()[1]
            ready.set()
            self.loop.run_forever()
            server.close()
            open_now = asyncio.all_tasks(self.loop)
            for task in open_now:
                task.cancel()
            self.loop.run_until_complete(asyncio.gather(*open_now, return_exceptions=True))
            self.loop.close()
        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        if not ready.wait(10):
            raise SystemExit("the stand-in for the provider does not start")
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)

    def settings(self, api=ANTHROPIC, **more):
        """The agent's environment for it; more are CLOSEGATE_LLM_ settings by their short names."""
        env = {"CLOSEGATE_AGENT_MODEL": self.model, "CLOSEGATE_LLM_API": api,
               "CLOSEGATE_LLM_BASE_URL": self.url + ("" if api == ANTHROPIC else "/v1")}
        if self.keys:
            env["ANTHROPIC_API_KEY" if api == ANTHROPIC else "OPENAI_API_KEY"] = self.keys[api]
        env.update({f"CLOSEGATE_LLM_{name.upper()}": str(value) for name, value in more.items()})
        return env

    # scripts

    def on(self, words, script):
        """What is answered where the person said these words last; the newest script goes first."""
        with self.lock:
            self.scripts.insert(0, (words, script if callable(script) else list(script)))

    def answer(self, ask):
        with self.lock:
            for words, script in self.scripts:
                if words in ask.said:
                    if callable(script):
                        return script(ask)
                    if script:
                        return script.pop(0)
                    return f"asked once more than the script for {words!r} has answers"
        return f"no script for what was said: {ask.said[:80]!r}"

    # the journal

    def entries(self, words=""):
        """The requests so far in which these words stand, anywhere."""
        with self.lock:
            return [e for e in self.journal if words.encode() in e.raw]

    def wait(self, fits, seconds=15):
        """The first entry that fits, once there is one."""
        with self.lock:
            self.lock.wait_for(lambda: any(map(fits, self.journal)), seconds)
            return next(filter(fits, self.journal), None)

    def violations(self):
        with self.lock:
            return [w for e in self.journal for w in e.wrong]

    def clear(self):
        with self.lock:
            self.journal.clear()

    def change(self, entry, **now):
        with self.lock:
            for name, value in now.items():
                setattr(entry, name, value)
            self.lock.notify_all()

    # the wire

    async def serve(self, reader, writer):
        try:
            while await self.one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def one(self, reader, writer):
        """One exchange; whether the connection is good for another."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        except asyncio.IncompleteReadError:
            return False
        method, path, _ = head[0].split(" ", 2)
        pairs = [line.split(":", 1) for line in head[1:] if line]
        headers = {k.strip().lower(): v.strip() for k, v in pairs}
        if headers.get("expect"):
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        entry = Entry(path, headers, raw)
        if len(pairs) != len(headers):
            entry.wrong.append("a header twice")
        turn = self.judge(method, entry)
        with self.lock:
            self.journal.append(entry)
            self.lock.notify_all()
        if turn.first and await self.left(reader, turn.first):
            self.change(entry, ended="left")
            return False
        if isinstance(turn, Fail):
            return await self.fail(writer, entry, turn)
        self.change(entry, status=200)
        try:
            ended = await self.stream(reader, writer, entry, turn)
        except ConnectionError:
            ended = "left"
        self.change(entry, ended=ended)
        return ended == "whole" and "until close" not in turn.quirks

    def judge(self, method, entry):
        """The answer to it: what the script says unless there is something wrong with the request."""
        path = urllib.parse.urlsplit(entry.path).path
        models = method == "GET" and path == "/v1/models"
        entry.api = api = wire.PATHS.get(path) or (
            ANTHROPIC if "anthropic-version" in entry.headers else OPENAI)
        if not models and (path not in wire.PATHS or method != "POST"):
            entry.wrong.append(f"{method} {entry.path}: nothing is there")
            return Fail(404)
        if self.keys:
            sent = entry.headers.get("authorization", "").removeprefix("Bearer ")
            if api == ANTHROPIC and not sent:
                sent = entry.headers.get("x-api-key")
            if sent != self.keys[api]:
                return Fail(401)
        if models:
            return Fail(200, body=json.dumps(wire.models(api, self.model)).encode())
        try:
            entry.body = json.loads(entry.raw.decode("utf-8", "strict"))
            json.dumps(entry.body, ensure_ascii=False).encode()
        except ValueError as e:
            entry.wrong.append(f"a body that is no JSON in UTF-8: {e}")
            return Fail(400)
        if self.model and isinstance(entry.body, dict) and entry.body.get("model") != self.model:
            return Fail(404, message=f"model: {entry.body.get('model')}")
        entry.wrong += wire.Judge(api, entry.headers, entry.body).all(self.model)
        if entry.wrong:
            return Fail(400, message="; ".join(entry.wrong)[:400])
        entry.ask = wire.Ask(api, entry.body)
        if self.context_bytes and len(entry.raw) > self.context_bytes:
            return Fail(400, context=True)
        turn = self.answer(entry.ask)
        if isinstance(turn, str):
            entry.wrong.append(turn)
            return Fail(400, message=turn)
        return turn

    async def left(self, reader, seconds):
        """Waits so long; whether the client went meanwhile."""
        try:
            return await asyncio.wait_for(self.gone(reader), seconds)
        except asyncio.TimeoutError:
            return False

    @staticmethod
    async def gone(reader):
        while not reader.at_eof() and reader.exception() is None:
            await asyncio.sleep(0.01)
        return True

    async def fail(self, writer, entry, turn):
        self.change(entry, status=turn.status, ended="failed")
        if turn.status == 0:
            return False
        body = turn.body if turn.body is not None else json.dumps(wire.error_body(
            entry.api, turn.status, turn.message, turn.context)).encode()
        head = {"Content-Type": "application/json", "Content-Length": len(body),
                "request-id": "req_test", **turn.headers}
        writer.write(f"HTTP/1.1 {turn.status} Said\r\n".encode() + b"".join(
            f"{k}: {v}\r\n".encode() for k, v in head.items()) + b"\r\n" + body)
        await writer.drain()
        return True

    async def stream(self, reader, writer, entry, turn):
        """How it ended."""
        framed = "until close" not in turn.quirks
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
                     b"Cache-Control: no-cache\r\nrequest-id: req_test\r\n"
                     + (b"Transfer-Encoding: chunked\r\n\r\n" if framed
                        else b"Connection: close\r\n\r\n"))
        end = "\r\n" if "crlf" in turn.quirks else "\n"
        make = wire.anthropic_events if entry.api == ANTHROPIC else wire.openai_events
        stages = {"start": 0, "text": 0, "call": 0, "stop": 0}
        events = make(turn, entry.ask.model, end)
        for stage, data in events:
            due = turn.breaks and stages[turn.breaks.stage] == turn.breaks.after
            if due:
                turn.breaks.reached.set()
                ended = await self.broken(reader, writer, entry, turn, data, end)
                if ended:
                    return ended
                stages[turn.breaks.stage] += 1  # once only
            stages[stage] += 1
            await self.write(writer, data, turn, framed)
            if turn.delay and stage == "text":  # before the next piece is made: it may hold the time
                await asyncio.sleep(turn.delay)
            if reader.at_eof():
                return "left"
        if framed:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return "whole"

    async def write(self, writer, data, turn, framed):
        size = turn.write or len(data)
        for i in range(0, len(data), size):
            piece = data[i:i + size]
            writer.write(b"%x\r\n%s\r\n" % (len(piece), piece) if framed else piece)
            if turn.write:
                await asyncio.sleep(0)
        await writer.drain()

    async def broken(self, reader, writer, entry, turn, data, end):
        """How the exchange ends here, or None: it goes on."""
        kind, framed = turn.breaks.kind, "until close" not in turn.quirks
        if kind == "hold":
            while not turn.breaks.release.is_set():
                if reader.at_eof() or reader.exception():
                    return "left"
                await asyncio.sleep(0.005)
            return None
        if kind == "silence":
            await self.gone(reader)
            return "left"
        if kind == "error":
            data = wire.error_event(entry.api, turn.breaks.status, turn.breaks.message, end)
            await self.write(writer, data, turn, framed)
        if kind == "cut":
            await self.write(writer, data[:len(data) // 2], turn, framed)
            return "cut"
        if framed:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return "cut"
