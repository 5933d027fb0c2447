"""Witnesses for the e2e tests: the real closegate-witness as a process; a client of its protocol and
a witness of our own, written from C2SP tlog-witness and tests/lib/evidence.py alone."""
import base64
import http.client
import http.server
import os
import subprocess
import threading
import time

import evidence
from engine import ROOT, free_port, wait_until


def find_witness(engine):
    """Beside the engine's binary in its build."""
    return os.path.join(os.path.dirname(os.path.dirname(engine)), "witness", "closegate-witness")


class Witness:
    """closegate-witness on a data folder below the book's."""

    def __init__(self, engine, folder, name="witness.example/w1", port=None):
        self.binary, self.data, self.port = find_witness(engine), folder, port or free_port()
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("CLOSEGATE_")}
        self.env.update(CLOSEGATE_ENV="dev", CLOSEGATE_WITNESS_NAME=name, CLOSEGATE_WITNESS_DATA_DIR=folder,
                        CLOSEGATE_WITNESS_LISTEN=f"127.0.0.1:{self.port}",
                        CLOSEGATE_WITNESS_FOLLOW_SECONDS="1")
        self.process, self.log = None, folder + ".txt"

    def cli(self, *words):
        done = subprocess.run([self.binary, *words], env=self.env, cwd=ROOT, timeout=60,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def make(self):
        code, text = self.cli("init")
        if code != 0:
            raise SystemExit(f"closegate-witness init: exit {code}\n{text}")
        self.vkey = text.strip()
        return self.vkey

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def start(self, logs, follow=None, timeout=20):
        env = dict(self.env, CLOSEGATE_WITNESS_LOGS=",".join(logs))
        if follow:
            env["CLOSEGATE_WITNESS_FOLLOW"] = follow
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve"], env=env, cwd=ROOT,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if not wait_until(lambda: self.process.poll() is not None or self.healthy(), timeout):
            raise SystemExit("closegate-witness does not answer\n" + self.tail())
        if self.process.poll() is not None:
            raise SystemExit(f"closegate-witness: exit {self.process.returncode}\n" + self.tail())

    def healthy(self):
        try:
            return self.ask("GET", "/healthz")[0] == 200
        except OSError:
            return False

    def ask(self, method, path, body=None):
        """(status, type, text)"""
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            c.request(method, path, body)
            r = c.getresponse()
            return r.status, r.headers.get("Content-Type"), r.read().decode()
        finally:
            c.close()

    def checkpoint(self):
        status, _, text = self.ask("GET", "/checkpoint")
        return text if status == 200 else None

    def size(self):
        note = self.checkpoint()
        return int(note.split("\n")[1]) if note else 0

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            return self.process.wait(20)
        return None

    def kill(self):
        self.process.kill()
        self.process.wait()

    def tail(self, lines=20):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return "".join(f.readlines()[-lines:])


def ask_of(old, proof, note):
    """The body of add-checkpoint."""
    return (f"old {old}\n" + "".join(evidence.b64(h) + "\n" for h in proof) + "\n" + note).encode()


class Client:
    """A log's side of the protocol: brings a Python log's head, learns the size from 409."""

    def __init__(self, witness, log):
        self.witness, self.log, self.known = witness, log, 0

    def send(self, old, size, note=None, proof=None):
        leaves = self.log.leaves[:size]
        if proof is None:
            proof = evidence.consistency(old, leaves) if 0 < old <= size else []
        note = note or evidence.checkpoint(self.log.key, leaves)
        return self.witness.ask("POST", "/add-checkpoint", ask_of(old, proof, note)), note

    def bring(self):
        """The cosigned note of the whole log."""
        for _ in range(3):
            (status, kind, text), note = self.send(self.known, len(self.log.leaves))
            if status == 409 and kind == "text/x.tlog.size":
                self.known = int(text)
                continue
            if status != 200:
                raise ValueError(f"{status} {text}")
            self.known = len(self.log.leaves)
            return note + text
        raise ValueError("409 again and again")


def consistency_holds(old, old_root, new, new_root, proof):
    """RFC 9162 2.1.4.2."""
    if old == 0:
        return not proof
    if old == new:
        return not proof and old_root == new_root
    if old > new or not proof:
        return False
    if old & (old - 1) == 0:
        proof = [old_root] + proof
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = proof[0]
    for c in proof[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = evidence.node_hash(c, fr), evidence.node_hash(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = evidence.node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0


class OwnWitness:
    """A witness in Python that real engines are pointed at; keys are added as the test says."""

    def __init__(self, vkeys, name="witness.example/py"):
        self.key = evidence.Key(name, "py-witness", alg=4)
        self.vkeys, self.size, self.root, self.asked = list(vkeys), 0, evidence.root([]), 0
        self.refusals, self.lie = [], None  # a key that signs in our name
        own = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, kind, text = own.add(body.decode()) \
                    if self.path == "/add-checkpoint" else (404, "text/plain", "\n")
                data = text.encode()
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def add(self, body):
        with self.lock:
            self.asked += 1
            status, kind, text = self.judge(body)
            if status != 200:
                self.refusals.append((status, text))
            return status, kind, text

    def judge(self, body):
        head, _, note = body.partition("\n\n")
        first, *proof = head.split("\n")
        assert first.startswith("old ")
        old = int(first[4:])
        proof = [base64.b64decode(p) for p in proof]
        origin, size, top = note.split("\n")[:3]
        size, top = int(size), base64.b64decode(top)
        ours = [k for k in self.vkeys if k.startswith(origin + "+")]
        if not ours:
            return 404, "text/plain", "unknown log\n"
        if not any(evidence.note_holds(note, k) for k in ours):
            return 403, "text/plain", "unknown key\n"
        if old > size:
            return 400, "text/plain", "old\n"
        if old != self.size or (old == size and top != self.root):
            return 409, "text/x.tlog.size", f"{self.size}\n"
        if not consistency_holds(old, self.root, size, top, proof):
            return 422, "text/plain", "proof\n"
        self.size, self.root = size, top
        text = note.rpartition("\n\n")[0] + "\n"
        now = int(time.time())
        return 200, "text/plain", (self.lie.line(text, now, self.key.id) if self.lie
                                   else self.key.line(text, now))

    def close(self):
        self.server.shutdown()
        self.server.server_close()
