"""One patient's rows -> lesions and assessments, or the name of what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from tumorcast.biology.recist.lesions import Assessment, Finding, Lesion, PatientLesions
from tumorcast.biology.recist.problems import Problem, RefusedError
from tumorcast.readers.lesion_parts import joined_parts
from tumorcast.readers.lesion_words import is_node_organ, kind_of, state_of

_LARGEST_MM, _LONGEST_VISIT_DAYS = 500.0, 28.0


@dataclass(frozen=True)
class LesionRow:
    """One row of the long form; None unknown.

    Attributes:
        day: None where it could not be read; `time` is then what stands in the table.
        size: mm, or a word.
        is_node: None where the table does not say.
    """

    day: float | None
    time: str
    visit: str | None
    visit_number: float | None
    lesion_id: str | None
    kind: str | None
    organ: str | None
    is_node: bool | None
    size: float | str | None
    status: str | None


@dataclass(frozen=True)
class _Visit:
    name: str
    number: float | None
    first_day: float
    last_day: float
    rows: tuple[LesionRow, ...]

    @property
    def told(self) -> str:
        return self.name or (
            f"visit {self.number:g}" if self.number is not None else f"day {self.first_day:g}"
        )


def patient_of(patient_id: str, rows: Sequence[LesionRow]) -> tuple[PatientLesions, tuple[Problem, ...]]:
    """Lesions and assessments of a patient, and what is told of the rows; the order of the rows does not matter.

    Raises:
        RefusedError: the first thing that is wrong.
    """
    distinct = list(dict.fromkeys(rows))
    repeated = len(rows) - len(distinct)
    told = (Problem(patient_id, "repeated_row", f"{repeated} rows", False),) if repeated else ()
    unread = next((row.time for row in distinct if row.day is None), None)
    if unread is not None:
        raise RefusedError("date_unreadable", f"'{unread}'")
    lesions = _lesions(distinct)
    assessments = tuple(
        Assessment(
            one.first_day, one.last_day, one.name, joined_parts(_findings(one, lesions), lesions), one.number
        )
        for one in _visits(distinct)
    )
    counted = tuple(one for one in lesions.values() if _is_counted(one, lesions))
    return PatientLesions(patient_id, counted, assessments), told


def _is_counted(lesion: Lesion, lesions: dict[str, Lesion]) -> bool:
    """Whether an id stands for itself: fragments and merged lesions are counted in those they come from."""
    return "/" not in lesion.id and not ("." in lesion.id and lesion.id.split(".")[0] in lesions)


def _lesions(rows: Sequence[LesionRow]) -> dict[str, Lesion]:
    of_lesion: dict[str, list[LesionRow]] = {}
    for row in rows:
        if row.lesion_id is None:
            raise RefusedError("lesion_twice", "a row without lesion_id")
        of_lesion.setdefault(row.lesion_id, []).append(row)
    made: dict[str, Lesion] = {}
    for name in sorted(of_lesion):
        made[name] = _lesion(name, of_lesion[name], made.get(re.split(r"[./]", name)[0]))
    return made


def _lesion(name: str, rows: Sequence[LesionRow], whole: Lesion | None) -> Lesion:
    """The lesion that all rows of an id agree on; a fragment without a kind has that of the whole."""
    words = {row.kind for row in rows if row.kind is not None}
    kinds = {kind_of(word) for word in words} or ({whole.kind} if whole else set())
    kind = next(iter(kinds), None)
    if len(kinds) != 1 or kind is None:
        raise RefusedError("lesion_changes_kind", f"{name}: {', '.join(sorted(words)) or 'no kind'}")
    organs = {row.organ.lower(): row.organ for row in rows if row.organ is not None}
    if len(organs) > 1:
        raise RefusedError("lesion_changes_organ", f"{name}: {', '.join(sorted(organs))}")
    organ = next(iter(organs.values()), "")
    flags = {row.is_node for row in rows} - {None}
    return Lesion(name, kind, organ, True in flags or (False not in flags and is_node_organ(organ)))


def _visits(rows: Sequence[LesionRow]) -> list[_Visit]:
    """Assessments in the order of their days; the baseline first."""
    visits = sorted(_grouped(rows), key=lambda one: (one.first_day, one.last_day))
    numbers = [one.number for one in visits if one.number is not None]
    if numbers != sorted(numbers):
        raise RefusedError("visits_out_of_order", f"by date: {', '.join(f'{n:g}' for n in numbers)}")
    for one, later in pairwise(visits):
        if later.first_day <= one.last_day:
            raise RefusedError("two_visits_one_day", f"{one.told}, {later.told}")
    named = [k for k, one in enumerate(visits) if re.search("baseline|screening", one.name, re.IGNORECASE)]
    if named and named != [0]:
        raise RefusedError("assessment_before_baseline", visits[0].told)
    return visits


def _grouped(rows: Sequence[LesionRow]) -> list[_Visit]:
    """Rows by visit number, else by visit, else by day."""
    groups: dict[object, list[LesionRow]] = {}
    by_number = all(row.visit_number is not None for row in rows)
    by_name = all(row.visit is not None for row in rows)
    for row in rows:
        groups.setdefault(row.visit_number if by_number else row.visit if by_name else row.day, []).append(
            row
        )
    return [_visit(mine) for mine in groups.values()]


def _visit(rows: Sequence[LesionRow]) -> _Visit:
    days = [row.day for row in rows if row.day is not None]
    name = next((row.visit for row in rows if row.visit is not None), "")
    made = _Visit(name, rows[0].visit_number, min(days), max(days), tuple(rows))
    if made.last_day - made.first_day > _LONGEST_VISIT_DAYS:
        raise RefusedError("visit_spread", f"{made.told}: {made.last_day - made.first_day:g} days")
    return made


def _findings(visit: _Visit, lesions: dict[str, Lesion]) -> dict[str, Finding]:
    made: dict[str, Finding] = {}
    for row in visit.rows:
        name = row.lesion_id or ""
        if name in made:
            raise RefusedError("lesion_twice", f"{name}, {visit.told}")
        made[name] = _finding(row, lesions[name])
    return made


def _finding(row: LesionRow, lesion: Lesion) -> Finding:
    size, state = row.size, None if row.status is None else state_of(row.status)
    if row.status is not None and state is None:
        raise RefusedError("status_unknown", f"{lesion.id}: '{row.status}'")
    if size is None:
        return Finding(state or "not_evaluated")
    if isinstance(size, str):
        word = state_of(size)
        if word is None:
            raise RefusedError("size_unreadable", f"{lesion.id}: '{size}'")
        return Finding(word)
    if size < 0:
        raise RefusedError("negative_size", f"{lesion.id}: {size:g} mm")
    if size > _LARGEST_MM:
        raise RefusedError("size_over_500_mm", f"{lesion.id}: {size:g} mm")
    if state == "absent" and Finding("measured", size).is_seen(lesion.is_node):
        raise RefusedError("size_against_status", f"{lesion.id}: {row.status}, {size:g} mm")
    if state in ("not_evaluated", "merged", "equivocal", "increased", "progressed"):
        return Finding(state, None if state in ("not_evaluated", "merged") else float(size))
    return Finding("too_small") if state == "too_small" and size == 0 else Finding("measured", float(size))
