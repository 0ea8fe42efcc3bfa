"""Clinical columns and wide layers of patients -> risk: ridge Cox regressions that see different parts, averaged.

In cohorts of some hundred patients a ridge Cox model on all genes, or on ten of their principal components, does as
well as deeper ones (Herrmann et al., Brief Bioinform 2021, 22:bbaa167), and which does better changes from cancer to
cancer: their average rarely loses much to the better one. Clinical columns are in every member, numbers hardly shrunk.
The first layer is trusted; each other one must earn its place on inner folds by patient, where the penalties are
chosen too. Medians, spreads, categories and components are those of the training patients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.cox import cox_ridge
from tumorcast.evaluation.elastic_net import Outcome
from tumorcast.evaluation.tabular import Columns

Array = NDArray[np.float64]
CLINICAL = "clinical"
_PENALTIES = (0.5, 1.5, 5.0)
_NUMBER_PENALTY, _CATEGORY_PENALTY = 0.1, 20.0
_FEW, _MOST = 10, 100
_CLIP, _LEAST_SPREAD = 5.0, 1e-8
_INNER = 5
_FEWEST_EVENTS = 10


@dataclass(frozen=True)
class Part:
    """What one member sees of the clinical columns and of each named layer.

    Attributes:
        is_wide: all clinical columns, and up to 100 components of the layer, each with its variance, shrunk as one
            (ridge on all features); else numbers alone, and the first ten components, each of variance one.
        penalty: of the wide components; their total variance is one.
    """

    layers: tuple[str, ...]
    is_wide: bool = True
    penalty: float = 1.0

    @property
    def name(self) -> str:
        """For people."""
        kind = "" if self.is_wide else ", ten components"
        return " + ".join((CLINICAL, *self.layers)) + kind


@dataclass(frozen=True)
class _Basis:
    """A layer's columns brought to components: medians, means, spreads [F] and directions [F, k]."""

    names: tuple[str, ...]
    median: Array
    mean: Array
    spread: Array
    directions: Array
    deviation: Array

    @classmethod
    def fit(cls, table: pd.DataFrame) -> _Basis:
        values = table.to_numpy(float)
        known = np.isfinite(values).any(axis=0)
        median = np.where(known, np.nanmedian(np.where(known, values, 0.0), axis=0), 0.0)
        filled = np.where(np.isfinite(values), values, median)
        mean, spread = filled.mean(axis=0), filled.std(axis=0)
        spread = np.where(spread < _LEAST_SPREAD, np.inf, spread)
        scaled = np.clip((filled - mean) / spread, -_CLIP, _CLIP)
        _, size, directions = np.linalg.svd(scaled, full_matrices=False)
        kept = min(_MOST, int((size > 1e-6 * max(size[0], 1e-12)).sum()))
        deviation = size[:kept] / np.sqrt(len(values))
        return cls(tuple(table.columns), median, mean, spread, directions[:kept].T, deviation)

    def components(self, table: pd.DataFrame) -> Array:
        values = table.reindex(columns=list(self.names)).to_numpy(float)
        filled = np.where(np.isfinite(values), values, self.median)
        return np.asarray(np.clip((filled - self.mean) / self.spread, -_CLIP, _CLIP) @ self.directions)


@dataclass(frozen=True)
class _Space:
    """What was learned of the columns, without outcomes."""

    columns: Columns
    mean: Array
    scale: Array
    is_number: NDArray[np.bool_]
    bases: Mapping[str, _Basis]

    @classmethod
    def fit(cls, clinical: pd.DataFrame, layers: Mapping[str, pd.DataFrame]) -> _Space:
        columns = Columns.fit(clinical)
        values = columns.transform(clinical).to_numpy(float)
        spread = values.std(axis=0)
        is_number = np.array([len(np.unique(column)) > 2 for column in values.T])
        penalty = np.where(is_number, _NUMBER_PENALTY, _CATEGORY_PENALTY)
        scale = np.where(spread < _LEAST_SPREAD, np.inf, spread * np.sqrt(penalty))
        bases = {name: _Basis.fit(table) for name, table in layers.items()}
        return cls(columns, values.mean(axis=0), scale, is_number, bases)

    def blocks(self, clinical: pd.DataFrame, layers: Mapping[str, pd.DataFrame]) -> dict[str, Array]:
        own = (self.columns.transform(clinical).to_numpy(float) - self.mean) / self.scale
        return {CLINICAL: own} | {name: basis.components(layers[name]) for name, basis in self.bases.items()}

    def design(self, blocks: Mapping[str, Array], part: Part) -> Array:
        """[n, d] columns that one ridge penalty of 1 suits."""
        made = [blocks[CLINICAL] if part.is_wide else blocks[CLINICAL][:, self.is_number]]
        for name in part.layers:
            deviation = self.bases[name].deviation
            if part.is_wide:
                made.append(blocks[name] / np.sqrt((deviation**2).sum() * part.penalty))
            else:
                made.append(blocks[name][:, :_FEW] / deviation[:_FEW])
        return np.concatenate(made, axis=1)


@dataclass(frozen=True)
class SurvivalModel:
    """The mean of Cox models.

    Attributes:
        members: what each sees -> its coefficients.
        inner_loss: minus the log partial likelihood, a patient, on inner folds, of everything that was tried.
    """

    space: _Space
    members: Mapping[Part, Array]
    inner_loss: dict[str, float]

    def predict(self, clinical: pd.DataFrame, layers: Mapping[str, pd.DataFrame]) -> Array:
        """[n] log-risk; higher is worse."""
        blocks = self.space.blocks(clinical, layers)
        risks = [self.space.design(blocks, part) @ beta for part, beta in self.members.items()]
        return np.asarray(np.mean(risks, axis=0))


def fit_survival(
    clinical: pd.DataFrame,
    layers: Mapping[str, pd.DataFrame],
    time_days: Array,
    is_event: Array,
    patients: Sequence[str],
    seed: int = 0,
) -> SurvivalModel:
    """Fit on training courses; all choices on inner folds by patient.

    Args:
        clinical: [n rows] numbers or text, NaN unknown.
        layers: name -> [n rows] numbers, NaN unknown; the one that is trusted first.
        time_days: [n], any unit. is_event: [n] 0 or 1.

    Raises:
        InputError: fewer than ten events.
    """
    time, event = np.asarray(time_days, float), np.asarray(is_event, float)
    if event.sum() < _FEWEST_EVENTS:
        got = f"{int(event.sum())}"
        raise InputError("too few events for a model of survival", got=got, expected="10 or more")
    held = _Held.of(clinical, layers, time, event, patients, seed)
    space = _Space.fit(clinical, layers)
    blocks = space.blocks(clinical, layers)
    members = {
        part: cox_ridge(space.design(blocks, part), time, event, 1.0) for part in _chosen(held, list(layers))
    }
    return SurvivalModel(space, members, {part.name: held.loss(risk) for part, risk in held.risks.items()})


def _chosen(held: _Held, layers: Sequence[str]) -> list[Part]:
    """Members: of the first layer both forms, then, for each other layer, one that sees it beside those chosen before,
    if it makes the average better by more than the standard error of that."""
    if not layers:
        return [held.fit(Part(()))]
    seen: tuple[str, ...] = (layers[0],)
    members = [held.fit(Part(seen, is_wide=False)), held.best(seen)]
    for name in layers[1:]:
        longer = held.best((*seen, name))
        if _is_gain(held.losses(members) - held.losses([*members, longer])):
            seen, members = (*seen, name), [*members, longer]
    return members


def _is_gain(less: Array) -> bool:
    """Whether losses of events fell by more than the standard error of that."""
    return bool(less.mean() > less.std(ddof=1) / np.sqrt(len(less)))


@dataclass(frozen=True)
class _Held:
    """Risks of training courses by models fitted without their inner fold.

    Risks of different folds come of different models and are compared within folds only.
    """

    outcome: Outcome
    folds: NDArray[np.int64]
    spaces: list[_Space]
    blocks: list[dict[str, Array]]
    risks: dict[Part, Array]

    @classmethod
    def of(
        cls,
        clinical: pd.DataFrame,
        layers: Mapping[str, pd.DataFrame],
        time: Array,
        event: Array,
        patients: Sequence[str],
        seed: int,
    ) -> _Held:
        splitter = StratifiedGroupKFold(_INNER, shuffle=True, random_state=seed)
        folds, spaces, blocks = np.zeros(len(event), int), [], []
        for k, (inside, outside) in enumerate(splitter.split(event, event, np.asarray(patients))):
            folds[outside] = k
            training = {name: table.iloc[inside] for name, table in layers.items()}
            spaces.append(_Space.fit(clinical.iloc[inside], training))
            blocks.append(spaces[-1].blocks(clinical, layers))
        return cls(Outcome(event, time), folds, spaces, blocks, {})

    def fit(self, part: Part) -> Part:
        """The same part, its risks known from now on."""
        risk = np.zeros(len(self.folds))
        for k, (space, blocks) in enumerate(zip(self.spaces, self.blocks, strict=True)):
            design, inside = space.design(blocks, part), self.folds != k
            own = self.outcome.part(inside)
            assert own.time_days is not None
            beta = cox_ridge(design[inside], own.time_days, own.event, 1.0)
            risk[~inside] = design[~inside] @ beta
        self.risks[part] = risk
        return part

    def best(self, layers: tuple[str, ...]) -> Part:
        """The wide member of these layers whose penalty has the least loss."""
        tried = [self.fit(Part(layers, penalty=value)) for value in _PENALTIES]
        return min(tried, key=lambda part: self.loss(self.risks[part]))

    def losses(self, members: Sequence[Part]) -> Array:
        """[events] minus the log partial likelihood of each event under the members' mean."""
        risk = np.mean([self.risks[part] for part in members], axis=0)
        each = [
            event_losses(self.outcome.part(self.folds == k), risk[self.folds == k]) for k in range(_INNER)
        ]
        return np.concatenate(each)

    def loss(self, risk: Array) -> float:
        """Minus the log partial likelihood within folds, a course."""
        each = [self.outcome.part(self.folds == k).loss(risk[self.folds == k]) for k in range(_INNER)]
        return float(np.mean(each))


def event_losses(outcome: Outcome, risk: Array) -> Array:
    """[events] minus the log of the share of its risk set's hazard that was the patient's own."""
    assert outcome.time_days is not None
    order = np.argsort(-outcome.time_days, kind="stable")
    moments, place = np.unique(-outcome.time_days[order], return_inverse=True)
    own = risk[order] - risk.max()
    at_risk = np.cumsum(np.bincount(place, np.exp(own), len(moments)))[place]
    return (np.log(at_risk) - own)[outcome.event[order] == 1]
