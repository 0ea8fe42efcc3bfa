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
_PSEUDOCOUNT = re.compile(
    r"log2?\s*\(\s*(?:[a-z-]+\s*\+\s*([\d.]+)|([\d.]+)\s*\+\s*[a-z-]+)\s*\)", re.IGNORECASE
)
_LINEAR_WORDS = {"linear", "tpm", "fpkm", "rpkm"}
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


def to_log2_tpm(
    values: NDArray[np.float32], scale: str, file: str, report: list[Exclusion]
) -> NDArray[np.float32]:
    """log2(X + 1) of the values, NaN kept; z-scores stay as they are, with a note.

    Args:
        values: without infinities.
        scale: "log2(TPM+1)" or another pseudocount, "linear" (or "TPM"), "z-score", or "" to judge by the
            values: negative ones mean z-scores, any above 40 mean linear.
        file: for the report.

    Raises:
        InputError: negative values declared linear, values too high for a logarithm, an unknown scale.
    """
    lowest, highest = float(np.nanmin(values, initial=0)), float(np.nanmax(values, initial=0))
    if not scale:
        scale = "z-score" if lowest < 0 else "linear" if highest > _LOG_SCALE_MOST else "log2(TPM+1)"
        report.append(Exclusion("layer", file, "scale_judged", f"{scale}, from {lowest:g} to {highest:g}"))
    if scale.lower() in _LINEAR_WORDS:
        if lowest < 0:
            raise InputError(
                f"{file}: negative values in linear expression",
                got=f"lowest value {lowest:g}",
                expected="TPM (not negative); or say `data_scale: z-score` or `log2(TPM+1)` in its meta file",
            )
        report.append(Exclusion("layer", file, "converted", "linear values to log2(TPM + 1)"))
        return np.log2(values + 1)
    if scale.lower() in {"z-score", "z-scores", "zscore"}:
        report.append(
            Exclusion("layer", file, "z_scores", "kept as they are: not comparable between studies")
        )
        return values
    found = _PSEUDOCOUNT.fullmatch(scale)
    if found is None:
        raise InputError(
            f"{file}: unknown data_scale",
            got=scale,
            expected="log2(TPM+1), linear or z-score in its meta file",
        )
    if highest > _LOG_SCALE_MOST:
        raise InputError(
            f"{file}: the values are not on the scale that its meta file tells",
            got=f"{scale}, highest value {highest:g}",
            expected="no log2(TPM+1) exceeds 20",
            fix="say `data_scale: linear` in its meta file if the values are TPM",
        )
    count = float(found[1] or found[2])
    if count == 1:
        return values
    report.append(Exclusion("layer", file, "converted", f"{scale} to log2(TPM + 1)"))
    return np.log2(np.maximum(np.exp2(values.astype(float)) - count, 0) + 1).astype(np.float32)
