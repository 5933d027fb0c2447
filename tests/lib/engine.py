"""A real closegate-engine for the flow, fault and e2e tests: a book of its own in a temporary
folder, the daemon on a free port, and callers whose assertions are signed with the workspace's key
(proto/PROTOCOL.md). Only Debian's python3-cryptography beside the standard library."""
import argparse
import base64
import contextlib
import ctypes
import fcntl
import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import uuid

from cryptography.hazmat.primitives.serialization import load_pem_private_key

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MODERN = "2026-07-28"
WORKSPACE = "workspace"


class Unreachable(Exception):
    """The engine did not answer: down, or it went away under the request."""


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def find_engine(given=None):
    """The binary: as given, else of the newest build under build/."""
    if given:
        return os.path.abspath(given)
    found = []
    for build in ("check", "release", "asan"):
        path = os.path.join(ROOT, "build", build, "engine", "closegate-engine")
        if os.access(path, os.X_OK):
            found.append(path)
    if not found:
        raise SystemExit("closegate-engine is not built: run tests/run, or say --engine PATH")
    return max(found, key=os.path.getmtime)


def given_engine():
    """The binary of a script that takes --engine and nothing else it reads."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--fixtures")  # given to all that speak MCP
    return find_engine(parser.parse_args().engine)


def wait_until(good, seconds=10, every=0.02):
    """What good() gives once it is true, or at last."""
    end = time.monotonic() + seconds
    while not (found := good()) and time.monotonic() < end:
        time.sleep(every)
    return found


# What a book that was just made does not depend on.
NOT_THE_BOOKS = re.compile(r"CLOSEGATE_(DATA_DIR|INGEST_DIRS|AUTH_BACKEND|LOG_LEVEL|\w*LISTEN|\w*URL|WITNESS\w*)$")
TEMPLATE_AGE_S = 3600


def take_template(book):
    """Copies a data folder that was made once for an engine and a starter, since each new book has its
    policy proved, which takes a second and under sanitizers many. Whether there was one to copy."""
    told = sorted(f"{k}={v}" for k, v in book.env.items()
                  if k.startswith("CLOSEGATE_") and not NOT_THE_BOOKS.match(k))
    stamp = os.stat(book.engine)
    name = hashlib.sha256(repr((told, book.starter, stamp.st_mtime_ns, stamp.st_size))
                          .encode()).hexdigest()[:16]
    folder = os.path.join(os.path.dirname(book.engine), "books-for-tests")
    path = os.path.join(folder, name)
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        lock = open(path + ".lock", "w", encoding="utf-8")
    except OSError:
        return False
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.isdir(path) and time.time() - os.stat(path).st_mtime > TEMPLATE_AGE_S:
            shutil.rmtree(path)
        if not os.path.isdir(path):
            book.make_anew()
            shutil.rmtree(path + ".new", ignore_errors=True)  # of one that was cut off
            shutil.copytree(book.data, path + ".new")
            os.rename(path + ".new", path)
            os.utime(path)
        else:
            shutil.copytree(path, book.data)
    return True


class Book:
    """A data folder of its own, gone when closed, in `under` if that is given. make() fills it."""

    def __init__(self, engine, starter="saas", env=None, under=None):
        self.engine = engine
        if under:
            os.makedirs(under, exist_ok=True)
        self.dir = tempfile.mkdtemp(prefix="closegate-", dir=under)
        self.data = os.path.join(self.dir, "data")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("CLOSEGATE_")}
        self.env.update(CLOSEGATE_ENV="dev", CLOSEGATE_DATA_DIR=self.data,
                        CLOSEGATE_AUTH_BACKEND="header-trust", CLOSEGATE_LOG_LEVEL="warn",
                        CLOSEGATE_INGEST_DIRS=self.dir,
                        # a test is a loop, and as fast as its machine; limits.py has its own
                        CLOSEGATE_ACTOR_RATE="0")
        if not has_landlock():  # prod would not start
            self.env["CLOSEGATE_UNSAFE_NO_CONFINEMENT"] = "partly"
        self.env.update(env or {})
        self.starter = starter

    def make(self):
        """The demo company, or with the starter "empty" nobody's."""
        if os.path.exists(self.data) or not take_template(self):
            self.make_anew()

    def make_anew(self):
        """Not as a copy: its keys and its book_id are its own."""
        self.cli(*(["init"] if self.starter == "empty" else ["seed", self.starter]), check=True)

    def cli(self, *words, timeout=120, check=False):
        """Runs a command on this book; (exit, stdout + stderr)."""
        done = subprocess.run([self.engine, *words], env=self.env, cwd=ROOT, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL)
        text = done.stdout.decode("utf-8", "replace")
        if check and done.returncode != 0:
            raise SystemExit(f"closegate-engine {' '.join(words)}: exit {done.returncode}\n{text}")
        return done.returncode, text

    def edit_policy(self, *changes):
        """Each change is a regular expression and what stands for it, found exactly once."""
        path = os.path.join(self.data, "policy.yaml")
        with open(path, encoding="utf-8") as f:
            text = f.read()
        for find, put in changes:
            text, n = re.subn(find, put, text, flags=re.S)
            if n != 1:
                raise SystemExit(f"the policy does not say {find}")
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)

    def rows(self, sql, *binds):
        """Reads the book beside the engine, never through it."""
        db = sqlite3.connect(f"file:{os.path.join(self.data, 'recon.db')}?mode=ro", uri=True,
                             timeout=10)
        try:
            db.row_factory = sqlite3.Row
            return db.execute(sql, binds).fetchall()
        finally:
            db.close()

    def key(self, client=WORKSPACE):
        """A client's private key, as init wrote it."""
        for folder, _, names in os.walk(self.data):
            for name in sorted(names):
                if name.endswith((".pem", ".key")) and client in name:
                    with open(os.path.join(folder, name), "rb") as f:
                        head = f.read()
                    if b"PRIVATE KEY" in head:
                        return load_pem_private_key(head, password=None)
        raise SystemExit(f"init left no private key of the {client} under {self.data}")

    def principal(self, name):
        """The principal behind human:NAME."""
        rows = self.rows("SELECT principal_id FROM identities WHERE kind = 'actor' AND subject = ?"
                         " AND status = 'active'", name)
        return rows[0]["principal_id"] if rows else None

    def close(self):
        shutil.rmtree(self.dir, ignore_errors=True)


def has_landlock():
    """Does this kernel, or the container, let a process confine itself?"""
    create_ruleset, ask_version = 444, 1
    return ctypes.CDLL(None).syscall(create_ruleset, None, 0, ask_version) > 0


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def connection(port, timeout, trust=None):
    """HTTP to this machine; with an ssl.SSLContext over TLS."""
    if trust:
        return http.client.HTTPSConnection("127.0.0.1", port, timeout=timeout, context=trust)
    return http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)


class Engine:
    """The daemon on a book."""

    def __init__(self, book, port=None, trust=None, host="127.0.0.1"):
        self.book, self.port, self.process = book, port or free_port(), None
        self.host = host  # where it listens; it is asked at 127.0.0.1
        self.trust = trust  # an ssl.SSLContext: it speaks TLS
        self.log = os.path.join(book.dir, "engine.log")

    def start(self, timeout=20):
        """Returns once it says it is ready; how long that took, in seconds."""
        env = dict(self.book.env, CLOSEGATE_ENGINE_LISTEN=f"{self.host}:{self.port}")
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.book.engine, "serve"], env=env, cwd=ROOT,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.monotonic() - began < timeout:
            if self.process.poll() is not None:
                raise SystemExit(f"closegate-engine serve: exit {self.process.returncode}\n"
                                 + self.tail())
            try:
                c = self.connection(timeout=2)
                c.request("GET", "/readyz")
                if c.getresponse().status == 200:
                    return time.monotonic() - began
            except OSError:
                pass
            time.sleep(0.02)
        raise SystemExit(f"closegate-engine serve: not ready after {timeout} s\n" + self.tail())

    def connection(self, timeout=30):
        """A connection of its own to the engine's TCP listener."""
        return connection(self.port, timeout, self.trust)

    def tail(self, lines=30):
        try:
            with open(self.log, encoding="utf-8", errors="replace") as f:
                return "".join(f.readlines()[-lines:])
        except FileNotFoundError:
            return ""

    def stop(self, timeout=20):
        """A clean shutdown; its exit status (0 is expected)."""
        if self.process is None or self.process.poll() is not None:
            return None if self.process is None else self.process.returncode
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return "did not stop"

    def kill(self):
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def serving(book, *commands):
    """The engine on a book that is made first, by these commands, too; in the end both are gone."""
    engine = Engine(book)
    try:
        book.make()
        for words in commands:
            book.cli(*words, check=True)
        engine.start()
        yield engine
    except Exception:
        print("# " + engine.tail().replace("\n", "\n# "))
        raise
    finally:
        engine.stop()
        book.close()


# Arguments that the tool's schema mirrors in a header (x-mcp-header); mcp_live.py compares this with
# tools/list.
MIRRORED = {("generate_close_summary", "entity_id"): "Entity-Id"}


def mirrored(tool, arguments):
    """The Mcp-Param headers of a call."""
    head = {}
    for (name, argument), header in MIRRORED.items():
        value = arguments.get(argument) if name == tool and isinstance(arguments, dict) else None
        if isinstance(value, bool):
            head["Mcp-Param-" + header] = "true" if value else "false"
        elif isinstance(value, int):
            head["Mcp-Param-" + header] = str(value)
        elif isinstance(value, str):
            coded = "=?base64?" + base64.b64encode(value.encode("utf-8", "surrogatepass")).decode()
            plain = value.isascii() and value.isprintable() and value.strip() == value and value
            head["Mcp-Param-" + header] = value if plain else coded + "?="
    return head


class Caller:
    """Calls tools as one actor. Not for two threads at a time."""

    def __init__(self, engine, actor, obo=None, key=None, principal=None, channel=None, timeout=30,
                 client=WORKSPACE):
        self.engine, self.actor, self.timeout, self.client = engine, actor, timeout, client
        self.key = key or engine.book.key(client)
        kind, name = actor.split(":", 1)
        self.claims = {"sub": actor, "aud": "closegate-engine",
                       "channel": channel or ("web" if kind == "human" else "api")}
        if kind == "human":
            self.claims["principal"] = principal or engine.book.principal(name) or name
        elif obo:
            self.claims["obo"] = engine.book.principal(obo) or obo
        self.connection, self.counter = None, 0
        self.extra = {}  # further headers of each request

    def assertion(self, method, path, body, overrides=None):
        """The signed claims; an override of None leaves its claim out."""
        now = int(time.time())
        claims = dict(self.claims, htm=method, htu=path, iat=now, exp=now + 50,
                      bh=b64url(hashlib.sha256(body).digest()), jti=uuid.uuid4().hex)
        if self.actor.startswith("human:"):
            claims["auth_time"] = now
        claims.update(overrides or {})
        claims = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "EdDSA", "kid": self.client, "typ": "closegate-assertion+jwt"}
        signed = ".".join(b64url(json.dumps(part, separators=(",", ":")).encode())
                          for part in (header, claims))
        return signed + "." + b64url(self.key.sign(signed.encode()))

    def post(self, body, headers):
        """(status, headers, body) of one POST /mcp on a kept connection."""
        try:
            if self.connection is None:
                self.connection = connection(self.engine.port, self.timeout,
                                             getattr(self.engine, "trust", None))
            self.connection.request("POST", "/mcp", body, headers)
            response = self.connection.getresponse()
            return response.status, response.headers, response.read()
        except (OSError, http.client.HTTPException) as e:
            self.hang_up()
            raise Unreachable(f"{type(e).__name__}: {e}") from e

    def hang_up(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def rpc(self, method, params, name=None, capabilities=None):
        """One request of 2026-07-28, signed; (HTTP status, JSON-RPC message)."""
        self.counter += 1
        meta = {"io.modelcontextprotocol/protocolVersion": MODERN,
                "io.modelcontextprotocol/clientCapabilities": capabilities or {},
                "io.modelcontextprotocol/clientInfo": {"name": "closegate-tests", "version": "1"}}
        message = {"jsonrpc": "2.0", "id": self.counter, "method": method,
                   "params": dict(params, _meta=meta)}
        body = json.dumps(message).encode()
        headers = {"Content-Type": "application/json",
                   "Accept": "application/json, text/event-stream",
                   "MCP-Protocol-Version": MODERN, "Mcp-Method": method,
                   "X-Actor-Id": self.actor,
                   "X-Closegate-Assertion": self.assertion("POST", "/mcp", body)}
        headers.update(self.extra)
        if name:
            headers["Mcp-Name"] = name
        if method == "tools/call":
            headers.update(mirrored(name, params.get("arguments", {})))
        status, _, answer = self.post(body, headers)
        try:
            return status, json.loads(answer)
        except ValueError:
            return status, {"error": {"code": status, "message": answer.decode("utf-8", "replace")}}

    def call(self, tool, **arguments):
        """A tool's result: {"outcome": ok | pending | deny | error, "reason", "data", "text"}."""
        status, message = self.rpc("tools/call", {"name": tool, "arguments": arguments}, tool)
        return outcome(status, message)

    def read(self, uri):
        status, message = self.rpc("resources/read", {"uri": uri}, uri)
        if "result" not in message:
            return outcome(status, message)
        text = message["result"]["contents"][0].get("text", "")
        return {"outcome": "ok", "reason": None, "data": json.loads(text), "text": text}


def outcome(status, message):
    """What came of a call, whichever layer said it."""
    if "error" in message:
        error = message["error"]
        if not isinstance(error, dict):
            error = {"message": str(error)}
        return {"outcome": "error", "reason": str(error.get("code", status)), "data": error,
                "text": error.get("message", ""), "status": status}
    result = message.get("result", {})
    text = "\n".join(c.get("text", "") for c in result.get("content", []))
    data = result.get("structuredContent")
    if not isinstance(data, dict):
        try:
            data = json.loads(text)
        except ValueError:
            data = {}
    said = data.get("status") if isinstance(data, dict) else None
    reason = data.get("reason") if isinstance(data, dict) else None
    if said == "pending_approval":
        kind = "pending"
    elif said in ("denied", "deny"):
        kind = "deny"
    elif result.get("isError"):
        kind = "error"
    else:
        kind = "ok"
    return {"outcome": kind, "reason": reason, "data": data, "text": text, "status": status,
            "receipt": result.get("_meta", {}).get("closegate/receipt")}


def chain_is_intact(book):
    """audit verify --book, and audit replay: every verdict is the gate's; (intact, what was said)."""
    code, text = book.cli("audit", "verify", "--book")
    if code != 0:
        return False, text
    code, again = book.cli("audit", "replay")
    return code == 0, text + again
