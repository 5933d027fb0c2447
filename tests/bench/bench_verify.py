#!/usr/bin/env python3
"""What checking costs: closegate-verify on a made-up log of N events with a checkpoint every 128,
beside openssl's SHA-256 over the same bytes in the same run; and one receipt among many, beside openssl's check of one Ed25519 signature. Usage: bench_verify.py --verify PATH [--events N]"""
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

RECEIPTS = 2000


def timed(*args):
    """Seconds of processor time, and seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begun = time.monotonic()
    done = subprocess.run(args, stdout=subprocess.PIPE, check=False)
    took = time.monotonic() - begun
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.returncode != 0:
        raise SystemExit(done.stdout.decode())
    return cpu, took


def log_rate(verify, folder, events):
    path = os.path.join(folder, "log")
    vkey = ev.write_long_log(path, events)
    size = os.path.getsize(path)
    floor = min(timed("openssl", "dgst", "-sha256", path)[0] for _ in range(3))
    cpu, took = min(timed(verify, "log", path, "--key", vkey) for _ in range(3))
    print(f"log: {events} events, {size / events:.0f} bytes each, {events / cpu:.0f} a second of"
          f" processor time ({took:.2f} s), {cpu / floor:.2f} times openssl's SHA-256 of the file")


def signature_ms():
    """One Ed25519 verification, by openssl's own measure of processor time."""
    said = subprocess.run(["openssl", "speed", "-seconds", "1", "ed25519"], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True, check=True).stdout
    return 1000 / float(said.split()[-1])


def receipt_cost(verify, folder):
    log = ev.Log("bk_bench")
    while len(log.events) < 1000:
        log.add(**ev.FACTS)
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
