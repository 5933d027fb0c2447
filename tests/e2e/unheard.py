#!/usr/bin/env python3
"""A command whose engine does not answer: asked and unheard, the outcome is unknown, and the command
that it prints finds out; not asked at all, nothing was done, and it says who holds the book.
Prints TAP. Usage: unheard.py [--engine PATH]"""
import contextlib
import os
import re
import shlex
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import engine as lib  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check


class Deaf(threading.Thread):
    """Hands each request on to the engine, waits until it is answered, and keeps the answer."""

    def __init__(self, path, engine):
        super().__init__(daemon=True)
        self.engine, self.asked = engine, []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(8)
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                with client:
                    self.asked.append(self.hand_on(whole(client)))

    def hand_on(self, request):
        with socket.socket(socket.AF_UNIX) as there:
            there.connect(self.engine)
            there.sendall(request)
            return whole(there)

    def close(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


def whole(s):
    """One message with a Content-Length."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += s.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: *(\d+)", head).group(1))
    while len(body) < length:
        body += s.recv(65536)
    return head + b"\r\n\r\n" + body


def through(book, path, *words):
    """A command that takes this for the engine's socket."""
    done = subprocess.run([book.engine, *words], cwd=lib.ROOT, text=True, timeout=120,
                          env=dict(book.env, CLOSEGATE_ENGINE_SOCKET=path),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout, done.stderr


def frozen(book):
    return len(book.rows("SELECT seq FROM audit_events WHERE event_type = 'FROZEN'"))


def unheard(book):
    path = os.path.join(book.dir, "deaf.sock")
    deaf = Deaf(path, os.path.join(book.data, "engine.sock"))
    code, out, said = through(book, path, "freeze", "--tool", "confirm_match", "--reason",
                              "it's a drill")
    check("who is asked and not heard is in doubt: exit 1, and it says so", code == 1
          and "outcome unknown" in said and not out, (code, out, said))
    check("it was asked, once", len(deaf.asked) == 1 and frozen(book) == 1, deaf.asked)
    command = shlex.split(said.strip().split("\n")[-1])
    check("what is to be typed next is there", command[:4]
          == ["closegate-engine", "call", "--admin", "freeze"], said)
    code, text = book.cli(*command[1:])
    check("typed, it is the answer of then, and nothing is done twice", code == 0
          and '"freeze_id"' in text and frozen(book) == 1, (code, text))
    code, out, said = through(book, path, "thaw")
    check("a list that nobody hears has changed nothing", code == 1 and "outcome" not in said
          and "nothing was changed" in said, (code, out, said))
    deaf.close()


def not_asked(book):
    """Its queue is full: nobody takes the connection."""
    path = os.path.join(book.dir, "full.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(0)
    waiting = []
    with contextlib.suppress(BlockingIOError):
        for _ in range(64):
            waiting.append(socket.socket(socket.AF_UNIX))
            waiting[-1].setblocking(False)
            waiting[-1].connect(path)
    before = frozen(book)
    code, out, said = through(book, path, "freeze", "--tool", "reject_match", "--reason", "a drill")
    check("who is not even taken in hears who holds the book, and that nothing was done",
          code == 1 and "another process holds this book: pid" in said and path in said
          and "nothing was done" in said and frozen(book) == before, (code, out, said))
    for s in [*waiting, listener]:
        s.close()


def gone(book):
    """A socket that somebody left behind is nobody's: the command does it by itself."""
    path = os.path.join(book.dir, "left.sock")
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(path)
    before = frozen(book)
    code, out, said = through(book, path, "freeze", "--tool", "reject_match", "--reason", "a drill")
    check("where nobody is left it is done on the book itself", code == 0
          and frozen(book) == before + 1, (code, out, said))


def main():
    book = lib.Book(lib.given_engine())
    with lib.serving(book) as engine:
        unheard(book)
        not_asked(book)
        engine.stop()
        gone(book)
    sys.exit(tap.done())


main()
