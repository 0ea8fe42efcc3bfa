"""`tumorcast simulate OUT --patients N --seed S`: a cohort with planted truth."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "simulate",
        help="write a simulated study with planted truth",
        description="Write a simulated study (cBioPortal layout, slides, truth/) whose response follows a"
        " stated formula. The same seed gives the same study; a finished one is left as it is.",
    )
    parser.add_argument("out", type=Path, metavar="OUT", help="study folder to write")
    parser.add_argument("--patients", type=int, required=True, metavar="N", help="number of patients")
    parser.add_argument("--seed", type=int, required=True, metavar="S", help="seed of the random numbers")
    parser.add_argument(
        "--tiles-per-slide",
        type=int,
        default=40,
        metavar="T",
        help="tissue tiles of 112 um a slide (%(default)s)",
    )
    parser.add_argument(
        "--features-only", action="store_true", help="ready feature bags instead of slides (seconds)"
    )
    parser.add_argument("--null", action="store_true", help="no effect at all: responses are coin flips")
    parser.add_argument(
        "--regimens",
        choices=("three", "five"),
        default="three",
        help="three classes of regimens, or five whose order differs from patient to patient (%(default)s)",
    )
    parser.add_argument(
        "--assignment",
        choices=("randomised", "confounded"),
        default="randomised",
        help="who is given what: chance alone, or by stated indication too (needs --regimens five)",
    )
    parser.add_argument(
        "--no-overlap", action="store_true", help="patients of ECOG 2 are never given some regimens"
    )
    parser.add_argument(
        "--cancers",
        nargs="+",
        default=["LUAD"],
        metavar="CODE",
        help="OncoTree codes of the patients' cancer types, equally often: LUAD, BLCA, UCEC (%(default)s)",
    )
    parser.add_argument(
        "--drugs",
        choices=("drawn", "by-cancer"),
        default="drawn",
        help="which drugs a regimen is made of: drawn for each patient, or the same for all of a cancer type",
    )
    parser.add_argument(
        "--host",
        action="store_true",
        help="hosts too: smoking and DPD deficiency change the response, chemotherapies have a fluoropyrimidine",
    )
    parser.add_argument("--force", action="store_true", help="replace a simulated study of other settings")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Simulate, and say where the study is."""
    from tumorcast.cohort.simulate.build import is_finished, simulate_study
    from tumorcast.cohort.simulate.settings import SimulationSettings

    kept = (
        "seed",
        "tiles_per_slide",
        "features_only",
        "null",
        "regimens",
        "assignment",
        "no_overlap",
        "host",
    )
    wanted = {"n_patients": arguments.patients, **{name: getattr(arguments, name) for name in kept}}
    wanted |= {"cancers": tuple(arguments.cancers), "drugs": arguments.drugs.replace("-", "_")}
    if is_finished(arguments.out, SimulationSettings(**wanted)):
        print(f"already there: {arguments.out}")
        return 0
    simulate_study(arguments.out, **wanted, force=arguments.force)
    print(f"simulated study of {arguments.patients} patients: {arguments.out} (its truth in truth/)")
    return 0
