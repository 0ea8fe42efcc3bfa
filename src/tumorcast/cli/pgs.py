"""`tumorcast pgs SCORES... VCF... --out FOLDER`: polygenic scores, with what they rest on."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

_FIELDS = {"auto": ("DS", "GP", "GT"), "DS": ("DS", "GT"), "GP": ("GP", "GT"), "GT": ("GT",)}


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "pgs",
        help="polygenic scores: sums of a scoring file's weights, match rate and weight coverage",
        description="Sums of weighted effect alleles, as the PGS Catalog Calculator makes them. Research use only.",
    )
    parser.add_argument(
        "files",
        type=Path,
        nargs="*",
        help="scoring files (PGS Catalog or custom) and VCFs or PLINK .bed, told apart by content",
    )
    parser.add_argument(
        "--scores", type=Path, nargs="+", default=[], help="the same, where words are to say what is meant"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    _add_thresholds(parser)
    _add_matching(parser)
    _add_counting(parser)
    _add_panel(parser)
    parser.set_defaults(run=run)


def _add_thresholds(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--min-overlap",
        "--min_overlap",
        type=_share,
        default=0.75,
        help="least share of variants matched (0.75)",
    )
    add(
        "--min-weight",
        type=_share,
        help="least share of the absolute weight matched (0.5, or --min-overlap where that is less)",
    )
    add(
        "--min-genotyped",
        type=_share,
        default=0.5,
        help="least share of matched weight read in a sample (0.5)",
    )


def _add_matching(parser: argparse.ArgumentParser) -> None:
    add, flips, alternates = (
        one.add_argument
        for one in (parser, parser.add_mutually_exclusive_group(), parser.add_mutually_exclusive_group())
    )
    add(
        "--keep-ambiguous",
        "--keep_ambiguous",
        action="store_true",
        help="count A/T and C/G variants as they stand",
    )
    flips(
        "--accept-flips",
        "--fix-strand-flips",
        action="store_true",
        help="count variants whose alleles fit on the other strand",
    )
    anyway = "what is done anyway; a word of the PGS Catalog Calculator"
    flips("--ignore_strand_flips", action="store_true", help=anyway)
    alternates("--keep_multiallelic", action="store_true", help=anyway)
    add(
        "--keep-first",
        "--keep_first_match",
        action="store_true",
        help="of several that fit the first, not none",
    )
    alternates("--drop-multiallelic", action="store_true", help="do not use records with several alternates")
    add("--skip-complex", action="store_true", help="leave out complex rows instead of refusing the file")
    add("--build", help="genome build of the genotypes, where their header does not say")


def _add_counting(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--dosage",
        "--genotypes",
        choices=tuple(_FIELDS),
        default="auto",
        help="field of the VCF; auto: DS, else GP, else GT",
    )
    add(
        "--missing", choices=("auto", "cohort", "file", "none"), default="auto",
        help="missing genotypes count as the allele's frequency in these samples, in the scoring file, or nothing;"
        " auto: cohort from 50 samples on, else none",
    )  # fmt: skip
    add(
        "--haploid-x",
        type=int,
        choices=(1, 2),
        default=2,
        help="what a haploid effect allele on X counts as (2)",
    )


def _add_panel(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--reference",
        type=Path,
        help="reference people: table sample, population, PC1, ..., one column a score; a percentile needs all three"
        " of --reference, --reference-variants and --pcs",
    )
    add(
        "--reference-variants",
        type=Path,
        help="matches.csv of the run that gave the reference people their sums; without it, or with other variants:"
        " no percentile",
    )
    add("--pcs", type=Path, help="the samples in the reference's space: table sample, PC1, ...")
    add("--components", type=int, default=4, help="principal components used (4)")


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not between 0 and 1")
    return value


def run(arguments: argparse.Namespace) -> int:
    """Read, sum, write; print what was found."""
    from tumorcast.biology.pgs.dosage import DosagePolicy
    from tumorcast.biology.pgs.matching import MatchPolicy
    from tumorcast.clinic.pgs.result import Thresholds
    from tumorcast.clinic.pgs.run import PgsRequest
    from tumorcast.clinic.pgs.write import Inputs, is_genotypes, write_pgs

    files = [*arguments.files, *arguments.scores]
    genotypes = [path for path in files if is_genotypes(path)]
    scoring = [path for path in files if path not in genotypes]
    request = PgsRequest(
        MatchPolicy(
            arguments.keep_ambiguous, arguments.accept_flips, arguments.keep_first, arguments.drop_multiallelic
        ),
        DosagePolicy(arguments.missing, arguments.haploid_x),
        Thresholds(arguments.min_overlap, _least_weight(arguments), arguments.min_genotyped),
        _FIELDS[arguments.dosage], arguments.build, arguments.skip_complex,
    )  # fmt: skip
    told = write_pgs(Inputs(scoring, genotypes, request, _panel(arguments)), arguments.out)
    print("\n".join([*told, f"in {arguments.out}/  (pgs.csv, pgs.json, pgs.txt, matches.csv)"]))
    return 0


def _least_weight(arguments: argparse.Namespace) -> float:
    """As asked for; else half, or less where less of the variants is asked for."""
    asked = arguments.min_weight
    return float(min(0.5, arguments.min_overlap) if asked is None else asked)


def _panel(arguments: argparse.Namespace) -> Any:
    from tumorcast.domain.errors import InputError

    given = (arguments.reference, arguments.pcs, arguments.reference_variants)
    if all(path is None for path in given):
        return None
    if None in given[:2]:
        raise InputError(
            "--reference and --pcs belong together, and a percentile needs --reference-variants too",
            got=f"{3 - given.count(None)} of three",
        )
    from tumorcast.clinic.pgs.against import AgainstPanel

    return AgainstPanel(
        arguments.reference, arguments.pcs, arguments.reference_variants, max(1, arguments.components)
    )
