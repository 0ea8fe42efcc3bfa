"""From the start of a process to the first number: imports, a bundle opened, one patient predicted.

    python benchmarks/lab_start.py BUNDLE STUDY --features FOLDER [--patient ID] [--repeats 5]

The command is `tumorcast predict` with stored features on a study of that one patient, in a fresh process, with
modules compiled as pip leaves them (the first run compiles into a folder of its own and is not counted) and without
the libraries that an install of the lab has not. Bound: a median of 2 s; beyond it the exit
code is 1. --profile tells where the time goes.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

BOUND_S = 2.0
_AS_IN_A_LAB = """
import sys
for name in ("torch", "sklearn", "matplotlib", "pyarrow", "onnx", "mlflow"):
    sys.modules[name] = None
from tumorcast.cli.main import main
sys.exit(main())
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("bundle", type=Path)
    parser.add_argument("study", type=Path)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--patient", help="None: the first with a slide")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--profile", action="store_true")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        one = study_of_one(words.study, words.patient, Path(work) / "study")
        call = [sys.executable, *(["-X", "importtime"] if words.profile else []), "-c", _AS_IN_A_LAB]
        call += ["predict", str(words.bundle), str(one), "--features", str(words.features)]
        call += ["--out", str(Path(work) / "p.csv")]
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(Path(work) / "compiled")
        seconds, busy = [], []
        for _ in range(words.repeats + 1):
            start, before = perf_counter(), os.times()
            done = subprocess.run(call, env=environment, capture_output=True, text=True)
            seconds.append(perf_counter() - start)
            after = os.times()
            used = after.children_user + after.children_system
            busy.append(used - before.children_user - before.children_system)
            if done.returncode or "1 predicted" not in done.stdout:
                raise SystemExit(f"no prediction:\n{done.stdout}{done.stderr}")
        if words.profile:
            print(slowest_imports(done.stderr))
    middle = median(seconds[1:])
    each = ", ".join(f"{value:.2f}" for value in seconds[1:])
    verdict = "" if middle <= BOUND_S else "  BEYOND THE BOUND"
    core = f"{median(busy[1:]):.2f} s of a core"
    print(f"start to first prediction: {middle:.2f} s (each {each}; {core}), bound {BOUND_S:g}{verdict}")
    return 0 if middle <= BOUND_S else 1


def study_of_one(folder: Path, patient: str | None, out: Path) -> Path:
    """The study folder with one patient alone."""
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.readers.write_study import write_study

    study = read_study(folder)
    sliced = study.samples.loc[study.slides["sample_id"], "patient_id"]
    write_study(study.keep([patient or str(sliced.iloc[0])]), out)
    return out


def slowest_imports(told: str) -> str:
    """The twelve modules of the longest own time, of `-X importtime`."""
    rows = [line.split("|") for line in told.splitlines() if line.startswith("import time:")]
    found = [(int(a.split(":")[1]), c.strip()) for a, _, c in rows if a.split(":")[1].strip().isdigit()]
    return "\n".join(f"{us / 1000:7.1f} ms  {name}" for us, name in sorted(found, reverse=True)[:12])


if __name__ == "__main__":
    sys.exit(main())
