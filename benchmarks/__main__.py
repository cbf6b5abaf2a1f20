"""`python -m benchmarks`: every benchmark, as ratios from one run."""

from __future__ import annotations

import argparse
import os

for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # one thread per solver, before numpy is loaded


def main() -> None:
    """Run the benchmarks."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "which",
        nargs="*",
        choices=["course", "trial", "branching", "signaling", "boolean", "networks", "crosstalk", []],
        help="course, trial, branching, signaling, boolean (all if not given); networks: the claims of the last two in a few lines; "
        "crosstalk: measured and computed sizes",
    )
    parser.add_argument("--quick", action="store_true", help="fewer patients and a shorter course")
    parser.add_argument("--refit", action="store_true", help="crosstalk: fit again from the file's values")
    given = parser.parse_args()
    which = given.which or ["course", "trial", "branching", "signaling", "boolean"]

    from benchmarks.machine import describe_machine

    print(describe_machine())
    if "course" in which:
        from benchmarks import course

        course.run(course.QUICK if given.quick else course.Settings())
    if "trial" in which:
        from benchmarks import trial

        trial.run(trial.QUICK if given.quick else trial.Settings())
    if "branching" in which:
        from benchmarks import branching

        branching.run(branching.QUICK if given.quick else branching.Settings())
    if "signaling" in which:
        from benchmarks import signaling_speed

        signaling_speed.run(signaling_speed.QUICK if given.quick else signaling_speed.Settings())

    if "networks" in which:
        from benchmarks import networks

        networks.run(networks.QUICK if given.quick else networks.FULL)
    if "crosstalk" in which:
        from benchmarks import crosstalk

        crosstalk.run(refit=given.refit)
    if "boolean" in which:
        from benchmarks import boolean

        boolean.run(boolean.QUICK if given.quick else boolean.Settings())


if __name__ == "__main__":
    main()
