"""What can be wrong with a patient's lesion tables, each with a name and a remedy."""

from __future__ import annotations

from dataclasses import dataclass

FIXES = {
    "negative_size": "correct the sizes; unknown is an empty cell or NOT EVALUABLE",
    "size_over_500_mm": "correct the sizes: mm, one diameter a row, no sums or areas",
    "sum_over_1000_mm": "correct the sizes: mm, the sum of diameters, no areas or volumes",
    "id_of_several": "one id is one patient: put the scans of one patient into one table, give others ids of their own",
    "rows_unsorted": "nothing to mend: the rows were sorted by day",
    "size_unreadable": "sizes are numbers in mm; words go into the status column",
    "status_unknown": "use the words of docs/recist.md",
    "date_unreadable": "give days as numbers or dates as YYYY-MM-DD; partial dates have to be completed",
    "lesion_changes_kind": "one id is one lesion: target, non-target or new for good",
    "lesion_changes_organ": "one id is one lesion in one organ: give the other lesion an id of its own",
    "lesion_twice": "one row for each lesion and assessment; fragments of a split lesion are T1.1, T1.2",
    "visits_out_of_order": "visit numbers and dates disagree: correct one of them",
    "two_visits_one_day": "two visits have the same date: join them or correct the date",
    "visit_spread": "scans of one visit lie more than 28 days apart: split the visit or correct a date",
    "assessment_before_baseline": "leave out what is older than the baseline, or correct the start of treatment",
    "follow_up_twice": "rows of the follow-up contradict each other: correct one of them",
    "follow_up_before_start": "death or another treatment before the start of treatment: correct the days",
    "size_against_status": "the status says absent, the size says not: correct one of them",
    "sizes_fall_tenfold": "centimetres at one visit, mm at another? give each row its `unit`",
    "new_at_baseline": "what is there at baseline is target or non-target",
    "no_baseline": "the first assessment needs every target lesion measured",
    "target_without_baseline": "a target lesion is measured at baseline; one found later is new",
    "targets_below_10_mm": "centimetres? give --size-unit cm; lesions below 10 mm are non-target",
    "target_below_10_mm": "lesions below 10 mm (at 5 mm slices) are non-target",
    "node_below_15_mm": "nodes from 10 to below 15 mm short axis are non-target",
    "more_than_5_targets": "RECIST 1.1 follows five target lesions at most",
    "more_than_2_in_organ": "RECIST 1.1 follows two target lesions an organ at most; nodes are one organ",
    "no_assessment_after_baseline": "nothing to mend: the response cannot be evaluated",
    "baseline_after_start": "the baseline lies after the first day of treatment: correct the days",
    "repeated_row": "nothing to mend: identical rows count once",
    "pfs_after_os": "progression-free survival cannot be longer than overall survival: correct one of them",
    "death_without_pfs_event": "death ends progression-free survival: an event, at the time of death at the latest",
    "negative_time": "times are days from the start of treatment, zero or more",
    "flag_unreadable": "1 happened, 0 censored",
    "unknown_patient": "nothing to mend: the patient has no lesions in the tables",
}


@dataclass(frozen=True)
class Problem:
    """One thing wrong.

    Attributes:
        patient_id: whose.
        code: a key of `FIXES`.
        detail: what was found.
        is_refused: True: the patient gets no response; False: told, and counted as it stands.
    """

    patient_id: str
    code: str
    detail: str
    is_refused: bool = True

    @property
    def fix(self) -> str:
        """What to do about it."""
        return FIXES[self.code]


class RefusedError(Exception):
    """A patient's rows cannot be used; caught where the batch goes on with the others."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code, self.detail = code, detail
