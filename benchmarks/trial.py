"""A whole trial from the command line: many replicates with the report, and very many patients streamed to disk.

Each row is one process, kernels compiled beforehand. The ratio of the largest to the smallest trial shows what is paid per patient and
what once; peak memory must not grow with the number of patients.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

TRIAL = "cleopatra"


@dataclass(frozen=True)
class Settings:
    """How much is run."""

    small: int = 1_000
    large: int = 100_000
    replicates: int = 20


QUICK = Settings(large=5_000, replicates=3)


@dataclass(frozen=True)
class Row:
    """What one process took."""

    words: tuple[str, ...]
    wall_seconds: float
    processor_seconds: float
    peak_mib: float


def run(settings: Settings) -> None:
    """Print one row per process."""
    _measured("--patients", "4")
    print(f"\nforestall trial {TRIAL}, {os.cpu_count()} processors")
    print(f"{'options':<40}{'wall s':>10}{'processor s':>14}{'peak MiB':>12}")
    rows = [
        _measured("--replicates", str(settings.replicates)),
        _measured("--patients", str(settings.small)),
        _measured("--patients", str(settings.large)),
    ]
    for row in rows:
        options = " ".join(row.words)
        print(f"{options:<40}{row.wall_seconds:>10.1f}{row.processor_seconds:>14.1f}{row.peak_mib:>12.0f}")
    _, small, large = rows
    print(
        f"{settings.large / settings.small:,.0f} times the patients take "
        f"{large.wall_seconds / small.wall_seconds:.1f} times the time and {large.peak_mib / small.peak_mib:.2f} times the memory"
    )


def _measured(*words: str) -> Row:
    """Run the command in a process of its own, so that its peak memory is its own as well."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "forestall",
            "trial",
            TRIAL,
            *words,
            "--out",
            str(Path(folder) / "out"),
        ]
        watch = [sys.executable, "-m", "benchmarks.trial", *command]
        begin = time.perf_counter()
        seen = subprocess.run(watch, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
        wall = time.perf_counter() - begin
    processor, peak = seen.split()
    return Row(words, wall, float(processor), float(peak))


def _watch(command: list[str]) -> None:
    """Run one command and print the processor time and the peak memory of this process's children."""
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


if __name__ == "__main__":
    _watch(sys.argv[1:])
