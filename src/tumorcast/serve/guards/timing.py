"""Tissue taken after the treatment began has seen the treatment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tumorcast.cohort.host import HOST_LAYERS
from tumorcast.cohort.laboratory import LABORATORY
from tumorcast.serve.findings import Finding

_NOT_TISSUE = ("clinical", LABORATORY, *HOST_LAYERS)


def timing_findings(unused: Sequence[Finding], layers: Sequence[str]) -> Iterator[Finding]:
    """All tissue that was given is from after the first day: what is left is no prediction from this tumour."""
    is_late = any(found.code == "taken_after_start" for found in unused)
    if is_late and not [name for name in layers if name not in _NOT_TISSUE]:
        what = "all tissue that was given was taken after the treatment began"
        yield Finding(
            "all_tissue_after_start", what, fix="give tissue from before the first day of treatment"
        )
