"""Slides whose file does not say its pixel size: refused with the case's own field named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tumorcast.domain.errors import SlideError
from tumorcast.lab.case_study import CaseError, FileProblem
from tumorcast.lab.cases import Case
from tumorcast.lab.store import LabStore
from tumorcast.lab.uploads import stored_path
from tumorcast.slides.discover import READY_SUFFIXES
from tumorcast.slides.mpp import GIVE_MPP
from tumorcast.slides.reader import open_slide

FIELD = "Pixel size (µm), where the file does not say it"
"""Label of the fact `slide_mpp`."""


@contextmanager
def field_named() -> Iterator[None]:
    """A slide of unknown pixel size is told with the field that mends it, not with the command line's option."""
    try:
        yield
    except SlideError as error:
        if error.code != "mpp_missing" or error.fix is None:
            raise
        fix = error.fix.replace(GIVE_MPP, f"fill in the case's field “{FIELD}”")
        raise SlideError(
            error.code, error.what, got=error.got, expected="um/px in the file or in the case", fix=fix
        ) from None


def need_pixel_sizes(store: LabStore, case: Case) -> None:
    """Open each slide; those that cannot be read for another reason are left to the encoder, which says why.

    Raises:
        CaseError: slides of unknown pixel size, each named.
    """
    problems = []
    for file in case.files:
        path = stored_path(store, file)
        if file.kind != "slide" or path.suffix in READY_SUFFIXES:
            continue
        try:
            with suppress(OSError), field_named(), open_slide(path, case.facts.slide_mpp):
                continue
        except SlideError as error:
            if error.code == "mpp_missing":
                problems.append(FileProblem(file.id, file.name, error))
    if problems:
        raise CaseError(problems, fix="after that, predict again")
