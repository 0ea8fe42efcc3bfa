"""What samples were declared to be, and what speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tumorcast.biology.clocks.tissues import (
    EXPECTED_PLATFORMS,
    EXPECTED_TISSUES,
    Tissue,
    contrary_tissue,
    platform_of,
    tissue_of,
)
from tumorcast.clinic.clock.look import Declared
from tumorcast.clinic.clock.record import Refusal
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.methylome_sheet import DeclaredSample, declared_tissues, read_methylome_sheet
from tumorcast.readers.probe_betas import ProbeBetas
from tumorcast.readers.probe_manifest import ARRAYS

_MOST_OF_ARRAY = 1.01
_SUFFIXED = {"EPICv2", "MSA"}

T = TypeVar("T")


def may_hold_tumour(tissue: str | None, sheet: Path | None) -> bool:
    """Whether a tumour is declared anywhere."""
    words = [*([tissue] if tissue else []), *(declared_tissues(sheet) if sheet else ())]
    found = [_tried(tissue_of, word) for word in words]
    is_tumour = any(one is not None and one.group == "tumour" for one in found)
    return is_tumour or any(contrary_tissue(word) is not None for word in words)


def declared_samples(
    samples: Sequence[str],
    tissue: str | None,
    platform: str | None,
    sheet: Path | None,
    report: list[Exclusion],
) -> list[Declared]:
    """One a sample: the sheet's words, else those of the run. What is not declared, or not known, refuses its sample.

    Raises:
        InputError: nothing is declared, or the run's own words are not known.
    """
    if tissue is None and sheet is None:
        raise InputError(
            "the tissue is not declared", expected=f"--tissue, or a column tissue in --samples: {EXPECTED_TISSUES}",
            fix="say what the DNA was taken from: of a tumour no age is given",
        )  # fmt: skip
    if platform is None and sheet is None:
        raise InputError(
            "the platform is not declared",
            expected=f"--platform, or a column platform in --samples: {EXPECTED_PLATFORMS}",
        )  # fmt: skip
    run_tissue = tissue_of(tissue) if tissue else None
    run_platform = platform_of(platform) if platform else None
    rows = read_methylome_sheet(sheet, samples, report) if sheet else {}
    made = []
    for sample in samples:
        row = rows.get(sample, DeclaredSample(None, None, None))
        own_tissue = _tried(tissue_of, row.tissue) if row.tissue else run_tissue
        own_platform = _tried(platform_of, row.platform) if row.platform else run_platform
        refusal = _refusal("tissue", row.tissue, own_tissue)
        refusal = refusal or _refusal("platform", row.platform, own_platform)
        own_tissue, note = _against(own_tissue, row.kinds)
        made.append(Declared(own_tissue, own_platform, row.age_years, refusal, note))
    if all(one.refusal is not None and one.refusal.code.endswith("not_declared") for one in made):
        raise InputError(
            f"no sample has a {made[0].refusal.code.split('_')[0]}" if made and made[0].refusal else "no samples",
            expected="--tissue and --platform, or columns tissue and platform in --samples",
        )  # fmt: skip
    return made


def _against(tissue: Tissue | None, kinds: Sequence[str]) -> tuple[Tissue | None, str]:
    """(tissue that counts, note): another column of the sheet that says tumour counts before the declaration."""
    if tissue is None or tissue.group in ("tumour", "unfit"):
        return tissue, ""
    for word in kinds:
        found = contrary_tissue(word)
        if found is not None:
            return found, f"the sheet says {word}, declared was {tissue.name}: no age is given"
    return tissue, ""


def _tried(known: Callable[[str], T], word: str) -> T | None:
    try:
        return known(word)
    except InputError:
        return None


def _refusal(what: str, word: str | None, known: object) -> Refusal | None:
    if known is not None:
        return None
    if word is None:
        return Refusal(f"{what}_not_declared", f"the {what} is not declared")
    expected = EXPECTED_TISSUES if what == "tissue" else EXPECTED_PLATFORMS
    return Refusal(f"{what}_unknown", f"the {what} {word!r} is not known (expected {expected})")


def check_platforms(
    files: Mapping[str, ProbeBetas], declared: Sequence[Declared], report: list[Exclusion]
) -> None:
    """A file must not hold more CpGs than the arrays that were declared have.

    Raises:
        InputError: it does.
    """
    platforms = {one.platform for one in declared if one.platform}
    sizes = [ARRAYS.get(platform) for platform in platforms]
    most = None if None in sizes or not sizes else max(size for size in sizes if size)
    for name, one in files.items():
        if most is not None and one.n_rows > _MOST_OF_ARRAY * most:
            raise InputError(
                f"{name} is not of the platform declared", got=f"{one.n_rows} CpG probes",
                expected=f"at most {most} ({', '.join(sorted(platforms))})", fix="correct --platform",
            )  # fmt: skip
        if one.has_suffixes and not platforms & _SUFFIXED:
            told = f"names with suffixes, as EPICv2's; declared was {', '.join(sorted(platforms))}"
            report.append(Exclusion("layer", name, "platform_contradiction", told))
