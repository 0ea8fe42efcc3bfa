"""Patients unlike those a model was trained on: which modality is odd, and which of its features.

A modality's distance is Mahalanobis's on standardised features with a shrunken covariance (Ledoit and Wolf 2004, J
Multivar Anal 88:365) over the features that the patient has measured, brought to the normal scale of a chi-square with
as many degrees of freedom (Wilson and Hilferty 1931, PNAS 17:684), so that patients with different features measured
nearly compare; not where features are many more than training patients. It becomes a conformal p value among training
patients that the covariance has not seen. Modalities are combined by the least p times how many are measured, ranked
among the same of the held-out patients: of patients like them, with as much missing, at most a share alpha has
p <= alpha, however modalities depend on each other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.leakage import check_disjoint
from tumorcast.evaluation.reference_tables import checked_table, patients_of, tell_columns, usable_features
from tumorcast.evaluation.shrinkage import shrinkage_of

Array = NDArray[np.float64]

FEWEST_TRAINING, FEWEST_HELD_OUT = 20, 19
"""Patients with a feature, or anything of a modality, measured; of fewer than 19 held out none can be flagged at 5%."""
_MOST_COMPONENTS = 64
_LEAST_NOISE = 1e-3
_MOST_NAMED = 5
_VECTORS = ("features", "centre", "spread", "held_out")


@dataclass(frozen=True)
class ModalityReference:
    """What a modality looks like in training.

    The covariance of standardised features is loadings @ loadings.T + noise on the diagonal: the first 64 components,
    and of more features the mean of the rest.

    Attributes:
        features: [F] names. centre, spread: [F] mean and standard deviation.
        loadings: [F][64 at most]. noise: a variance.
        held_out: [h] normal score of the distance of each held-out patient, the same for all modalities; None where
            the patient lacks this one.
    """

    features: tuple[str, ...]
    centre: tuple[float, ...]
    spread: tuple[float, ...]
    loadings: tuple[tuple[float, ...], ...]
    noise: float
    held_out: tuple[float | None, ...]


@dataclass(frozen=True)
class Reference:
    """Modality -> what it looks like in training."""

    modalities: dict[str, ModalityReference]

    def to_json(self) -> dict[str, Any]:
        """Modality -> its attributes by name."""
        return {name: asdict(modality) for name, modality in self.modalities.items()}

    @classmethod
    def from_json(cls, fields: Mapping[str, Mapping[str, Any]]) -> Reference:
        """The inverse of `to_json`, lists for tuples allowed."""
        made = {}
        for name, own in fields.items():
            features, centre, spread, held_out = (tuple(own[key]) for key in _VECTORS)
            loadings = tuple(tuple(row) for row in own["loadings"])
            made[name] = ModalityReference(features, centre, spread, loadings, own["noise"], held_out)
        return cls(made)


@dataclass(frozen=True)
class OddFeature:
    """A feature of a patient, in standard deviations.

    Attributes:
        z: from the training mean. residual: from what the patient's other features of the modality make expected.
    """

    feature: str
    z: float
    residual: float


@dataclass(frozen=True)
class Judgement:
    """How unlike the training patients one is.

    Attributes:
        p: over all modalities; NaN where none is measured.
        p_by_modality: of those measured.
        oddest: the modality of the least p; "" where none is measured.
        features: its oddest features, by the larger of |z| and |residual|, at most five.
    """

    patient: str
    p: float
    p_by_modality: dict[str, float]
    oddest: str
    features: tuple[OddFeature, ...]


def fit_reference(
    training: Mapping[str, pd.DataFrame], held_out: Mapping[str, pd.DataFrame], report: list[Exclusion]
) -> Reference:
    """Covariances from training patients, p values from held-out ones.

    Modalities with too few patients (`FEWEST_TRAINING`, `FEWEST_HELD_OUT`), and features that do not vary or too few
    training patients have, are left out and reported.

    Args:
        training, held_out: modality -> patient x feature, NaN not measured; one row a patient, no row where the
            modality is not measured. Patients of the two differ.

    Raises:
        InputError: patients twice in a table, infinite values, more than 4096 features, or no modality is left.
        LeakageError: a patient is in both.
    """
    patients = patients_of(held_out)
    check_disjoint(patients_of(training), patients)
    made: dict[str, ModalityReference] = {}
    for name in sorted({*training, *held_out}):
        values = checked_table(training.get(name, pd.DataFrame()), name).dropna(how="all")
        other = checked_table(held_out.get(name, pd.DataFrame()), name)
        is_enough = len(values) >= FEWEST_TRAINING
        usable = usable_features(values, name, FEWEST_TRAINING, report) if is_enough else []
        other = other.reindex(index=patients, columns=usable)
        count = int(other.notna().any(axis=1).sum())
        if usable and count >= FEWEST_HELD_OUT:
            made[name] = _fit_modality(values[usable], other)
            continue
        told = f"{len(values)} training and {count} held-out patients, {len(usable)} features: not judged"
        report.append(Exclusion("modality", name, "too_few_for_distances", told))
    if not made:
        expected = f"{FEWEST_TRAINING} training and {FEWEST_HELD_OUT} held-out patients"
        got = ", ".join(sorted({*training, *held_out})) or "no table"
        raise InputError("no modality can be judged", got=got, expected=expected)
    return Reference(made)


def judge_patients(
    reference: Reference, tables: Mapping[str, pd.DataFrame], report: list[Exclusion]
) -> list[Judgement]:
    """One judgement a patient, sorted by identifier.

    Features that a table lacks count as not measured; these, and modalities and features that training did not have,
    are reported.

    Args:
        tables: modality -> patient x feature, as in `fit_reference`.

    Raises:
        InputError: patients twice in a table, infinite values, or more than 4096 features.
    """
    known, patients = reference.modalities, patients_of(tables)
    for name in sorted(set(tables) - set(known)):
        report.append(Exclusion("modality", name, "not_in_training", "left out"))
    scores, places = np.full((len(patients), len(known)), np.nan), []
    for m, (name, modality) in enumerate(known.items()):
        values = checked_table(tables.get(name, pd.DataFrame()), name)
        if name in tables:
            tell_columns(values, modality.features, name, report)
        aligned = values.reindex(index=patients, columns=list(modality.features)).to_numpy(float)
        scores[:, m], *place = _distances(modality, aligned)
        places.append(place)
    held_out = np.array([modality.held_out for modality in known.values()], float).T
    by_modality, p = _p_values(held_out, scores)
    judged = []
    for i, patient in enumerate(patients):
        own = {name: float(q) for name, q in zip(known, by_modality[i]) if np.isfinite(q)}
        oddest = min(own, key=own.__getitem__, default="")
        features: tuple[OddFeature, ...] = ()
        if oddest:
            z, residual = places[list(known).index(oddest)]
            features = _odd_features(known[oddest].features, z[i], residual[i])
        judged.append(Judgement(patient, float(p[i]), own, oddest, features))
    return judged


def distance_scores(modality: ModalityReference, values: Array) -> Array:
    """[n] normal score of the distance of patients [n, F] from training, features in the reference's order; NaN where
    nothing is measured."""
    return _distances(modality, values)[0]


def _fit_modality(training: pd.DataFrame, held_out: pd.DataFrame) -> ModalityReference:
    """The covariance of two features is of patients with both, the smaller the more lack one of them."""
    values = training.to_numpy(float)
    centre, spread = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    z = np.nan_to_num((values - centre) / spread)
    shrinkage = shrinkage_of(z)
    _, found, vectors = np.linalg.svd(z / np.sqrt(np.isfinite(values).sum(axis=0)), full_matrices=False)
    count, kept = len(centre), min(*z.shape, _MOST_COMPONENTS)
    variances = (1 - shrinkage) * found[:kept] ** 2 + shrinkage
    noise = max(float(count - variances.sum()) / max(count - kept, 1), _LEAST_NOISE)
    loadings = vectors[:kept].T * np.sqrt(np.maximum(variances - noise, 0))
    rows = tuple(tuple(row) for row in loadings.tolist())
    place = tuple(centre.tolist()), tuple(spread.tolist())
    made = ModalityReference(tuple(training.columns), *place, rows, noise, ())
    scores = _distances(made, held_out.to_numpy(float))[0]
    return replace(made, held_out=tuple(None if np.isnan(score) else float(score) for score in scores))


def _distances(modality: ModalityReference, values: Array) -> tuple[Array, Array, Array]:
    """(normal score [n], z [n, F], residual [n, F]); NaN where not measured."""
    z = (values - np.array(modality.centre)) / np.array(modality.spread)
    loadings, noise = np.array(modality.loadings), modality.noise
    residual, scores = np.full_like(z, np.nan), np.full(len(z), np.nan)
    patterns, place = np.unique(np.isfinite(z), axis=0, return_inverse=True)
    for k, known in enumerate(patterns):
        if not known.any():
            continue
        rows, part = np.flatnonzero(place.ravel() == k), loadings[known]
        own = z[np.ix_(rows, known)]
        inner = np.eye(part.shape[1]) + part.T @ part / noise
        share = np.linalg.solve(inner, part.T).T / noise**2
        pull = own / noise - own @ part @ share.T
        precision = 1 / noise - (share * part).sum(axis=1)
        residual[np.ix_(rows, known)] = pull / np.sqrt(precision)
        width = 2 / (9 * known.sum())
        scores[rows] = (np.cbrt((own * pull).mean(axis=1)) - (1 - width)) / np.sqrt(width)
    return scores, z, residual


def _p_values(held_out: Array, scores: Array) -> tuple[Array, Array]:
    """(p [n, M], p over modalities [n]) of scores [n, M] against held-out ones [h, M]; NaN not measured.

    Each patient is ranked among the held-out ones and itself, who are all treated alike.
    """
    held_out = held_out[np.isfinite(held_out).any(axis=1)]
    higher = (held_out[None] >= held_out[:, None]).sum(axis=1).astype(float)
    higher[np.isnan(held_out)] = np.nan
    count = np.isfinite(held_out).sum(axis=0)
    by_modality, p = np.full(scores.shape, np.nan), np.full(len(scores), np.nan)
    for i, own in enumerate(scores):
        has = np.isfinite(own)
        if not has.any():
            continue
        by_modality[i] = np.where(has, (1 + (held_out >= own).sum(axis=0)) / (count + 1), np.nan)
        others = (higher + (own >= held_out)) / (count + has)
        least = _adjusted(by_modality[i][None])[0]
        p[i] = (1 + (_adjusted(others) <= least * (1 + 1e-9)).sum()) / (1 + len(others))
    return by_modality, p


def _adjusted(p: Array) -> Array:
    """[n] least p of [n, M] times how many are measured."""
    return np.asarray(
        np.where(np.isnan(p), np.inf, p).min(axis=1) * np.maximum(np.isfinite(p).sum(axis=1), 1)
    )


def _odd_features(names: tuple[str, ...], z: Array, residual: Array) -> tuple[OddFeature, ...]:
    size = np.nan_to_num(np.maximum(np.abs(z), np.abs(residual)), nan=-1.0)
    order = [f for f in np.argsort(-size, kind="stable")[:_MOST_NAMED] if size[f] >= 0]
    return tuple(OddFeature(names[f], float(z[f]), float(residual[f])) for f in order)
