"""A machine in trouble under a daemon of the e2e tests (tests/fault/trouble.c): a full, a read-only
or a broken disk, another time of day, and too few descriptors. It begins and ends while the daemon
runs."""
import argparse
import contextlib
import errno
import http.client
import mmap
import os
import resource
import struct

import agent as agents
import engine as lib

LAYOUT = struct.Struct("=iiqq")


class Trouble:
    """Of one daemon, whose env it goes into before it is started; `under` is the folder on the disk."""

    def __init__(self, library, under, folder):
        self.path = os.path.join(folder, f"trouble-{os.path.basename(under)}")
        with open(self.path, "wb") as f:
            f.write(bytes(LAYOUT.size))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), LAYOUT.size)
        # under sanitizers: their runtime stands behind ours, which only passes on
        options = os.environ.get("ASAN_OPTIONS", "").split(":") + ["verify_asan_link_order=0"]
        self.env = {"LD_PRELOAD": library, "ASAN_OPTIONS": ":".join(filter(None, options)),
                    "TROUBLE_FILE": self.path,
                    "TROUBLE_UNDER": under}

    def put(self, write=0, sync=0, clock_s=0):
        _, _, _, refused = LAYOUT.unpack(self.map[:])
        self.map[:] = LAYOUT.pack(write, sync, int(clock_s * 10**9), refused)

    def refused(self):
        """How often something was refused so far."""
        return LAYOUT.unpack(self.map[:])[3]

    @contextlib.contextmanager
    def disk(self, **what):
        before = self.refused()
        self.put(**what)
        try:
            yield
        finally:
            self.put()
        if self.refused() == before:
            raise SystemExit(f"the trouble {what} was not met: the test says nothing")

    def full(self):
        return self.disk(write=errno.ENOSPC)

    def read_only(self):
        return self.disk(write=errno.EROFS)

    def broken(self):
        return self.disk(sync=errno.EIO)

    @contextlib.contextmanager
    def clock(self, seconds):
        self.put(clock_s=seconds)
        try:
            yield
        finally:
            self.put()


@contextlib.contextmanager
def no_descriptors(process):
    """Those that it has now, and no more."""
    soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    taken = {int(fd) for fd in os.listdir(f"/proc/{process.pid}/fd")}
    free = next(fd for fd in range(len(taken) + 1) if fd not in taken)
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (free, hard))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (soft, hard))


def starved(port, tries=40):
    """Whether a new connection waits in the end; those before it are kept open, for a descriptor may
    have become free."""
    kept = []
    try:
        for _ in range(tries):
            c = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            kept.append(c)
            c.request("GET", "/healthz")
            c.getresponse().read()
    except TimeoutError:
        return True
    finally:
        for c in kept:
            c.close()
    return False


def cpu_s(process):
    """The processor time that it used so far."""
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as f:
        words = f.read().rsplit(")", 1)[1].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def given():
    """(engine, agent, the library) of a script that takes --engine, --agent and --trouble."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--engine")
    parser.add_argument("--agent")
    parser.add_argument("--trouble", required=True)
    said = parser.parse_args()
    return (lib.find_engine(said.engine), agents.find_agent(said.agent) if said.agent else None,
            os.path.abspath(said.trouble))
