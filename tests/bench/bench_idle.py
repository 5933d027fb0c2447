#!/usr/bin/env python3
"""What idle keep-alive connections cost: memory of the engine before and with them, and whether a
new call still is answered as before (its time beside that of the same call without them, in one
run). The clients are other addresses of this machine's loopback, each with connections of its own.

    bench_idle.py --engine PATH [--connections 10000]"""
import argparse
import os
import resource
import socket
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "lib")]
import engine as real  # noqa: E402

ASK = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
PER_ADDRESS = 1000
CALLS = 300


def resident(pid):
    """MiB."""
    with open(f"/proc/{pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


def connect(port, n):
    """n connections, each of which has had an answer and waits."""
    held = []
    for i in range(n):
        s = socket.create_connection(("127.0.0.1", port), 30, (f"127.0.1.{1 + i // PER_ADDRESS}", 0))
        s.sendall(ASK)
        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
            raise SystemExit(f"connection {i} was not answered")
        held.append(s)
    return held


def calls(engine):
    """Seconds of each of CALLS new calls, each signed and recorded nowhere (a read)."""
    caller, took = real.Caller(engine, "human:maria"), []
    for _ in range(CALLS):
        began = time.perf_counter()
        status, _ = caller.rpc("tools/list", {})
        took.append(time.perf_counter() - began)
        if status != 200:
            raise SystemExit(f"a call was answered with {status}")
        caller.hang_up()
    return sorted(took)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--engine", help="the binary; default: the newest under build/")
    parser.add_argument("--connections", type=int, default=10000)
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    n = min(options.connections, hard - 500)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    book = real.Book(real.find_engine(options.engine), env={
        "CLOSEGATE_MAX_CONNECTIONS": str(n + 100), "CLOSEGATE_MAX_CONNECTIONS_PER_PEER": "0",
        "CLOSEGATE_HTTP_IDLE_SECONDS": "3600", "CLOSEGATE_PEER_RATE": "0"})
    engine = real.Engine(book)
    try:
        book.make()
        engine.start()
        before, alone = calls(engine), resident(engine.process.pid)
        held = connect(engine.port, n)
        crowded = resident(engine.process.pid)
        after = calls(engine)
        print(f"{len(held)} idle connections: {crowded:.1f} MiB resident, {alone:.1f} MiB without them;"
              f" {(crowded - alone) * 1024 / len(held):.1f} KiB each")
        for name, took in (("without", before), ("with them", after)):
            print(f"{name:10} p50 {took[CALLS // 2] * 1e3:6.2f} ms  p99 {took[CALLS * 99 // 100] * 1e3:6.2f} ms")
        print(f"p50 with them / without: {after[CALLS // 2] / before[CALLS // 2]:.2f}")
        for s in held:
            s.close()
    finally:
        engine.stop()
        book.close()


if __name__ == "__main__":
    main()
