"""Controls of a lab and their runs; what reports must say while one is out of control."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from tumorcast.clinic.report.record import Flag
from tumorcast.domain.errors import InputError
from tumorcast.lab.audit import utc
from tumorcast.lab.errors import ConflictError, no_such
from tumorcast.lab.site.control import Control, ControlRun, judge_run, make_control
from tumorcast.lab.site.records import SiteRecord, keep, records
from tumorcast.lab.store import LabStore
from tumorcast.lab.users import User
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.slide_reading import SlideReading

MOST_DAYS = 1
"""Days after which a control counts as not run."""


def register_control(
    store: LabStore, user: User, bundle: Bundle, name: str, readings: Sequence[SlideReading]
) -> SiteRecord:
    """A new control of a model.

    Raises:
        InputError: as `make_control`. ConflictError: the name is taken.
    """
    manifest = bundle.manifest
    if any(one.content["name"] == name for one in controls(store, manifest.model_id)):
        raise ConflictError("there is a control of this name", got=name, fix="retire it first")
    tiles = bundle.prepared.tiles
    if tiles is None:
        raise InputError("the model reads no slide")
    made = make_control(name, readings, np.asarray(tiles.scale, float))
    detail = {"mode": made.mode, "runs": len(readings)}
    return keep(
        store, user, "control", (manifest.model_id, manifest.seal), made.to_json(), detail=detail
    )  # fmt: skip


def retire_control(store: LabStore, user: User, control_id: str, comment: str) -> SiteRecord:
    """The control is run no more (the glass faded, a scanner was replaced); its series stays."""
    control = _control(store, control_id)
    return keep(
        store,
        user,
        "control_retired",
        (control.model_id, control.seal),
        {"comment": comment[:500]},
        control_id,
    )


def controls(store: LabStore, model_id: str | None = None) -> list[SiteRecord]:
    """Those in use, the oldest first."""
    retired = {one.about for one in records(store, "control_retired")}
    return [one for one in records(store, "control", model_id) if one.id not in retired]


def control_named(store: LabStore, model_id: str, name: str) -> SiteRecord:
    """The control in use of this name.

    Raises:
        NotFoundError: none.
    """
    found = [one for one in controls(store, model_id) if one.content["name"] == name]
    if not found:
        raise no_such("control", name)
    return found[0]


def note_run(
    store: LabStore, user: User, control_id: str, reading: SlideReading
) -> tuple[SiteRecord, ControlRun]:
    """Judge a new run of a control and keep it."""
    record = _control(store, control_id)
    made = judge_run(Control.from_json(record.content), reading, _series(store, control_id))
    content: dict[str, Any] = {
        "probability": made.probability, "numbers": made.numbers, "z": made.z,
        "broken": {number: list(rules) for number, rules in made.broken.items() if rules},
        "is_in_control": made.is_in_control, "sentence": made.sentence,
    }  # fmt: skip
    detail = {"in_control": made.is_in_control}
    kept = keep(
        store, user, "control_run", (record.model_id, record.seal), content, control_id, detail
    )  # fmt: skip
    return kept, made


def runs_of(store: LabStore, control_id: str) -> list[SiteRecord]:
    """Runs of a control, the oldest first."""
    return records(store, "control_run", about=control_id)


def control_status(store: LabStore, day: float | None = None, model_id: str | None = None) -> Flag | None:
    """What reports of a day must say of the control; None where every control in use ran in control that day, or the
    lab has none.

    Args:
        day: seconds since 1970; None: now. The newest run of the `MOST_DAYS` days up to it counts.
        model_id: of the report's bundle; None: controls of all.
    """
    at = store.clock() if day is None else day
    since = (datetime.fromtimestamp(at, UTC) - timedelta(days=MOST_DAYS)).timestamp()
    missing = []
    for control in controls(store, model_id):
        runs = [run for run in runs_of(store, control.id) if run.at <= at]
        if runs and not runs[-1].content["is_in_control"]:
            name, when = control.content["name"], utc(runs[-1].at)[:16].replace("T", " ")
            why = str(runs[-1].content["sentence"]).removeprefix("OUT OF CONTROL: ")
            told = f"The control slide '{name}' was out of control on {when}: {why}."
            return Flag("warning", "control_out", told)
        if not runs or runs[-1].at < since:
            missing.append(str(control.content["name"]))
    if missing:
        told = f"The control slide {', '.join(missing)} was not run on this day."
        return Flag("warning", "control_not_run", told)
    return None


def _series(store: LabStore, control_id: str) -> list[dict[str, float]]:
    """Normal scores of all earlier runs: a shift that lasts is told for as long as it lasts."""
    return [
        {number: np.nan if z is None else float(z) for number, z in run.content["z"].items()}
        for run in runs_of(store, control_id)
    ]


def _control(store: LabStore, control_id: str) -> SiteRecord:
    found = [one for one in records(store, "control") if one.id == control_id]
    if not found:
        raise no_such("control", control_id)
    return found[0]
