#!/usr/bin/env python3
"""Both daemons on a machine in trouble: a full disk, a read-only one, one that does not sync, a clock
that is set back or jumps ahead, no descriptors left. What they say, that nothing is done that was
not recorded, that what needs no writing goes on, and that all is well again by itself when the
trouble is over. The trouble is made before their calls for files and the time (tests/fault/trouble.c)
and by the kernel's own limits; where the kernel lets us, a small disk is really full, too.
Prints TAP. Usage: machine_trouble.py [--engine PATH] [--agent PATH] --trouble LIBRARY"""
import ctypes
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import agent as agents  # noqa: E402
import engine as lib  # noqa: E402
import trouble  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
check = tap.check

FULL = "the disk is full; nothing was recorded"
READ_ONLY = "the database is read-only; nothing was recorded"
UNKNOWN = "the outcome is unknown: repeat the call with the same idempotency_key"
CLOSED = "the book cannot be written at the moment"
# in the engine's answer at the first call and at those behind it
SAID = {"full": (FULL, FULL), "read_only": (UNKNOWN, CLOSED), "broken": (UNKNOWN, UNKNOWN)}


class Troubled:
    """An engine on a book of its own, and its trouble."""

    def __init__(self, binary, library, under=None):
        self.book = lib.Book(binary, under=under)
        self.book.make()
        self.trouble = trouble.Trouble(library, self.book.data, self.book.dir)
        self.engine, self.keys, self.maria = lib.Engine(self.book), 0, None
        self.start()
        self.book.cli("recon", check=True)
        self.maria = lib.Caller(self.engine, "human:maria")
        self.open = [r["match_id"] for r in self.book.rows(
            "SELECT match_id FROM matches LEFT JOIN match_states s USING (match_id) "
            "WHERE s.state IS NULL ORDER BY match_id")]

    def start(self):
        """None once it serves, or what it said and went."""
        env = self.book.env
        self.book.env = dict(env, **self.trouble.env)  # the daemon's alone
        try:
            self.engine.start()
            if self.maria is not None:
                self.maria.hang_up()
            return None
        except SystemExit as e:
            return str(e)
        finally:
            self.book.env = env

    def rejection(self):
        """A call that changes something, to be made until it is settled."""
        self.keys += 1
        return {"match_id": self.open.pop(), "rationale": "drill",
                "idempotency_key": f"trouble-{self.keys}"}

    def reject(self, wish):
        return self.maria.call("reject_match", **wish)

    def state(self, match_id):
        rows = self.book.rows("SELECT state FROM match_states WHERE match_id = ?", match_id)
        return rows[0]["state"] if rows else None

    def events_of(self, match_id):
        """Of the rejection itself: that it settles what waited is an event of its own."""
        return len(self.book.rows(
            "SELECT seq FROM audit_events WHERE match_id = ? AND event_type = 'OK' AND "
            "json_extract(event, '$.tool') = 'reject_match'", match_id))

    def well(self):
        """(status of /healthz, status of /readyz)."""
        return tuple(agents.exchange(self.engine.port, "GET", p)[0] for p in ("/healthz", "/readyz"))

    def reads(self):
        return self.maria.call("list_pending_escalations", limit=1)["outcome"] == "ok"

    def close(self):
        self.engine.stop()
        self.book.close()


def message(got):
    return got["data"].get("message", got["text"])


# ---- the engine's disk ----

def disk(t, name):
    wish, quiet = t.rejection(), t.well()
    with getattr(t.trouble, name)():
        first = t.reject(wish)
        second = t.reject(wish)
        during, reads = t.well(), t.reads()
        check(f"{name}: the first change says what is the matter",
              message(first) == SAID[name][0], first)
        check(f"{name}: so does the next", message(second) == SAID[name][1], second)
        check(f"{name}: alive, and not ready", quiet == (200, 200) and during == (200, 503), during)
        check(f"{name}: whoever reads is answered", reads)
        check(f"{name}: status tells", t.book.cli("status")[0] == 0)
        check(f"{name}: nothing is done", t.state(wish["match_id"]) is None)
    third = t.reject(wish)
    check(f"{name}: once it is over the same key is decided, by the engine as it runs",
          third["outcome"] == "ok" and t.well() == (200, 200), (third["text"], t.well()))
    check(f"{name}: once", t.events_of(wish["match_id"]) == 1
          and t.state(wish["match_id"]) == "REJECTED", t.events_of(wish["match_id"]))


def disk_at_start(t):
    """Nobody starts an engine that cannot record; who tries is told why."""
    t.engine.stop()
    for name, words in (("full", "No space left on device"), ("read_only", "Read-only file system")):
        with getattr(t.trouble, name)():
            said = t.start()
            check(f"{name}: no engine starts, and says why", said is not None and "exit 1" in said
                  and words in said, said)
    check("and one starts when it is over", t.start() is None and t.well() == (200, 200))


def keys_on_a_full_disk(t):
    """A rotation writes a key's file before anything is recorded."""
    with t.trouble.full():
        code, said = t.book.cli("keys", "rotate", "--rationale", "drill")
        check("a key that cannot be written signs nothing", code == 1 and "disk is full" in said,
              (code, said))
    wish = t.rejection()
    check("the old key signs on", t.reject(wish)["outcome"] == "ok")
    code, said = t.book.cli("keys", "rotate", "--rationale", "drill")
    check("and the rotation is done later", code == 0, (code, said))


# ---- its clock ----

def freeze(t):
    """An act at the shell: what comes over HTTP is dated by its caller's clock, too."""
    t.keys += 1
    return t.book.cli("freeze", "--actor", f"llm:drill.s-{t.keys}", "--reason", "drill")


def done(said):
    return said[0] == 0, said


def times(t):
    return [r[0] for r in t.book.rows("SELECT timestamp_utc FROM audit_events ORDER BY seq")]


def clock(t):
    with t.trouble.clock(-600):
        code, said = freeze(t)
        check("a clock ten minutes back: it goes on", code == 0, (code, said))
        check("with times that rise", times(t) == sorted(set(times(t))))
    with t.trouble.clock(-7200):
        n = len(times(t))
        code, said = freeze(t)
        check("two hours back: nothing is recorded, and it says why", code == 1
              and "the clock stands more than an hour before the book's last event" in said
              and len(times(t)) == n, (code, said))
        check("two hours back: status tells", t.book.cli("status")[0] == 0)
    check("set right, it goes on", *done(freeze(t)))
    with t.trouble.clock(7200):
        code, said = freeze(t)
        check("two hours ahead: nothing is recorded until somebody looks", code == 1
              and "jumped forward" in said and "clock ack" in said, (code, said))
    check("set right, it goes on", *done(freeze(t)))
    t.engine.stop()
    with t.trouble.clock(-7200):
        said = t.start()
        check("an engine does not start two hours before its book, and says why", said is not None
              and "the clock stands more than an hour before" in said, said)
    check("and starts when the clock is right", t.start() is None)


# ---- its descriptors ----

def descriptors(t):
    wish = t.rejection()
    t.maria.call("list_pending_escalations", limit=1)  # a connection that is kept
    with trouble.no_descriptors(t.engine.process):
        used = trouble.cpu_s(t.engine.process)
        check("without descriptors a new connection waits", trouble.starved(t.engine.port))
        check("who is connected goes on, and decides", t.reject(wish)["outcome"] == "ok")
        used = trouble.cpu_s(t.engine.process) - used
        check("and the engine does not spin", used < 0.5, used)
    other = lib.Caller(t.engine, "human:sam")
    check("then it is served", other.call("list_pending_escalations", limit=1)["outcome"] == "ok")
    told = t.engine.tail(50).count("accept failed")
    check("the log says so once", told == 1, told)


# ---- the agent ----

FILTER = {"screen": "inbox", "query": "min=1"}


def agent_well(a):
    """(status of /healthz, status of /readyz)."""
    return tuple(agents.exchange(a.port, "GET", p)[0] for p in ("/healthz", "/readyz"))


def agent_disk(t, a, maria, name):
    mine = dict(FILTER, name=name)
    with getattr(t, name)():
        status, _, said = maria.ask("PUT", "/api/v1/filters", mine)
        check(f"agent, {name}: 503, in words", status == 503 and (
            said["message"] == FULL or said["error"] == "unknown_outcome"
            or said["message"] == READ_ONLY), (status, said))
        status, _, said = agents.Person(a).ask("POST", "/api/v1/session/dev", {"person": "sam"})
        check(f"agent, {name}: nobody is signed in who could not be written down", status == 503,
              (status, said))
        check(f"agent, {name}: whoever is signed in reads on", maria.get("escalations")[0] == 200
              and maria.get("session")[1]["signed_in"])
        check(f"agent, {name}: alive, and not ready", agent_well(a) == (200, 503), agent_well(a))
    check(f"agent, {name}: over, it is ready again before anybody writes", agent_well(a) == (200, 200),
          agent_well(a))
    check(f"agent, {name}: over, a filter is saved and a person signs in",
          maria.ask("PUT", "/api/v1/filters", mine)[0] == 200 and agents.Person(a, "sam").csrf)
    names = [f["name"] for f in maria.get("filters")[1]["filters"]]
    check(f"agent, {name}: it is there once", names.count(name) == 1, names)


def agent_clock(t, maria):
    mine = dict(FILTER, name="clock")
    for seconds in (-7200, 7200):
        with t.clock(seconds):
            status, _, said = maria.ask("PUT", "/api/v1/filters", mine)
            check(f"agent, clock {seconds}: nobody decides by it", status == 401, (status, said))
    check("agent: once it is set right, who was signed in still is",
          maria.ask("PUT", "/api/v1/filters", mine)[0] == 200)


def agent_descriptors(a, maria):
    with trouble.no_descriptors(a.process):
        used = trouble.cpu_s(a.process)
        check("agent: without descriptors a new connection waits", trouble.starved(a.port))
        used = trouble.cpu_s(a.process) - used
        check("agent: and it does not spin", used < 0.5, used)
    check("agent: then it is served", maria.get("escalations")[0] == 200)


def agent_all(t, binary, library):
    folder = os.path.join(t.book.dir, "agent")
    own = trouble.Trouble(library, folder, t.book.dir)
    with agents.serving(t.engine, binary, env=own.env) as a:
        maria = agents.Person(a, "maria")
        check("agent: quiet, it is ready", agent_well(a) == (200, 200), agent_well(a))
        for name in SAID:
            agent_disk(own, a, maria, name)
        agent_clock(own, maria)
        agent_descriptors(a, maria)
        check("agent: it stops cleanly", a.stop() == 0)


# ---- a disk that is really full ----

CLONE_NEWNS = 0x00020000


def small_disk(size):
    """A folder on a disk of its own, gone with this process; None: the kernel does not let us."""
    libc = ctypes.CDLL(None, use_errno=True)
    folder = f"/tmp/closegate-disk-{os.getpid()}"
    if os.geteuid() != 0 or libc.unshare(CLONE_NEWNS) != 0:
        return None
    os.makedirs(folder, exist_ok=True)
    private = subprocess.run(["mount", "--make-rprivate", "/"], capture_output=True, check=False)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder],
                             capture_output=True, check=False)
    return folder if private.returncode == 0 and mounted.returncode == 0 else None


def fill(path):
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(bytes(4096))
        except OSError:
            pass


def really_full(binary, library):
    folder = small_disk("24m")
    if folder is None:
        print("# no disk of our own here: what is full stays made up")
        return
    t = Troubled(binary, library, under=folder)
    try:
        wishes = [t.rejection() for _ in range(5)]
        t.engine.stop()
        t.start()  # with a log that has no room of its own yet
        fill(os.path.join(folder, "ballast"))
        said = [message(t.reject(w)) for w in wishes]
        check("a disk that is really full: the engine says so", FULL in said, said)
        check("it lives, and reads", t.well()[0] == 200 and t.reads())
        os.unlink(os.path.join(folder, "ballast"))
        again = [t.reject(w)["outcome"] for w in wishes]
        check("with room again each key is decided", again == ["ok"] * 5, again)
        check("once", [t.events_of(w["match_id"]) for w in wishes] == [1] * 5)
        check("and the book is intact", lib.chain_is_intact(t.book)[0])
    finally:
        t.close()
        subprocess.run(["umount", "--lazy", folder], check=False)
        os.rmdir(folder)


def main():
    engine_binary, agent_binary, library = trouble.given()
    t = Troubled(engine_binary, library)
    try:
        for name in SAID:
            disk(t, name)
        disk_at_start(t)
        keys_on_a_full_disk(t)
        descriptors(t)
        agent_all(t, agent_binary, library)
        clock(t)
        intact, text = lib.chain_is_intact(t.book)
        check("after all of it the book is intact, and every verdict the gate's", intact, text)
        check("the engine stops cleanly", t.engine.stop() == 0)
    except Exception:
        print("# " + t.engine.tail().replace("\n", "\n# "))
        raise
    finally:
        t.close()
    really_full(engine_binary, library)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
