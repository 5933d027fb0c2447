"""A real closegate-agent beside the engine of engine.py, for the e2e tests: its own folder with the
two keys, a free port, and callers of its JSON API as a browser would call it: a cookie jar of one,
the session's CSRF token, and Origin."""
import argparse
import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import threading
import time

import engine as lib

PEOPLE = ("demo-user", "maria", "sam")


def find_agent(given=None):
    """The binary: as given, else beside the engine of the newest build."""
    if given:
        return os.path.abspath(given)
    path = os.path.join(os.path.dirname(os.path.dirname(lib.find_engine())), "agent",
                        "closegate-agent")
    if not os.access(path, os.X_OK):
        raise SystemExit("closegate-agent is not built: run tests/run, or say --agent PATH")
    return path


class Agent:
    """The daemon, signing people in by the dev backend unless env says otherwise."""

    def __init__(self, binary, engine, port=None, env=None, trust=None):
        self.binary, self.engine, self.process = binary, engine, None
        self.port, self.trust = port or lib.free_port(), trust
        self.url = f"{'https' if trust else 'http'}://127.0.0.1:{self.port}"
        self.folder = os.path.join(engine.book.dir, "agent")
        self.log = os.path.join(engine.book.dir, "agent.log")
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(
            ("CLOSEGATE_", "ANTHROPIC_", "OPENAI_"))}
        self.env.update(CLOSEGATE_ENV="dev", CLOSEGATE_AGENT_AUTH_BACKEND="dev",
                        CLOSEGATE_AGENT_DATA_DIR=self.folder, CLOSEGATE_WORKSPACE_URL=self.url,
                        CLOSEGATE_AGENT_LISTEN=f"127.0.0.1:{self.port}",
                        CLOSEGATE_ENGINE_URL=f"http://127.0.0.1:{engine.port}/mcp")
        if not lib.has_landlock():  # prod would not start
            self.env["CLOSEGATE_UNSAFE_NO_CONFINEMENT"] = "partly"
        self.env.update(env or {})
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        for key in ("workspace.key", "notifier.key"):
            shutil.copy(os.path.join(engine.book.data, key), self.folder)
            os.chmod(os.path.join(self.folder, key), 0o600)

    def start(self, timeout=20):
        """Returns once it answers; the engine need not."""
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve"], env=self.env, cwd=lib.ROOT,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while time.monotonic() - began < timeout:
            if self.process.poll() is not None:
                raise SystemExit(f"closegate-agent serve: exit {self.process.returncode}\n"
                                 + self.tail())
            try:
                if exchange(self.port, "GET", "/healthz", timeout=2, trust=self.trust)[0] == 200:
                    return time.monotonic() - began
            except OSError:
                pass
            time.sleep(0.02)
        raise SystemExit(f"closegate-agent serve: no answer after {timeout} s\n" + self.tail())

    def cli(self, *words, timeout=60):
        done = subprocess.run([self.binary, *words], env=self.env, cwd=lib.ROOT, timeout=timeout,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout.decode("utf-8", "replace")

    def opened(self):
        """Every file it has open or mapped now, as /proc says."""
        base, names = f"/proc/{self.process.pid}", set()
        for fd in os.listdir(base + "/fd"):
            try:
                names.add(os.readlink(f"{base}/fd/{fd}"))
            except FileNotFoundError:
                pass
        with open(base + "/maps", encoding="utf-8", errors="replace") as f:
            names.update(line.split(None, 5)[5].strip() for line in f if line.count(" ") > 4
                         and len(line.split(None, 5)) == 6)
        return names

    tail = lib.Engine.tail
    stop = lib.Engine.stop
    kill = lib.Engine.kill


def given():
    """(engine, agent): the binaries of a script that takes --engine and --agent."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--agent")
    said = parser.parse_args()
    return lib.find_engine(said.engine), find_agent(said.agent)


@contextlib.contextmanager
def serving(engine, binary, env=None, trust=None):
    """The agent beside a running engine; in the end it is gone."""
    agent = Agent(binary, engine, env=env, trust=trust)
    try:
        agent.start()
        yield agent
    except Exception:
        print("# " + agent.tail().replace("\n", "\n# "))
        raise
    finally:
        agent.stop()


def exchange(port, method, path, body=None, headers=None, timeout=20, trust=None):
    """(status, headers, bytes) of one request on a connection of its own."""
    c = lib.connection(port, timeout, trust)
    try:
        c.request(method, path, body, headers or {})
        r = c.getresponse()
        return r.status, r.headers, r.read()
    finally:
        c.close()


class Person:
    """Somebody at a browser: what the page sends along is sent along."""

    def __init__(self, agent, name=None):
        self.agent, self.cookie, self.csrf, self.name = agent, None, None, name
        if name:
            self.sign_in(name)

    def headers(self, method, more=None):
        head = {"Accept": "application/json"}
        if self.cookie:
            head["Cookie"] = self.cookie
        if method != "GET":
            head.update({"Origin": self.agent.url, "Sec-Fetch-Site": "same-origin",
                         "Content-Type": "application/json"})
            if self.csrf:
                head["X-CSRF-Token"] = self.csrf
        head.update(more or {})
        return {k: v for k, v in head.items() if v is not None}

    def ask(self, method, path, body=None, headers=None, timeout=30):
        """(status, headers, JSON or bytes). A header of None is left out."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        status, head, data = exchange(self.agent.port, method, path, body,
                                      self.headers(method, headers), timeout, self.agent.trust)
        try:
            return status, head, json.loads(data)
        except ValueError:
            return status, head, data

    def get(self, path, **more):
        status, _, data = self.ask("GET", "/api/v1/" + path, **more)
        return status, data

    def post(self, path, body, **more):
        status, _, data = self.ask("POST", "/api/v1/" + path, body, **more)
        return status, data

    def sign_in(self, name):
        status, head, data = self.ask("POST", "/api/v1/session/dev", {"person": name})
        if status != 200:
            raise SystemExit(f"{name} cannot sign in: {status} {data}")
        self.name, self.csrf = name, data["csrf"]
        self.cookie = head["Set-Cookie"].split(";")[0]

    def decide(self, waiting, decision, rationale=None, key=None, **more):
        """On one of the list's rows."""
        body = {"decision": decision, "digest": waiting["digest"],
                "idempotency_key": key or os.urandom(12).hex()}
        if rationale:
            body["rationale"] = rationale
        return self.post(f"escalations/{waiting['escalation_id']}/decision", body, **more)

    def waiting(self, query=""):
        status, data = self.get("escalations?limit=200" + query)
        if status != 200:
            raise SystemExit(f"the list of what waits: {status} {data}")
        return data["escalations"]


class Live:
    """The stream of what changes, as the page's EventSource reads it; topics() empties it."""

    def __init__(self, person, path="events"):
        self.seen, self.ended = [], threading.Event()
        self.c = http.client.HTTPConnection("127.0.0.1", person.agent.port, timeout=120)
        self.c.request("GET", "/api/v1/" + path, headers=person.headers("GET"))
        self.socket = self.c.sock  # http.client lets go of it when the reply has no length
        self.response = self.c.getresponse()
        self.status, self.lock = self.response.status, threading.Condition()
        if self.status == 200:
            threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        event = ""
        try:
            for line in self.response:
                word, _, value = line.decode().rstrip("\n").partition(": ")
                if word == "event":
                    event = value
                elif word == "data":
                    with self.lock:
                        self.seen.append((event, json.loads(value)))
                        self.lock.notify_all()
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self.ended.set()

    def wait_for(self, fits, seconds=10):
        """Whether what was told so far, [(event, data)], fits within that time."""
        with self.lock:
            return self.lock.wait_for(lambda: fits(self.seen), seconds)

    def wait(self, topic, seconds=10):
        """Whether a change of that topic was told."""
        return self.wait_for(lambda seen: any(topic in d.get("topics", []) for _, d in seen), seconds)

    def clear(self):
        with self.lock:
            self.seen.clear()

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self.ended.wait(5)
