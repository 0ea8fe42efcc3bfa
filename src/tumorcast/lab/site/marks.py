"""What the site's own checks add to every report of the lab, and to what is charted of its cases."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tumorcast.clinic.report.record import Flag
from tumorcast.lab.errors import ConflictError
from tumorcast.lab.site.control_log import control_status
from tumorcast.lab.site.golive import go_live_status
from tumorcast.lab.site.incoming import CaseNumbers, case_summary
from tumorcast.lab.store import LabStore
from tumorcast.serve.answer import Answer
from tumorcast.serve.bundle import Bundle
from tumorcast.slides.discover import READY_SUFFIXES


def site_flags(store: LabStore, model_id: str, seal: str) -> tuple[Flag, ...]:
    """Warnings for a report of now: the model is not verified and signed for here; a control is out or was not run."""
    found = (go_live_status(store, model_id, seal).flag(), control_status(store, model_id=model_id))
    return tuple(flag for flag in found if flag is not None)


def need_live(store: LabStore, model_id: str, seal: str) -> None:
    """Where the lab's `require_verification` is set: raise unless the model is live.

    Raises:
        ConflictError: with what is missing.
    """
    if not store.config.require_verification:
        return
    said = go_live_status(store, model_id, seal)
    if not said.is_live:
        raise ConflictError(
            "the model is not live at this site",
            got=said.sentence,
            expected="a passed verification that a pathologist signed",
            fix="`tumorcast site verify ... --lab FOLDER`, then `tumorcast site sign`",
        )


@dataclass
class Noted:
    """Collects the numbers of the courses that are predicted; `numbers` is None until one is.

    `slide_mpp`: um/px of level 0 that stands in where a slide does not say it.
    """

    bundle: Bundle
    slides: tuple[Path, ...] = ()
    slide_mpp: float | None = None
    numbers: CaseNumbers | None = field(default=None)

    def __call__(self, answer: Answer) -> None:
        images = tuple(path for path in self.slides if path.suffix not in READY_SUFFIXES)
        self.numbers = case_summary(self.bundle, answer, images, self.slide_mpp)
