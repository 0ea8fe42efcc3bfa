"""The record goes to JSON and back unchanged, and nothing else is taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from toy_report import toy_record, toy_refusal
from tumorcast.clinic.report.record_json import from_json, json_schema, to_json
from tumorcast.domain.errors import InputError


@pytest.mark.parametrize("report", [toy_record(), toy_refusal()])
def test_there_and_back(report):
    fields = json.loads(json.dumps(to_json(report)))
    assert from_json(fields) == report
    jsonschema.validate(fields, json_schema())


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"status": "fine"},
        {"nonsense": 1},
        {"response": None, "flags": [{"level": "warning", "code": "x"}]},
        {"subject": {}},
        {"limits": [3]},
    ],
)
def test_other_content_is_refused(change):
    with pytest.raises(InputError):
        from_json({**to_json(toy_record()), **change})


def test_a_refusal_holds_no_number_and_a_probability_lies_in_its_interval():
    with pytest.raises(InputError, match="no number"):
        replace(toy_refusal(), response=toy_record().response)
    with pytest.raises(InputError, match="no number"):
        replace(toy_refusal(), reason="")
    response = toy_record().response
    assert response is not None
    with pytest.raises(InputError, match="interval"):
        replace(response, low=response.probability + 0.01)


def test_the_documented_schema_is_that_of_the_classes():
    documented = Path(__file__).parents[2] / "docs" / "report_schema.json"
    assert json.loads(documented.read_text(encoding="utf-8")) == json_schema()
