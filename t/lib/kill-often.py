#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Kill a shell line at random moments, and look at what is left after each.

    kill-often.py ROUNDS [--pairs] [--single] [--seed N] CHECK LINE [LINE...]

Each round takes one of the LINEs (--pairs: starts two of them side by side and kills one or both), lets it run for a random
part of what it takes undisturbed, kills every process of it by SIGKILL (--single: in every other round only one of them, and
the rest must end by itself), waits until whatever that orphaned is gone, and runs the shell line CHECK, which must succeed.
A line that has ended just before is no round. Prints the seed.
"""
import argparse
import collections
import os
import random
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
from session import session  # noqa: E402, beside this file


VICTIMS = collections.Counter()


def start(line):
    with open("kill-often.log", "ab") as log:
        return subprocess.Popen(["bash", "-c", line], start_new_session=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=log)


def kill_group(child):
    """As the kernel's OOM killer would: one shot at the pipeline; what it started has to notice by itself."""
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    child.wait()


def kill_one(child, rng):
    """One stage, or one of what a stage has started."""
    found = session(child.pid)
    if found:
        victim = rng.choice(found)
        try:
            VICTIMS[open(f"/proc/{victim}/comm", encoding="latin-1").read().strip()] += 1
            os.kill(victim, signal.SIGKILL)
        except OSError:
            pass
    try:
        child.wait(60)
    except subprocess.TimeoutExpired:
        sys.exit(f"kill-often: still there a minute after one of it was killed: {session(child.pid)}")


def orphans_gone(child):
    end = time.monotonic() + 30
    while session(child.pid):
        if time.monotonic() > end:
            sys.exit(f"kill-often: still there 30 s later: {session(child.pid)}")
        time.sleep(0.005)


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--pairs", action="store_true")
    p.add_argument("--single", action="store_true")
    p.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4), "big"))
    p.add_argument("rounds", type=int)
    p.add_argument("check")
    p.add_argument("line", nargs="+")
    args = p.parse_args()
    rng = random.Random(args.seed)
    print(f"seed {args.seed}", flush=True)
    took = {}
    for line in dict.fromkeys(args.line):
        began = time.monotonic()
        child = start(line)
        if child.wait():
            sys.exit(f"kill-often: undisturbed, it ended with {child.returncode}: {line}")
        took[line] = time.monotonic() - began
    killed = missed = 0
    while killed < args.rounds:
        lines = [rng.choice(args.line) for _ in range(1 + args.pairs)]
        began = time.monotonic()
        children = [start(line) for line in lines]
        doomed = children if rng.random() < 0.5 else [rng.choice(children)]
        end = began + rng.random() * max(took[line] for line in lines)
        while time.monotonic() < end and any(child.poll() is None for child in doomed):
            time.sleep(0.001)
        if any(child.poll() is None for child in doomed):
            killed += 1
        else:  # it is quicker now than we thought
            missed += 1
            for line in lines:
                took[line] = min(took[line], time.monotonic() - began)
        single = args.single and rng.random() < 0.5
        for child in doomed:
            kill_one(child, rng) if single else kill_group(child)
        for child in children:
            if child not in doomed and child.wait():
                sys.exit(f"kill-often: round {killed}: the one that lived ended with {child.returncode}")
        for child in children:
            orphans_gone(child)
        check = subprocess.run(["bash", "-c", args.check], capture_output=True, text=True, check=False)
        if check.returncode:
            sys.exit(f"kill-often: round {killed} ({lines}): the check ended with {check.returncode}\n"
                     f"{check.stdout}{check.stderr}")
        if missed > 10 * args.rounds:
            sys.exit(f"kill-often: killed only {killed} of {killed + missed}")
    print(f"killed {killed} times; {missed} more had ended just before")
    if args.single:
        print("killed alone:", *(f"{name} {n}" for name, n in VICTIMS.most_common()))


main()
