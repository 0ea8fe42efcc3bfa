"""The case's pixel size stands in where a slide's file does not say it, and only there."""

from __future__ import annotations

import io
import threading

import pytest

from toy_cases import add_file
from toy_lab import toy_flat_tiff
from tumorcast.domain.errors import InputError, SlideError
from tumorcast.lab.cases import CaseFacts, change_case, create_case, facts_from, get_case
from tumorcast.lab.jobs import get_job, submit
from tumorcast.lab.reports import read_record, report_of_job
from tumorcast.lab.slide_size import FIELD, field_named
from tumorcast.lab.worker import work
from tumorcast.slides.mpp import refuse_unknown_mpp

FACTS = CaseFacts(
    patient_id="P-17", regimen="Nivolumab", agents=("Nivolumab",), stain="H&E", is_simulated=True
)


def _case(lab, name: str, content: bytes, mpp: float | None = None):
    case = create_case(lab.store, lab.doctor, FACTS.model_copy(update={"slide_mpp": mpp}))
    add_file(lab.store, lab.doctor, case.id, "slide", name, io.BytesIO(content))
    return case


def _job(lab, case):
    job = submit(lab.store, lab.doctor, case.id, options={"demonstrate": True})
    work(lab.store, "w1", threading.Event(), most_jobs=1)
    return get_job(lab.store, job.id)


def _slide(lab, job):
    record = read_record(lab.store, report_of_job(lab.store, job.id).id)
    assert record.is_predicted, record.reason
    return record.slides[0]


def test_a_slide_of_unknown_size_is_refused_and_the_field_mends_it(lab, bundle):
    case = _case(lab, "flat.tif", toy_flat_tiff(3))
    job = _job(lab, case)
    assert (job.state, job.error_code) == ("failed", "case_files")
    assert "flat.tif" in job.error
    assert FIELD in job.error
    assert "--slide-mpp" not in job.error
    change_case(lab.store, lab.doctor, case.id, FACTS.model_copy(update={"slide_mpp": 1.0}))
    job = _job(lab, case)
    assert (job.state, job.error) == ("done", "")
    assert _slide(lab, job).n_tiles == 16
    assert _slide(lab, job).side_px == 64.0


def test_another_size_makes_other_tiles(lab, bundle):
    case = _case(lab, "flat.tif", toy_flat_tiff(3), 1.0)
    assert _slide(lab, _job(lab, case)).side_px == 64.0
    change_case(lab.store, lab.doctor, case.id, FACTS.model_copy(update={"slide_mpp": 0.5}))
    assert _slide(lab, _job(lab, case)).side_px == 128.0


def test_what_the_file_says_wins(lab, bundle, toy_slide):
    job = _job(lab, _case(lab, "s.svs", toy_slide, 0.5))
    assert _slide(lab, job).side_px == 64.0


@pytest.mark.parametrize("size", [0.0, -1, 0.01, 11, float("nan"), float("inf"), "x"])
def test_an_implausible_size_is_not_taken(size):
    with pytest.raises(InputError, match="slide_mpp"):
        facts_from({"patient_id": "P-17", "slide_mpp": size})


def test_cases_of_before_have_no_size(lab):
    case = create_case(lab.store, lab.doctor, FACTS)
    with lab.store.transaction() as connection:
        old = FACTS.model_dump_json(exclude={"slide_mpp"})
        connection.execute("UPDATE cases SET facts = ? WHERE id = ?", (old, case.id))
    assert get_case(lab.store, case.id).facts.slide_mpp is None


def test_what_the_objective_hints_at_stays_in_the_advice():
    with pytest.raises(SlideError) as told, field_named():
        refuse_unknown_mpp({"openslide.objective-power": "20"})
    assert told.value.fix == f"fill in the case's field “{FIELD}” (its objective is 20x: often about 0.5)"
