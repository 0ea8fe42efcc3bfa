"""`Preprocessor`: fitted on the training fold, turns a course into arrays, travels in the bundle."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.arrays import F32, I64, Bool, CourseArrays, DrugArrays, PatientGraph
from tumorcast.cohort.bags import TileBag, tile_sample
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.drug_vocabulary import DrugVocabulary
from tumorcast.cohort.graph_vocabulary import NO_GENES, GraphVocabulary, build_vocabulary, frequent_genes
from tumorcast.cohort.graphs import altered_genes, empty_graph, patient_graphs
from tumorcast.cohort.host import to_learn
from tumorcast.cohort.scaling import ClinicalScaler, LayerScaler, TreatmentVocabulary
from tumorcast.config.models import DataConfig, GraphConfig
from tumorcast.slides.stored_rows import rows_digest

_TILES_FOR_STATISTICS, _TILES_OF_ALL = 256, 400_000
"""Of a course, and of all courses together."""


@dataclass(frozen=True)
class TileStatistics:
    """Mean and standard deviation [dim] of the training fold's tile features; encoder id ("" unknown)."""

    encoder: str
    mean: F32
    scale: F32


@dataclass(frozen=True)
class Preprocessor:
    """Everything fitted on training courses that turns (Cohort, course) into CourseArrays.

    Attributes:
        modalities: order of `is_present`.
        tiles: None where no training course had a slide.
        graph: gene vocabulary of the mutation graph; None without the modality `mutations`.
        layers: scaler per numeric layer among the modalities (expression, clinical and others).
        gene_sets: expression gene sets over the kept expression genes.
        treatment: agents and classes seen in training.
        drugs: what a drug is in numbers, seen or not.
    """

    modalities: tuple[str, ...]
    tiles: TileStatistics | None
    graph: GraphVocabulary | None
    layers: dict[str, LayerScaler | ClinicalScaler]
    gene_sets: dict[str, tuple[str, ...]]
    treatment: TreatmentVocabulary
    drugs: DrugVocabulary

    @property
    def tile_dim(self) -> int:
        return 0 if self.tiles is None else len(self.tiles.mean)

    @property
    def layer_names(self) -> tuple[str, ...]:
        """Numeric layers in the order of the modalities."""
        return tuple(name for name in self.modalities if name in self.layers)

    def narrowed(self, modalities: tuple[str, ...]) -> Preprocessor:
        """The same, for these modalities alone."""
        return replace(
            self,
            modalities=modalities,
            tiles=self.tiles if "slide" in modalities else None,
            graph=self.graph if "mutations" in modalities else None,
            layers={name: scaler for name, scaler in self.layers.items() if name in modalities},
            gene_sets=self.gene_sets if "expression" in modalities else {},
        )

    def arrays(self, cohort: Cohort, course_id: str, bag: TileBag | None) -> CourseArrays:
        """What the network sees of one course. Absent modalities are empty or zero, and masked."""
        return self.all_arrays(cohort, [course_id], {} if bag is None else {course_id: bag})[0]

    def all_arrays(
        self, cohort: Cohort, course_ids: Sequence[str], bags: Mapping[str, TileBag]
    ) -> list[CourseArrays]:
        """The same of many courses, in the order of their ids."""
        rows = cohort.rows(course_ids)
        present, layers = self._present(cohort, rows, course_ids, bags), {}
        for name in self.layer_names:
            table = cohort.clinical if name == "clinical" else cohort.layers.get(name)
            known = pd.DataFrame(index=cohort.courses.index) if table is None else table
            layers[name] = self.layers[name].transform_rows(known, rows)
            present[name] &= layers[name][1].any(axis=1)
        graphs = self._graphs(cohort, rows, present.get("mutations"))
        burden = self._burden(cohort, rows, present.get("mutations"))
        treatment = self.treatment.transform_rows(cohort.courses, rows)
        drugs = self._drugs(cohort, rows, graphs, present.get("mutations"))
        patients = cohort.courses["patient_id"].iloc[rows].astype(str).tolist()
        is_present = np.stack([present[name] for name in self.modalities], axis=1)
        no_tiles = np.zeros((0, self.tile_dim), np.float32)
        has_slide = present.get("slide", np.zeros(len(rows), bool)).tolist()
        return [
            CourseArrays(
                course_id=course_id,
                patient_id=patients[i],
                tiles=bags[course_id].features if has_slide[i] else no_tiles,
                graph=graphs[i],
                burden=burden[i],
                layers={name: values[i] for name, (values, _) in layers.items()},
                is_measured={name: mask[i] for name, (_, mask) in layers.items()},
                treatment=treatment[i],
                drugs=drugs[i],
                is_present=is_present[i],
            )
            for i, course_id in enumerate(course_ids)
        ]

    def _present(
        self, cohort: Cohort, rows: I64, course_ids: Sequence[str], bags: Mapping[str, TileBag]
    ) -> dict[str, Bool]:
        """Modality -> [n] whether the cohort has it, and for slides a bag."""
        has = cohort.is_present
        present = {
            name: has[name].to_numpy(bool)[rows] if name in has else np.zeros(len(rows), bool)
            for name in self.modalities
        }
        if "slide" in present:
            with_bag = [self.tiles is not None and course_id in bags for course_id in course_ids]
            present["slide"] = present["slide"] & np.array(with_bag, bool)
        return present

    def _graphs(self, cohort: Cohort, rows: I64, is_present: Bool | None) -> list[PatientGraph]:
        empty = empty_graph(self.graph or NO_GENES)
        if self.graph is None or is_present is None:
            return [empty] * len(rows)
        graphs = [empty] * len(rows)
        own = np.flatnonzero(is_present)
        for i, graph in zip(own.tolist(), patient_graphs(self.graph, cohort, rows[own]), strict=True):
            graphs[i] = graph
        return graphs

    def _drugs(
        self, cohort: Cohort, rows: I64, graphs: Sequence[PatientGraph], is_sequenced: Bool | None
    ) -> list[DrugArrays]:
        texts = cohort.courses["drugs"].iloc[rows].tolist()
        if self.graph is None or is_sequenced is None:
            return [self.drugs.arrays(own, None) for own in texts]
        return [
            self.drugs.arrays(own, altered_genes(self.graph, graph) if is_known else None)
            for own, graph, is_known in zip(texts, graphs, is_sequenced.tolist(), strict=True)
        ]

    def _burden(self, cohort: Cohort, rows: I64, is_present: Bool | None) -> F32:
        burden = np.zeros((len(rows), 3), np.float32)
        if self.graph is not None and is_present is not None:
            own = rows[is_present]
            tmb = cohort.tmb.to_numpy(np.float64)[own]
            is_known = np.isfinite(tmb)
            burden[is_present, 0] = np.log1p(cohort.n_nonsynonymous.to_numpy(np.float64)[own])
            burden[is_present, 1] = np.log1p(np.where(is_known, tmb, 0))
            burden[is_present, 2] = is_known
        return burden


def fit_preprocessor(
    cohort: Cohort,
    training: Sequence[str],
    bags: dict[str, TileBag],
    network: GeneNetwork,
    gene_sets: dict[str, tuple[str, ...]],
    data: DataConfig,
) -> Preprocessor:
    """Fit on the courses `training` alone; nothing of the other courses is looked at."""
    fold = cohort.keep(list(training))
    layers: dict[str, LayerScaler | ClinicalScaler] = {}
    sets: dict[str, tuple[str, ...]] = {}
    for name in cohort.modalities:
        if name == "clinical":
            layers[name] = ClinicalScaler.fit(fold.clinical)
        elif name == "expression" and name in fold.layers:
            genes = _expression_genes(fold.layers[name], gene_sets, data.max_expression_genes)
            layers[name] = LayerScaler.fit(fold.layers[name], genes)
            sets = {
                k: kept
                for k, v in gene_sets.items()
                if len(kept := tuple(g for g in v if g in set(genes))) >= 2
            }
        elif name in fold.layers:
            features = _varying(fold.layers[name], data.max_layer_features)
            layers[name] = LayerScaler.fit(fold.layers[name], to_learn(name, features))
    return Preprocessor(
        modalities=cohort.modalities,
        tiles=_tile_statistics({k: bags[k] for k in training if k in bags})
        if "slide" in cohort.modalities
        else None,
        graph=_vocabulary(fold, network, data.graph) if "mutations" in cohort.modalities else None,
        layers=layers,
        gene_sets=sets,
        treatment=TreatmentVocabulary.fit(fold.courses),
        drugs=DrugVocabulary.fit(fold.courses, network),
    )


def _vocabulary(fold: Cohort, network: GeneNetwork, settings: GraphConfig) -> GraphVocabulary:
    """Genes, edges, and the training fold's mean and spread of what is measured of those genes."""
    extra = frequent_genes(fold.variants, len(fold.courses))
    genes = {*network.genes, *extra}
    scalers = {}
    for name in settings.layers:
        table = fold.layers.get(name, pd.DataFrame(index=fold.courses.index))
        scalers[name] = LayerScaler.fit(table, [str(c) for c in table.columns if c in genes])
    return build_vocabulary(network, extra, settings, scalers)


def _varying(table: pd.DataFrame, most: int) -> list[str]:
    """Features with two values or more; where there are more than `most`, the most variable."""
    kept = table.columns[table.nunique() >= 2]
    if len(kept) > most:
        variance = table[kept].var().sort_values(ascending=False, kind="stable")
        kept = kept[kept.isin(variance.index[:most])]
    return [str(column) for column in kept]


def _expression_genes(table: pd.DataFrame, gene_sets: dict[str, tuple[str, ...]], most: int) -> list[str]:
    """Genes of the sets first, then the most variable ones, at most `most`; at least half measured."""
    usable = table.columns[
        (table.notna().mean() >= 0.5 * table.notna().any(axis=1).mean()) & (table.var() > 1e-8)
    ]
    in_sets = {gene for genes in gene_sets.values() for gene in genes}
    variance = table[usable].var().sort_values(ascending=False, kind="stable")
    ranked = [g for g in variance.index if g in in_sets] + [g for g in variance.index if g not in in_sets]
    return sorted(str(gene) for gene in ranked[:most])


def _tile_statistics(bags: dict[str, TileBag]) -> TileStatistics | None:
    if not bags:
        return None
    of_course = min(_TILES_FOR_STATISTICS, max(1, _TILES_OF_ALL // len(bags)))
    first = next(iter(bags.values()))
    count, near = 0, np.asarray(first.features[:1], np.float64)[0]
    total, squares = np.zeros_like(near), np.zeros_like(near)
    for tiles in tile_sample(bags, of_course, seed=0):
        apart = tiles.astype(np.float64) - near
        count += len(apart)
        total += apart.sum(axis=0)
        squares += np.square(apart).sum(axis=0)
    mean = total / count
    scale = np.sqrt(np.maximum(squares / count - mean**2, 0))
    return TileStatistics(
        first.encoder, (mean + near).astype(np.float32), np.where(scale > 1e-8, scale, 1).astype(np.float32)
    )


def fingerprint(arrays: Sequence[CourseArrays]) -> str:
    """sha256 over the arrays of courses: the feature hash of a run."""
    digest = hashlib.sha256()
    for course in arrays:
        digest.update(course.course_id.encode())
        digest.update(rows_digest(course.tiles).encode())
        graph, drugs = course.graph, course.drugs
        parts = (
            graph.node_gene,
            graph.node_features,
            course.treatment,
            drugs.agent,
            drugs.features,
            drugs.reach,
        )
        for part in parts:
            digest.update(np.ascontiguousarray(part).tobytes())
        for values in course.layers.values():
            digest.update(values.tobytes())
    return digest.hexdigest()
