"""Expression, log2(TPM + 1): pathway factors, the planted programme, correlated noise and site batches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.network import GeneNetwork
from tumorcast.biology.pathways import embedded_expression_sets
from tumorcast.cohort.simulate.gene_pool import tail_genes
from tumorcast.cohort.simulate.patients import F64, SITES, Patients
from tumorcast.cohort.simulate.planted import PROGRAMME_GENES
from tumorcast.cohort.simulate.samples import SimulatedSample
from tumorcast.cohort.simulate.settings import world

_FEWEST_GENES = 800
_PROGRAMME_LOADING, _SET_LOADING, _NEIGHBOUR_SHARE = 0.90, 0.75, 0.80
_HIDDEN_FACTORS, _HIDDEN_LOADING = 6, 0.15
_BATCH_SD = 0.25
_NO_SET = -1


def expression_genes() -> tuple[str, ...]:
    """Measured genes: the programme, the embedded sets, the network, and others up to 800; sorted."""
    sets = embedded_expression_sets()
    known = {*PROGRAMME_GENES, *(g for genes in sets.values() for g in genes), *GeneNetwork.embedded().genes}
    further = [gene for gene in tail_genes() if gene not in known]
    return tuple(sorted([*known, *further[: max(0, _FEWEST_GENES - len(known))]]))


def draw_expression(
    random: np.random.Generator, patients: Patients, samples: Sequence[SimulatedSample]
) -> pd.DataFrame:
    """sample x gene for the samples in which expression was measured.

    A sample taken on treatment has an immune programme of its own, unrelated to the one before.
    """
    genes = expression_genes()
    kept = [sample for sample in samples if "expression" in sample.layers]
    owner = np.array([sample.patient for sample in kept], np.int64)
    is_late = np.array([sample.role == "on_treatment" for sample in kept], bool)
    fresh = random.standard_normal(len(kept)) + 0.5
    programme = np.where(is_late, fresh, patients.programme[owner])
    level = _structured(random, genes, programme, owner, len(patients))
    values = _natural_scale(level, genes) + _site_batch(genes)[patients.site[owner]]
    table = np.maximum(values, 0).round(4).astype(np.float32)
    return pd.DataFrame(table, index=[s.sample_id for s in kept], columns=list(genes)).rename_axis(
        "sample_id"
    )


def _structured(
    random: np.random.Generator, genes: Sequence[str], programme: F64, owner: NDArray[np.int64], n: int
) -> F64:
    """Standardised levels: each gene's factor (of the patient), hidden common factors, and its own noise."""
    set_of, names = _set_of(genes)
    neighbours = _neighbours_of_programme(names)
    factors = random.standard_normal((n, len(names)))[owner]
    mixed = _NEIGHBOUR_SHARE * programme[:, None] + np.sqrt(1 - _NEIGHBOUR_SHARE**2) * factors
    factors = np.where(neighbours, mixed, factors)
    is_programme = np.isin(genes, PROGRAMME_GENES)
    loading = np.where(set_of == _NO_SET, 0.0, _SET_LOADING)
    loading = np.where(is_programme, _PROGRAMME_LOADING, loading)
    own_factor = np.where(is_programme, programme[:, None], factors[:, set_of])
    hidden_loading = world("hidden expression factors").normal(
        0, _HIDDEN_LOADING, (_HIDDEN_FACTORS, len(genes))
    )
    hidden = random.standard_normal((len(owner), _HIDDEN_FACTORS)) @ hidden_loading
    noise = random.standard_normal((len(owner), len(genes)))
    return loading * own_factor + np.sqrt(1 - loading**2) * 0.9 * (noise + hidden)


def _set_of(genes: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """[G] index of the first set that holds the gene (-1 none), and the names of the sets."""
    sets = embedded_expression_sets()
    place: dict[str, int] = {}
    for i, members in enumerate(sets.values()):
        for gene in members:
            place.setdefault(gene, i)
    return np.array([place.get(gene, _NO_SET) for gene in genes], np.int64), list(sets)


def _neighbours_of_programme(names: Sequence[str]) -> NDArray[np.bool_]:
    """Sets that share a gene with the programme follow it: the immune axis of tumour transcriptomes."""
    sets = embedded_expression_sets()
    return np.array([not set(PROGRAMME_GENES).isdisjoint(sets[name]) for name in names])


def _natural_scale(level: F64, genes: Sequence[str]) -> F64:
    """Give every gene its usual mean and spread."""
    means = [np.clip(world("expression mean", *gene.encode()).normal(4.8, 1.6), 1.5, 10.5) for gene in genes]
    spreads = [world("expression spread", *gene.encode()).uniform(0.6, 1.2) for gene in genes]
    return np.array(means) + level * np.array(spreads)


def _site_batch(genes: Sequence[str]) -> F64:
    """[sites, G] shift of each gene at each site."""
    return world("expression batch").normal(0, _BATCH_SD, (len(SITES), len(genes)))
