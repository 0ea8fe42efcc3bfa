"""What guards ask of a whole study, found once and only when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.readers.study import Study
from tumorcast.serve.guards.scale import scale_mismatch


@dataclass(frozen=True)
class Shared:
    """A study as all of its courses see it."""

    study: Study
    prepared: Preprocessor

    @cached_property
    def scale_mismatch(self) -> str | None:
        """What is wrong with the scale of the expression; None where nothing is."""
        return scale_mismatch(self.study, self.prepared)
