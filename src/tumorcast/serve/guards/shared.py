"""What guards ask of a whole study, found once and only when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from pathlib import Path

import pandas as pd

from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.readers.files import digest
from tumorcast.readers.study import Study
from tumorcast.serve.guards.scale import scale_mismatch

_FEWEST_VARIANTS = 10


@dataclass(frozen=True)
class Shared:
    """A study as all of its courses see it."""

    study: Study
    prepared: Preprocessor

    @cached_property
    def scale_mismatch(self) -> str | None:
        """What is wrong with the scale of the expression; None where nothing is."""
        return scale_mismatch(self.study, self.prepared)

    @cached_property
    def is_z_scored(self) -> bool:
        """True where the expression has values below zero, which log2(TPM + 1) has not."""
        table = self.study.expression
        return table is not None and bool((table.to_numpy() < 0).any())

    @cached_property
    def duplicates(self) -> dict[str, set[str]]:
        """Patient -> what of theirs stands under another patient's name too ("a slide", "mutations", ...)."""
        if self.study.samples["patient_id"].nunique() < 2:
            return {}
        owner = self.study.samples["patient_id"]
        found: dict[str, set[str]] = {}
        for what, marks in self._marks():
            people = pd.Series(owner.reindex(marks.index).to_numpy(), index=marks.to_numpy())
            shared = people.groupby(level=0).nunique()
            for patient in people[people.index.isin(shared.index[shared > 1])]:
                found.setdefault(str(patient), set()).add(what)
        for what, one, other in self._alike():
            for sample in (one, other):
                found.setdefault(str(owner[sample]), set()).add(what)
        return found

    def _marks(self) -> Iterator[tuple[str, pd.Series]]:
        """What only one patient should have: sample -> mark."""
        slides, expression = self.study.slides, self.study.expression
        if len(slides) > 1:
            marks = _file_marks([Path(str(path)) for path in slides["path"]])
            yield "a slide", pd.Series(marks, index=slides["sample_id"])
        if expression is not None and expression.shape[1] > _FEWEST_VARIANTS:
            told = expression[expression.nunique(axis=1) > _FEWEST_VARIANTS].round(4)
            rows = pd.util.hash_pandas_object(told.reset_index(drop=True), index=False)
            yield "expression", pd.Series(rows.to_numpy(), index=told.index)

    def _alike(self) -> list[tuple[str, str, str]]:
        """Samples of two patients with nearly the same altered genes."""
        from tumorcast.evaluation.leakage import same_variants

        variants = self.study.variants
        if variants is None or variants["sample_id"].nunique() < 2:
            return []
        table = variants.rename(columns={"sample_id": "course_id"})
        return same_variants(table, self.study.samples["patient_id"])

    @cached_property
    def strangers(self) -> set[str]:
        """Patients with two sequenced samples of ten variants or more that share none."""
        variants, owners = self.study.variants, self.study.samples["patient_id"]
        if variants is None:
            return set()
        several = owners[owners.duplicated(keep=False)].index
        variants = variants[variants["sample_id"].isin(several)]
        if variants.empty:
            return set()
        columns = [c for c in ("gene", "chromosome", "start", "protein_change", "impact") if c in variants]
        marks = variants[columns].astype(str).agg(" ".join, axis=1)
        of_sample = {str(k): set(v) for k, v in marks.groupby(variants["sample_id"])}
        many = [name for name, own in of_sample.items() if len(own) >= _FEWEST_VARIANTS]
        owner = self.study.samples["patient_id"].reindex(many)
        return {
            str(patient)
            for patient, own in owner.groupby(owner)
            if any(not of_sample[a] & of_sample[b] for a, b in combinations(map(str, own.index), 2))
        }


def _file_marks(paths: list[Path]) -> list[str]:
    """A mark a file: the same for files of the same bytes; only files of one size are read."""
    sizes = [path.stat().st_size if path.is_file() else -1 for path in paths]
    made = []
    for path, size in zip(paths, sizes, strict=True):
        is_alone = size < 0 or sizes.count(size) == 1
        made.append(str(path.resolve()) if is_alone else digest(path))
    return made
