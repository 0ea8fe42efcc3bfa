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
_PSEUDOCOUNT = re.compile(
    r"log2?\s*\(\s*(?:[a-z-]+\s*\+\s*([\d.]+)|([\d.]+)\s*\+\s*[a-z-]+)\s*\)", re.IGNORECASE
)
_LINEAR_WORDS = {"linear", "tpm", "fpkm", "rpkm"}
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

    Undeclared, values above 40 mean linear, others with negative ones z-scores, the rest log2(TPM+1).

    Args:
        values: without infinities.
        declared: `declared_scale` of the meta file.
        file: for the report.

    Raises:
        InputError: negative values in linear expression, values too high for a logarithm, an unknown scale.
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
        return "linear"
    if scale in _Z_WORDS:
        return "z-score"
    _check_logarithm(scale, highest, file)
    return scale


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
        return np.log2(values + 1)
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
    return np.log2(np.maximum(np.exp2(values.astype(float)) - count, 0) + 1).astype(np.float32)


def _check_logarithm(scale: str, highest: float, file: str) -> None:
    """Raise where the scale is not known, or its highest value is none of a logarithm."""
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
