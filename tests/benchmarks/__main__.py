"""make bench: how long minigrad takes, as a ratio to PyTorch on the same machine in the same minute.

Ratios hold from machine to machine, times do not. So both take turns, one thread each, and what counts is the median of
the rounds' ratios. A `bench_*.py` beside this file lists its workloads; a missed goal makes the exit status 1.
"""

from __future__ import annotations

import gc
import importlib
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

from tests.benchmarks import Workload

ROUND_SECONDS = 0.02


def main(wanted: list[str]) -> int:
    """Run the workloads whose name contains one of the words wanted, or all; the exit status."""
    for library in ("OMP", "OPENBLAS", "MKL", "VECLIB_MAXIMUM"):
        os.environ[f"{library}_NUM_THREADS"] = "1"  # before numpy or torch is imported, which is from here on
    torch = oracle()
    if torch is None:
        print("PyTorch is not installed: times only. For ratios: .venv/bin/pip install torch==2.13.0\n")
    print(f"{'workload':<44} {'minigrad':>12} {'against':>12} {'ratio':>7} {'goal':>6}")
    missed = 0
    for workload in workloads():
        if wanted and not any(word in workload.name for word in wanted):
            continue
        if workload.seconds is not None:
            taken = workload.seconds()
            times, ratio = [taken, workload.budget], taken / workload.budget
        else:
            times, ratio = compare(workload.ours(), workload.theirs(torch), workload.rounds)
        verdict = "" if ratio is None else f"{ratio:7.3f} {workload.goal:6.2f}"
        if ratio is not None and ratio > workload.goal:
            verdict += "  missed"
            missed += 1
        print(f"{workload.name:<44} {' '.join(f'{1e6 * t:9.1f} µs' for t in times)} {verdict}", flush=True)
    return int(missed > 0)


def oracle() -> ModuleType | None:
    try:
        torch = importlib.import_module("torch")
    except ModuleNotFoundError:
        return None
    torch.set_num_threads(1)
    return torch


def workloads() -> Iterator[Workload]:
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        yield from importlib.import_module(f"tests.benchmarks.{path.stem}").WORKLOADS


def compare(
    ours: Callable[[], object], theirs: Callable[[], object] | None, rounds: int
) -> tuple[list[float], float | None]:
    """The median time of each in seconds, and the median over the rounds of ours / theirs."""
    runs = [ours] if theirs is None else [ours, theirs]
    loops = [repeats(run) for run in runs]
    table = [[measure(run, n) for run, n in zip(runs, loops, strict=True)] for _ in range(rounds)]
    medians = [statistics.median(column) for column in zip(*table, strict=True)]
    return medians, statistics.median(row[0] / row[1] for row in table) if theirs else None


def repeats(run: Callable[[], object]) -> int:
    """How often to call it in a round, so that a round takes about ROUND_SECONDS; warms it up on the way."""
    run()  # the first time is another matter: imports, caches
    n = 1
    while (elapsed := measure(run, n) * n) < ROUND_SECONDS / 4:
        n *= 4
    return max(1, round(n * ROUND_SECONDS / elapsed))


def measure(run: Callable[[], object], n: int) -> float:
    gc.collect()  # what the other left behind is not for this one to clear away
    start = time.perf_counter()
    for _ in range(n):
        run()
    return (time.perf_counter() - start) / n


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
