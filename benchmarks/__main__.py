"""`python -m benchmarks`: every benchmark, as ratios from one run."""

from __future__ import annotations

import argparse

from benchmarks import course


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--days", type=int, default=252, help="days that are followed (default 252)")
    parser.add_argument("--patients", type=int, default=3, help="patients that LSODA solves (default 3)")
    given = parser.parse_args()
    course.run(given.days, given.patients)


if __name__ == "__main__":
    main()
