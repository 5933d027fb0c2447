#!/usr/bin/env python3
"""What the daemons have given up once they serve, seen from outside: the kernel's word for it, files
that they can no longer reach, what still has to work, and kernels that lack something. What single
attempts meet is in tests/unit/test_confine.c. Prints TAP.
Usage: confined.py [--engine PATH] [--agent PATH]"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import witness as witnesses  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check
WITHOUT = os.path.join(lib.ROOT, "tests", "lib", "no_landlock.py")
BIG = 600 << 10  # a file that is not sent to the engine


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        return dict(re.findall(r"^(\w+):\s*(\S+)", f.read(), flags=re.M))


def limits_of(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as f:
        return {line[:26].strip(): line[26:].split()[:2] for line in f}


def instrumented(binary):
    with open(binary, "rb") as f:
        return b"__asan_init" in f.read()


def given_up(name, process, binary):
    """The kernel's own word, of every thread."""
    threads = os.listdir(f"/proc/{process.pid}/task")
    each = [status_of(f"{process.pid}/task/{t}") for t in threads]
    check(f"{name}: nothing new is to be gained", all(s["NoNewPrivs"] == "1" for s in each), each[0])
    if instrumented(binary):
        check(f"{name}: an instrumented build has no seccomp filter",
              all(s["Seccomp"] == "0" for s in each))
    else:
        check(f"{name}: two seccomp filters over every thread",
              all(s["Seccomp"] == "2" and s["Seccomp_filters"] >= "2" for s in each), each[0])
    check(f"{name}: no capability is left",
          all(int(s["CapPrm"], 16) == 0 and int(s["CapEff"], 16) == 0 for s in each), each[0])
    limits = limits_of(process.pid)
    check(f"{name}: no core", limits["Max core file size"] == ["0", "0"], limits)
    if os.geteuid() != 0:
        try:
            os.listdir(f"/proc/{process.pid}/fd")
            check(f"{name}: its own user sees none of its files", False)
        except PermissionError:
            check(f"{name}: its own user sees none of its files", True)


def asked(port, path, headers=None):
    status, _, body = agents.exchange(port, "GET", path, headers=headers or {})[:3]
    return status, json.loads(body)


def told(engine, book):
    detail = asked(engine.port, "/healthz?detail")[1]["confinement"]
    want = not instrumented(book.engine)
    check("healthz tells an operator what is in force",
          detail["whole"] and detail["no_new_privs"] and not detail["dumpable"]
          and detail["landlock"] >= 1 and detail["seccomp"] == want, detail)
    check("keys are in locked memory", detail["keys_locked"], detail)
    check("without being asked it says that it lives",
          asked(engine.port, "/healthz")[1] == {"status": "ok"})
    check("a stranger behind a proxy is told nothing more",
          asked(engine.port, "/healthz?detail", {"X-Forwarded-For": "192.0.2.1"})[1]
          == {"status": "ok"})
    code, text = book.cli("status", "--json")
    check("status says the same", code == 0 and json.loads(text)["engine_confinement"] == detail, text)
    code, text = book.cli("status")
    check("and in words", "confined: Landlock" in text and "keys in locked memory" in text, text)


def source_of(book):
    rows = book.rows("SELECT source_id, mapping FROM sources ORDER BY source_id")
    return rows[0]["source_id"]


def ingest(engine, book, folder):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "statement.csv")
    with open(path, "w", encoding="ascii") as f:
        f.write("nothing,that,fits\n" + "a,b,c\n" * (BIG // 6))
    os.chmod(path, 0o644)
    return book.cli("ingest", path, "--source", source_of(book))


def files(engine, book):
    inside = ingest(engine, book, os.path.join(book.dir, "incoming"))
    check("a large file in a folder of CLOSEGATE_INGEST_DIRS is read",
          "may not read" not in inside[1] and "cannot be opened" not in inside[1], inside)
    elsewhere = tempfile.mkdtemp(prefix="closegate-outside-")
    os.chmod(elsewhere, 0o755)
    outside = ingest(engine, book, elsewhere)
    shutil.rmtree(elsewhere)
    check("one elsewhere is out of the engine's reach, and it says what to do",
          outside[0] != 0 and "CLOSEGATE_INGEST_DIRS" in outside[1], outside)


def still_works(engine, book):
    policy = os.path.join(book.data, "policy.yaml")
    with open(policy, encoding="utf-8") as f:
        text = f.read()
    with open(policy + ".new", "w", encoding="utf-8") as f:
        f.write(text + "\n# another one\n")
    os.rename(policy + ".new", policy)
    engine.process.send_signal(1)
    found = lib.wait_until(lambda: "another policy is in force" in engine.tail(), 120)
    check("a policy file that was replaced is taken at SIGHUP", found, engine.tail())
    code, text = book.cli("keys", "rotate")
    check("the log's key is changed", code == 0, text)
    code, text = book.cli("audit", "verify")
    check("and the log holds", code == 0, text)
    status, said = asked(engine.port, "/readyz")
    check("it is ready", status == 200, said)
    engine.kill()
    engine.start()
    check("after kill -9 it starts over its own socket's file", engine.process.poll() is None)


def confined(binary):
    book = lib.Book(binary, env={"CLOSEGATE_LOG_LEVEL": "info"})
    with lib.serving(book) as engine:
        given_up("engine", engine.process, binary)
        told(engine, book)
        files(engine, book)
        still_works(engine, book)
        check("the log says so, too", '"message":"confined"' in engine.tail(200), engine.tail())


def agent_and_witness(binary, agent_binary):
    book = lib.Book(binary)
    with lib.serving(book) as engine:
        agent = agents.Agent(agent_binary, engine)
        witness = witnesses.Witness(binary, os.path.join(book.dir, "witness"))
        try:
            agent.start()
            given_up("agent", agent.process, agent_binary)
            code, text = agent.cli("status", "--json")
            held = json.loads(text).get("confinement", {})
            check("the agent's status says so", code == 0 and held.get("whole") is True
                  and held.get("keys_locked") is True, text)
            witness.make()
            witness.start([book.cli("keys", "export", check=True)[1].strip()])
            given_up("witness", witness.process, witness.binary)
            held = asked(witness.port, "/healthz?detail")[1].get("confinement", {})
            check("the witness says so to this machine", held.get("whole") is True
                  and held.get("landlock", 0) >= 1, held)
            check("and to nobody behind a proxy",
                  asked(witness.port, "/healthz?detail", {"X-Forwarded-For": "192.0.2.1"})[1]
                  == {"status": "ok"})
        finally:
            agent.stop()
            witness.stop()


# ---- kernels that lack something ----

def wrapped(book):
    """An engine as on such a kernel."""
    path = os.path.join(book.dir, "engine-without-landlock")
    with open(path, "w", encoding="utf-8") as f:
        f.write(f"#!/bin/sh\nexec {sys.executable} {WITHOUT} {book.engine} \"$@\"\n")
    os.chmod(path, 0o755)
    return path


def serve_fails(book, **env):
    done = subprocess.run([book.engine, "serve"], env=dict(book.env, **env), cwd=lib.ROOT,
                          timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL)
    return done.returncode, done.stdout.decode()


def postures(book, after):
    return [json.loads(r["event"]).get("posture") for r in
            book.rows("SELECT event FROM audit_events WHERE seq > ?", after)]


def head(book):
    return book.rows("SELECT max(seq) AS seq FROM audit_events")[0]["seq"]


def lacking(binary):
    book = lib.Book(binary, env={"CLOSEGATE_LOG_LEVEL": "info"})
    try:
        book.make()
        whole, book.engine = book.engine, wrapped(book)
        dev = lib.Engine(book)
        before = head(book)
        dev.start()
        check("in dev a kernel without Landlock is said in the log",
              "confined only in part" in dev.tail(200) and "no Landlock" in dev.tail(200), dev.tail())
        check("and nowhere else", all(p is None or p == [] for p in postures(book, before)))
        code, text = book.cli("status")
        check("status says what is lacking", "lacking: the kernel has no Landlock" in text, text)
        dev.stop()
        before = head(book)
        code, text = serve_fails(book, CLOSEGATE_ENV="prod")
        check("in prod it does not start there, and says how it would",
              code == 1 and "no Landlock" in text
              and "CLOSEGATE_UNSAFE_NO_CONFINEMENT=partly" in text, (code, text))
        check("and has recorded no start", head(book) == before)
        marked(book, "partly", "confined only in part")
        book.engine = whole
        marked(book, "yes", "is not confined")
    finally:
        book.close()


def marked(book, value, said):
    engine, before = lib.Engine(book), head(book)
    book.env["CLOSEGATE_UNSAFE_NO_CONFINEMENT"] = value
    engine.start()
    found = status_of(engine.process.pid)
    engine.stop()
    events = postures(book, before)
    check(f"with {value} it starts, says so, and every event is marked",
          said in engine.tail(200) and events
          and all(p == ["unsafe_no_confinement"] for p in events), (events, engine.tail()))
    if value == "yes":
        check("then there is no filter", found["Seccomp"] == "0" and found["NoNewPrivs"] == "1", found)


# ---- the log's keys in a process of their own ----

def signer_of(engine):
    return asked(engine.port, "/healthz?detail")[1]["confinement"].get("signer", 0)


def gone(pid):
    """Ended; nobody may have asked after it yet."""
    try:
        return status_of(pid)["State"] == "Z"
    except FileNotFoundError:
        return True


def is_signer(engine, pid):
    found = status_of(pid)
    check("the log's keys are with a child of the engine", found["PPid"] == str(engine.process.pid), found)
    check("which has one thread and is confined as the engine is",
          found["Threads"] == "1" and found["NoNewPrivs"] == "1" and int(found["CapEff"], 16) == 0
          and (found["Seccomp"] == "2" or instrumented(engine.book.engine)), found)


def keys_work(book, folder):
    code, text = book.cli("keys", "rotate")
    names = sorted(n for n in os.listdir(folder) if n.startswith("log.key"))
    check("a rotation changes the files in their folder", code == 0 and len(names) == 2
          and names[1].endswith(".retired"), (text, names))
    key = json.loads(book.cli("keys", "list", "--json", check=True)[1])[0]["vkey"]
    code, text = book.cli("audit", "verify", "--key", key)
    check("and the log holds by the first key", code == 0, text)
    check("none of them is in the data folder",
          not [n for n in os.listdir(book.data) if n.startswith("log.key")], os.listdir(book.data))
    text = book.cli("status")[1]
    check("status says who holds the keys", re.search(r"keys held by process \d+", text), text)


def ends(book, engine):
    pid = signer_of(engine)
    engine.kill()
    check("after kill -9 of the engine its signer ends, too", lib.wait_until(lambda: gone(pid), 60))
    engine.start()
    os.kill(signer_of(engine), 9)
    book.cli("freeze", "--kind", "llm", "--reason", "a drill")
    check("without its signer the engine stops rather than record what nobody signed",
          lib.wait_until(lambda: engine.process.poll() is not None, 60), engine.tail())
    engine.start()
    code, text = book.cli("audit", "verify")
    check("and the book is whole, without what nobody signed", code == 0
          and not book.rows("SELECT seq FROM audit_events WHERE event LIKE '%a drill%'"), text)


def set_back(book, engine, folder):
    """Somebody with the data folder, and a book that knows less than what was signed."""
    engine.stop()
    kept = book.data + ".kept"
    shutil.copytree(book.data, kept)
    for _ in range(2):
        engine.start()
        engine.stop()
    shutil.rmtree(book.data)
    os.rename(kept, book.data)
    code, text = serve_fails(book)
    check("a book that was set back is not signed on", code == 1 and "log.signed" in text
          and "docs/KEYS.md" in text, (code, text))
    os.unlink(os.path.join(folder, "log.signed"))
    engine.start()
    check("unless a person says that it is right so", engine.process.poll() is None)
    engine.stop()


def keys_apart(binary):
    folder = os.path.join(tempfile.mkdtemp(prefix="closegate-keys-"), "keys")
    book = lib.Book(binary, env={"CLOSEGATE_KEY_DIR": folder})
    engine = lib.Engine(book)
    try:
        book.make_anew()
        engine.start()
        is_signer(engine, signer_of(engine))
        keys_work(book, folder)
        ends(book, engine)
        set_back(book, engine, folder)
        inside = os.path.join(book.data, "keys")
        os.makedirs(inside)
        code, text = serve_fails(book, CLOSEGATE_KEY_DIR=inside)
        check("a folder that the engine reads anyway is refused",
              code == 1 and "CLOSEGATE_KEY_DIR" in text, (code, text))
    finally:
        engine.stop()
        book.close()
        shutil.rmtree(os.path.dirname(folder))


def main():
    parser = agents.argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--agent")
    given = parser.parse_args()
    binary = lib.find_engine(given.engine)
    if not lib.has_landlock():
        print("1..0 # SKIP this kernel has no Landlock")
        return 0
    began = time.monotonic()
    confined(binary)
    agent_and_witness(binary, agents.find_agent(given.agent))
    lacking(binary)
    keys_apart(binary)
    print(f"# {time.monotonic() - began:.1f} s")
    return tap.done()


sys.exit(main())
