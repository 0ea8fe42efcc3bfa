"""The scale of an expression matrix: what its meta file says, else what its values show."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.meta import MetaFile

_LOG_SCALE_MOST = 40.0
"""No log2(TPM + 1) can exceed log2(1e6 + 1) = 20; twice that is certainly linear."""
_ROUNDING = 0.01
_MILLION = 1e6
_SAME = 0.01
"""Share by which sums that should be equal may differ."""
_ROWS_AT_ONCE = 1024
_PSEUDOCOUNT = re.compile(
    r"log2?\s*\(\s*(?:[a-z-]+\s*\+\s*([\d.]+)|([\d.]+)\s*\+\s*[a-z-]+)\s*\)", re.IGNORECASE
)
_LINEAR_WORDS = {"linear", "tpm", "fpkm", "rpkm"}
_COUNT_WORDS = {"counts", "count", "raw counts", "raw_counts", "reads"}
_Z_WORDS = {"z-score", "z-scores", "zscore"}
_TEXT_KEYS = ("profile_name", "profile_description")


def declared_scale(meta: MetaFile) -> str:
    """`data_scale` of the meta file; where it lacks that, "z-score" for the datatype Z-SCORE, or the words
    `log2(X+c)` in the profile's name or description; "" where nothing is said."""
    if told := meta.keys.get("data_scale"):
        return told
    if meta.datatype == "Z-SCORE":
        return "z-score"
    words = " ".join(meta.keys.get(key, "") for key in _TEXT_KEYS)
    found = _PSEUDOCOUNT.search(words)
    return found[0] if found else ""


def preference(meta: MetaFile) -> tuple[int, str]:
    """Sorts expression profiles: measured values before z-scores, TPM before other sequencing units, those
    before the rest."""
    words = " ".join(
        [meta.data.name, *(meta.keys.get(key, "") for key in ("stable_id", *_TEXT_KEYS))]
    ).lower()
    if meta.datatype == "Z-SCORE" or "zscore" in words or "z-score" in words:
        return 3, meta.path.name
    return (0 if "tpm" in words else 1 if "seq" in words else 2), meta.path.name


def settled_scale(values: NDArray[np.float32], declared: str, file: str, report: list[Exclusion]) -> str:
    """ "linear", "z-score" or "log2(X+c)": what is declared, else what the values show (said in the report).

    Undeclared, values above 40 mean linear, others with negative ones z-scores, the rest log2(TPM+1). Linear
    values that look like counts are taken as they are, and told.

    Args:
        values: without infinities.
        declared: `declared_scale` of the meta file.
        file: for the report.

    Raises:
        InputError: negative values in linear expression, values too high for a logarithm, an unknown scale;
            counts, which are no expression without the genes' lengths.
    """
    lowest, highest = float(np.nanmin(values, initial=0)), float(np.nanmax(values, initial=0))
    scale = declared.strip().lower()
    if not scale:
        scale = "linear" if highest > _LOG_SCALE_MOST else "z-score" if lowest < 0 else "log2(tpm+1)"
        report.append(Exclusion("layer", file, "scale_judged", f"{scale}, from {lowest:g} to {highest:g}"))
    if scale in _LINEAR_WORDS:
        if lowest < 0:
            raise InputError(
                f"{file}: negative values in linear expression",
                got=f"from {lowest:g} to {highest:g}",
                expected="TPM (not negative); or say `data_scale: z-score` or `log2(TPM+1)` in its meta file",
            )
        if looks_like_counts(values):
            told = "whole numbers whose sums are not a million: counts are not TPM; import them with gene lengths"
            report.append(Exclusion("layer", file, "looks_like_counts", told))
        return "linear"
    if scale in _Z_WORDS:
        return "z-score"
    _check_logarithm(scale, highest, file)
    return scale


def is_whole(values: NDArray[np.floating]) -> bool:
    """Whether each known value, features x samples, is a whole number."""
    blocks = (values[first : first + _ROWS_AT_ONCE] for first in range(0, len(values), _ROWS_AT_ONCE))
    return all(bool((np.isnan(rows) | (rows == np.rint(rows))).all()) for rows in blocks)


def looks_like_counts(values: NDArray[np.floating]) -> bool:
    """Whether values, features x samples, are reads rather than TPM: whole numbers, and the samples' sums neither
    a million, to which rounded TPM still add up, nor equal."""
    if not is_whole(values):
        return False
    sums = np.nansum(values, axis=0, dtype=float)
    is_million = np.abs(sums / _MILLION - 1) < _SAME
    is_equal = len(sums) > 1 and np.ptp(sums) <= _SAME * sums.max()
    return bool(sums.any()) and not is_million.all() and not is_equal


def to_log2_tpm(
    values: NDArray[np.float32], scale: str, file: str, report: list[Exclusion]
) -> NDArray[np.float32]:
    """log2(X + 1) of the values, NaN kept; z-scores stay as they are, with a note.

    Logarithms below log2(c), as batch correction leaves them, become 0 and are counted in the report.

    Args:
        scale: `settled_scale` of the values.
    """
    if scale == "linear":
        report.append(Exclusion("layer", file, "converted", "linear values to log2(TPM + 1)"))
        shifted = values + np.float32(1)
        return np.log2(shifted, out=shifted)
    if scale == "z-score":
        told = "kept as they are: not comparable between studies"
        report.append(Exclusion("layer", file, "z_scores", told))
        return values
    count = _pseudocount(scale)
    n_below = int((values < np.log2(count) - _ROUNDING).sum())
    if n_below:
        told = f"{n_below} values below what {scale} can reach, taken as no expression"
        report.append(Exclusion("value", file, "below_zero", told))
    if count == 1:
        return np.maximum(values, 0)
    report.append(Exclusion("layer", file, "converted", f"{scale} to log2(TPM + 1)"))
    shifted = np.exp2(values)
    shifted -= np.float32(count)
    np.maximum(shifted, 0, out=shifted)
    shifted += 1
    return np.log2(shifted, out=shifted)


def _check_logarithm(scale: str, highest: float, file: str) -> None:
    """Raise where the scale is not known or is counts, or its highest value is none of a logarithm."""
    if scale in _COUNT_WORDS:
        raise InputError(
            f"{file}: counts are not expression (data_scale: {scale})",
            got="reads, which grow with a gene's length and the sample's depth",
            expected="TPM, which counts become with the genes' lengths",
            fix="import the counts together with gene lengths, a table of two columns or a GTF",
        )
    found = _PSEUDOCOUNT.fullmatch(scale)
    if found is None:
        raise InputError(
            f"{file}: unknown data_scale",
            got=scale,
            expected="log2(TPM+1), log2(TPM+0.001), linear or z-score in its meta file",
        )
    if highest > _LOG_SCALE_MOST:
        raise InputError(
            f"{file}: the values are not on the scale that its meta file tells",
            got=f"{scale}, highest value {highest:g}",
            expected="no log2(TPM+1) exceeds 20",
            fix="say `data_scale: linear` in its meta file if the values are TPM",
        )


def _pseudocount(scale: str) -> float:
    """`c` of log2(X+c)."""
    found = _PSEUDOCOUNT.fullmatch(scale)
    return float(found[1] or found[2]) if found else 1.0
