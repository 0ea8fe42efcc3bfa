"""Chromosomal instability and homologous recombination deficiency from copy-number segments of one tumour.

- HRD-LOH: regions of loss of heterozygosity longer than 15 Mb that are no whole chromosome (Abkevich 2012, Br J Cancer
  107:1776).
- LST: breaks between neighbouring segments of at least 10 Mb each, after segments under 3 Mb are smoothed away (Popova
  2012, Cancer Res 72:5454); arm by arm.
- TAI: allelic imbalance of at least 1 Mb that reaches an end of the chromosome and does not cross the centromere
  (Birkbak 2012, Cancer Discov 2:366). On a chromosome whose commonest copy number is odd, segments of that number with
  both alleles count as balanced.
- HRD sum: the three together; 42 is the published threshold (Telli 2016, Clin Cancer Res 22:3764).
- FGA: share of the genome whose total copy number is not the tumour's commonest (fraction of genome altered).
- wGII: FGA chromosome by chromosome, then their mean (Burrell 2013, Nature 494:492).
- Aneuploidy: arms gained or lost over more than 80% of what was seen of them (Taylor 2018, Cancer Cell 33:676).
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import pandas as pd

from tumorcast.biology.chromosomes import Chromosome, bare_names, check_positions, chromosomes

SEGMENT_COLUMNS = ("chromosome", "start", "end", "major", "minor")
SCORES = ("hrd_loh", "lst", "tai", "hrd_sum", "fga", "wgii", "aneuploidy")
_MB = 1e6
_LOH, _SHORT, _LONG, _TELOMERIC, _GAP = 15 * _MB, 3 * _MB, 10 * _MB, 1 * _MB, 3 * _MB
_RATIO_CUT = 0.2
_WHOLE_ARM, _NEAR_WHOLE = 0.8, 0.9
_AUTOSOMES = tuple(str(number) for number in range(1, 23))


def instability_scores(segments: pd.DataFrame, build: str, file: str = "segments") -> dict[str, float]:
    """`SCORES` of one tumour's allele-specific segments.

    Args:
        segments: `SEGMENT_COLUMNS`; copies of the major and the minor allele; sex chromosomes do not count.

    Raises:
        InputError: positions that cannot be of the build.
    """
    table = segments.assign(chromosome=bare_names(segments["chromosome"]))
    check_positions(table["chromosome"], table["end"], build, file)
    table = table[table["chromosome"].isin(_AUTOSOMES)].dropna(subset=list(SEGMENT_COLUMNS))
    if table.empty:
        return dict.fromkeys(SCORES, float("nan"))
    parts = {str(name): _merged(rows) for name, rows in table.groupby("chromosome")}
    whole = chromosomes(build)
    loh = float(sum(_n_loh(part) for part in parts.values()))
    lst = float(sum(_n_transitions(part, whole[name]) for name, part in parts.items()))
    tai = float(sum(_n_telomeric(part, whole[name]) for name, part in parts.items()))
    usual = _usual_copies(parts)
    altered = {name: _share_altered(part, usual) for name, part in parts.items()}
    length = {name: float(_size(part).sum()) for name, part in parts.items()}
    return {
        "hrd_loh": loh, "lst": lst, "tai": tai, "hrd_sum": loh + lst + tai,
        "fga": sum(altered[name] * length[name] for name in parts) / sum(length.values()),
        "wgii": float(np.mean(list(altered.values()))),
        "aneuploidy": float(sum(_n_arms(part, whole[name], usual) for name, part in parts.items())),
    }  # fmt: skip


def altered_share(segments: pd.DataFrame, build: str, file: str = "segments") -> dict[str, float]:
    """`fga` and `wgii` of one tumour's log2 ratios: the share of the bases seen that lie 0.2 or more from 0.

    The cut is cBioPortal's for its fraction of genome altered. The other scores need copies of both alleles: NaN.

    Args:
        segments: chromosome, start, end, log2; sex chromosomes do not count.
    """
    table = segments.assign(chromosome=bare_names(segments["chromosome"])).dropna(subset=["log2"])
    check_positions(table["chromosome"], table["end"], build, file)
    table = table[table["chromosome"].isin(_AUTOSOMES)]
    scores = dict.fromkeys(SCORES, float("nan"))
    if table.empty:
        return scores
    size = (table["end"] - table["start"]).astype(float)
    parts = pd.DataFrame({"all": size, "altered": size * (table["log2"].abs() >= _RATIO_CUT)})
    by_chromosome = parts.groupby(table["chromosome"]).sum()
    fga = by_chromosome["altered"].sum() / by_chromosome["all"].sum()
    wgii = (by_chromosome["altered"] / by_chromosome["all"]).mean()
    return {**scores, "fga": float(fga), "wgii": float(wgii)}


def _merged(rows: pd.DataFrame) -> np.ndarray:
    """[k, 4] start, end, major, minor of one chromosome, in order, equal neighbours joined."""
    made: list[list[float]] = []
    for start, end, major, minor in rows.sort_values("start")[list(SEGMENT_COLUMNS[1:])].to_numpy(float):
        if made and made[-1][2:] == [major, minor]:
            made[-1][1] = end
        else:
            made.append([start, end, major, minor])
    return np.array(made)


def _size(part: np.ndarray) -> np.ndarray:
    return np.asarray(part[:, 1] - part[:, 0])


def _joined(part: np.ndarray, is_so: np.ndarray) -> list[tuple[float, float]]:
    """Start and end of runs of neighbouring segments of a kind."""
    runs: list[tuple[float, float]] = []
    for i, (start, end) in enumerate(part[:, :2]):
        if is_so[i]:
            follows = i > 0 and is_so[i - 1]
            runs[-1:] = [(runs[-1][0], end)] if follows else [*runs[-1:], (start, end)]
    return runs


def _n_loh(part: np.ndarray) -> int:
    lost = _joined(part, (part[:, 3] == 0) & (part[:, 2] > 0))
    seen = part[:, 1].max() - part[:, 0].min()
    return sum(end - start > _LOH and end - start < _NEAR_WHOLE * seen for start, end in lost)


def _arms(part: np.ndarray, whole: Chromosome) -> list[np.ndarray]:
    """Segments of the short and of the long arm, cut at the centromere."""
    arms = []
    for low, high in ((0, whole.centromere), (whole.centromere, np.inf)):
        cut = part.copy()
        cut[:, 0], cut[:, 1] = np.maximum(cut[:, 0], low), np.minimum(cut[:, 1], high)
        arms.append(cut[_size(cut) > 0])
    return arms


def _n_transitions(part: np.ndarray, whole: Chromosome) -> int:
    count = 0
    for arm in _arms(part, whole):
        smooth = _without_short(arm)
        for one, other in pairwise(smooth):
            is_long = one[1] - one[0] >= _LONG and other[1] - other[0] >= _LONG
            count += bool(is_long and other[0] - one[1] < _GAP)
    return count


def _without_short(arm: np.ndarray) -> list[list[float]]:
    """The arm with segments under 3 Mb taken out, the shortest first, and equal neighbours joined each time."""
    rest = [list(row) for row in arm]
    while rest:
        sizes = [row[1] - row[0] for row in rest]
        least = int(np.argmin(sizes))
        if sizes[least] >= _SHORT:
            break
        rest.pop(least)
        if 0 < least < len(rest) and rest[least - 1][2:] == rest[least][2:]:
            rest[least - 1][1] = rest.pop(least)[1]
    return rest


def _n_telomeric(part: np.ndarray, whole: Chromosome) -> int:
    """Runs of imbalance at either end that stay on their arm."""
    is_uneven = part[:, 2] != part[:, 3]
    usual = _usual_copies({"": part})
    if usual > 1 and usual % 2:
        is_uneven = ~((part[:, 2] + part[:, 3] == usual) & (part[:, 3] > 0))
    first, last = part[0], part[-1]
    short = bool(is_uneven[0] and first[1] < whole.centromere and first[1] - first[0] >= _TELOMERIC)
    long = bool(is_uneven[-1] and last[0] > whole.centromere and last[1] - last[0] >= _TELOMERIC)
    return int(short) + int(long) if len(part) > 1 else 0


def _usual_copies(parts: Mapping[str, np.ndarray]) -> float:
    """The total copy number of most of the genome."""
    rows = np.concatenate(list(parts.values()))
    copies, place = np.unique(rows[:, 2] + rows[:, 3], return_inverse=True)
    return float(copies[np.argmax(np.bincount(place, _size(rows)))])


def _share_altered(part: np.ndarray, usual: float) -> float:
    size = _size(part)
    return float(size[part[:, 2] + part[:, 3] != usual].sum() / size.sum())


def _n_arms(part: np.ndarray, whole: Chromosome, usual: float) -> int:
    count = 0
    for arm in _arms(part, whole):
        size, copies = _size(arm), arm[:, 2] + arm[:, 3]
        for is_so in (copies > usual, copies < usual):
            count += bool(size.sum() > 0 and size[is_so].sum() > _WHOLE_ARM * size.sum())
    return count
