#!/usr/bin/env python3
"""What checking costs: closegate-verify on a made-up log of N events with a checkpoint every 128,
beside openssl's SHA-256 over the same bytes in the same run, and its memory; and one receipt among
many, beside openssl's check of one Ed25519 signature. Usage: bench_verify.py --verify PATH [--events N]"""
import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import evidence as ev  # noqa: E402

GROUP, RECEIPTS = 128, 2000
FACTS = {"gate_input": {f"fact_{i:02}": f"value {i}" for i in range(48)}}  # as wide as a real event


def write_log(path, events):
    """Without keeping the tree's leaves apart: a root from the right edge, as the verifier's."""
    log, edge = ev.Log("bk_bench"), []
    base = ev.canonical({"actor_id": "human:ana", "book_id": log.book, **FACTS})[:-1]
    with open(path, "w", encoding="utf-8") as f:
        prev = bytes(32)
        for seq in range(1, events + 1):
            kind = "BOOK_CREATED" if seq == 1 else "OK"
            event = ('{"actor_id":"human:ana","book_id":"bk_bench","event_type":"%s",%s,"seq":%d,'
                     '"timestamp_utc":"2026-03-03T%02d:%02d:%02d.%06dZ"}' % (
                         kind, base[base.index('"gate_input"'):], seq, 9 + seq // 3600000000,
                         seq // 60000000 % 60, seq // 1000000 % 60, seq % 1000000))
            self = ev.sha(prev + event.encode())
            f.write(f'{{"seq":{seq},"hash_prev":"{prev.hex()}","hash_self":"{self.hex()}",'
                    f'"event":{event}}}\n')
            prev, node, level = self, ev.leaf_hash(self), 0
            while edge and edge[-1][0] == level:
                node, level = ev.node_hash(edge.pop()[1], node), level + 1
            edge.append((level, node))
            if seq % GROUP == 0 or seq == events:
                top = edge[-1][1]
                for _, left in reversed(edge[:-1]):
                    top = ev.node_hash(left, top)
                note = ev.checkpoint(log.key, [], size=seq, top=top)
                f.write(json.dumps({"checkpoint": note}, ensure_ascii=False) + "\n")
    return log.key.vkey


def timed(*args):
    """Seconds of processor time, and the largest memory of any child so far in MiB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    done = subprocess.run(args, stdout=subprocess.PIPE, check=False)
    took = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode != 0:
        raise SystemExit(done.stdout.decode())
    return cpu, took, after.ru_maxrss / 1024


def log_rate(verify, folder, events):
    path = os.path.join(folder, "log")
    vkey = write_log(path, events)
    size = os.path.getsize(path)
    floor = min(timed("openssl", "dgst", "-sha256", path)[0] for _ in range(3))
    cpu, took, mib = min(timed(verify, "log", path, "--key", vkey) for _ in range(3))
    print(f"log: {events} events, {size / events:.0f} bytes each, {events / cpu:.0f} a second of"
          f" processor time ({took:.2f} s), {cpu / floor:.2f} times openssl's SHA-256 of the file,"
          f" at most {mib:.0f} MiB")


def signature_ms():
    """One Ed25519 verification, by openssl's own measure of processor time."""
    said = subprocess.run(["openssl", "speed", "-seconds", "1", "ed25519"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout
    return 1000 / float(said.split()[-1])


def receipt_cost(verify, folder):
    log = ev.Log("bk_bench")
    while len(log.events) < 1000:
        log.add(**FACTS)
    log.head()
    paths = []
    for i in range(RECEIPTS):
        paths.append(os.path.join(folder, f"r{i}"))
        with open(paths[-1], "w", encoding="utf-8") as f:
            json.dump(log.receipt(1 + i * 7 % 1000), f, ensure_ascii=False)
    many = min(timed(verify, "receipt", "--json", "--key", log.key.vkey, *paths)[0]
               for _ in range(3))
    one = min(timed(verify, "receipt", "--json", "--key", log.key.vkey, paths[0])[0]
              for _ in range(9))
    each, floor = (many - one) / (RECEIPTS - 1) * 1000, signature_ms()
    print(f"receipt: {each:.3f} ms each of {RECEIPTS}, {each / floor:.2f} times one Ed25519"
          f" verification ({floor:.3f} ms); {one * 1000:.1f} ms for a process of its own")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--verify", required=True)
    parser.add_argument("--events", type=int, default=100000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        log_rate(args.verify, folder, args.events)
        receipt_cost(args.verify, folder)


if __name__ == "__main__":
    main()
