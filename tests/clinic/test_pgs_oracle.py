"""Sums, match rates and coverages of any small files are those of a loop over rows, alternates and cells."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from toy_pgs import scored, write_scores, write_vcf

ALLELES = ("A", "C", "G", "T", "AT", "GC")
OTHER_STRAND = str.maketrans("ACGT", "TGCA")
Row = tuple[str, int, str, str, float]
Site = tuple[str, list[str], list[str]]


def files(dice: random.Random) -> tuple[list[Row], dict[int, Site]]:
    """Rows of a score, and (REF, alternates, genotypes) at each place; some rows fit, some are turned, some neither."""
    rows, sites, n_samples = [], {}, dice.randint(1, 5)
    for place in range(100, 100 + dice.randint(1, 10)):
        ref, *alts = dice.sample(ALLELES, dice.choice([2, 2, 2, 3, 4]))
        calls = [".", *map(str, range(len(alts) + 1)), *map(str, range(len(alts) + 1))]
        cells = [dice.choice("/|").join(dice.choices(calls, k=2)) for _ in range(n_samples)]
        sites[place] = (ref, alts, cells)
        pair = dice.sample([ref, dice.choice(alts)] if dice.random() < 0.7 else ALLELES, 2)
        effect, other = (one.translate(OTHER_STRAND) for one in pair) if dice.random() < 0.2 else pair
        given = "" if dice.random() < 0.25 else other
        rows.append((dice.choice(["7", "chr7"]), place, effect, given, round(dice.uniform(-2, 2), 3)))
    return rows, sites


def matched(row: Row, site: Site, keep_ambiguous: bool, accept_flips: bool) -> str | None:
    """The effect allele's number in the record, None where the row does not count."""
    (_, _, effect, other, _), (ref, alts, _) = row, site
    fits = []
    for number, alt in enumerate(alts, 1):
        for turned in (False, True):
            one, two = ((word.translate(OTHER_STRAND) if turned else word) for word in (effect, other))
            wanted = ((one, two or alt), (ref, alt)), ((one, two or ref), (alt, ref))
            fits += [
                (turned, m, m * number, alt) for m, (mine, theirs) in enumerate(wanted) if mine == theirs
            ]
    if not other and not accept_flips:
        fits = [fit for fit in fits if not fit[0]]
    if not fits:
        return None
    turned, _, allele, alt = min(fits)
    against = alts if not other and allele == 0 else [alt]
    is_ambiguous = any(len(ref) == len(one) == 1 and ref.translate(OTHER_STRAND) == one for one in against)
    return str(allele) if (keep_ambiguous or not is_ambiguous) and (accept_flips or not turned) else None


@pytest.mark.parametrize("seed", range(20))
def test_any_small_files(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    rows, sites = files(dice)
    keep_ambiguous, accept_flips, missing = (
        dice.random() < 0.5,
        dice.random() < 0.5,
        dice.choice(["cohort", "none"]),
    )
    n_samples = len(next(iter(sites.values()))[2])
    sums, weights = [0.0] * n_samples, []
    for row in rows:
        allele = matched(row, sites[row[1]], keep_ambiguous, accept_flips)
        cells = [cell.replace("|", "/").split("/") for cell in sites[row[1]][2]]
        read = [cell.count(str(allele)) for cell in cells if "." not in cell]
        if allele is None or not read:
            continue
        weights.append(abs(row[4]))
        stand_in = sum(read) / len(read) if missing == "cohort" else 0.0
        for n, cell in enumerate(cells):
            sums[n] += row[4] * (stand_in if "." in cell else cell.count(allele))
    records = [
        ("chr7", place, ref, ",".join(alts), "GT", *cells) for place, (ref, alts, cells) in sites.items()
    ]
    words = ["--min-overlap", 0, "--min-weight", 0, "--min-genotyped", 0, "--missing", missing]
    words += ["--keep-ambiguous"] * keep_ambiguous + ["--accept-flips"] * accept_flips
    found = scored(
        tmp_path / "o", write_scores(tmp_path / "A.txt", rows), write_vcf(tmp_path / "g.vcf", records), *words
    )
    assert {float(one["match_rate"]) for one in found} == {round(len(weights) / len(rows), 6)}
    coverage = sum(weights) / sum(abs(row[4]) for row in rows)
    assert float(found[0]["weight_coverage"]) == pytest.approx(coverage, abs=1e-6)
    assert [float(one["sum"]) for one in found if one["sum"]] == pytest.approx(sums if weights else [])
