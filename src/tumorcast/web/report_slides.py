"""The slides of a report: the case's files with the heatmap that the record holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tumorcast.clinic.report.record import PatientReport, SlidePicture
from tumorcast.lab.cases import Case, CaseFile, get_case
from tumorcast.lab.errors import NotFoundError
from tumorcast.lab.jobs import get_job
from tumorcast.lab.reports import Report
from tumorcast.lab.store import LabStore
from tumorcast.lab.uploads import stored_path


@dataclass(frozen=True)
class ShownSlide:
    """A slide that can be zoomed.

    Attributes:
        slide_id: as the record names it.
        file: of the case.
        picture: what the record says of it, None where it says nothing.
    """

    slide_id: str
    file: CaseFile
    picture: SlidePicture | None

    @property
    def file_id(self) -> str:
        """Of the case's file."""
        return self.file.id


def case_of(store: LabStore, report: Report) -> Case:
    """The case that a report is of."""
    return get_case(store, get_job(store, report.job_id).case_id)


def slides_of(case: Case, record: PatientReport) -> list[ShownSlide]:
    """The slides of a case, in the order of its files."""
    pictures = {picture.slide_id: picture for picture in record.slides}
    found = []
    for file in case.files:
        if file.kind == "slide":
            picture = pictures.get(file.id)
            found.append(ShownSlide(picture.slide_id if picture else file.id, file, picture))
    return found


def find_slide(case: Case, record: PatientReport, file_id: str) -> ShownSlide:
    """One slide.

    Raises:
        NotFoundError: the case has no such slide (any more).
    """
    for slide in slides_of(case, record):
        if slide.file_id == file_id:
            return slide
    raise NotFoundError("the case has no such slide", got=file_id)


def path_of(store: LabStore, slide: ShownSlide) -> Path:
    """Where the slide lies."""
    return stored_path(store, slide.file)
