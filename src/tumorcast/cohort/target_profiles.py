"""What a drug's targets reach in the gene network, so that drugs with targets near each other look alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from tumorcast.biology.drugs import agent_targets
from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.arrays import F32, I64

if TYPE_CHECKING:
    from scipy import sparse

_RESTART, _STEPS, _LEAST = 0.5, 30, 1e-3


@dataclass(frozen=True)
class TargetProfiles:
    """Genes (G) against what a random walk from them reaches (K columns).

    Attributes:
        genes: [G] the network's genes and every target of the package's agents.
        targets, pathways: names of the columns, targets first.
        values: [G, K], 0..1. Of a target: the chance that a walk from the gene, which ends with probability 1/2 at
            each step, comes by it (1 for the target itself). Of a pathway: the share of the walk within it.
    """

    genes: tuple[str, ...]
    targets: tuple[str, ...]
    pathways: tuple[str, ...]
    values: F32

    @cached_property
    def _row(self) -> dict[str, int]:
        return {gene: row for row, gene in enumerate(self.genes)}

    @cached_property
    def _column(self) -> dict[str, int]:
        return {gene: column for column, gene in enumerate(self.targets)}

    def knows(self, genes: Iterable[str]) -> bool:
        """Whether any of the genes has a profile."""
        return any(gene in self._row for gene in genes)

    def of(self, genes: Iterable[str]) -> F32:
        """[K] the highest of the genes' values; zero where none has a profile."""
        rows = [self._row[gene] for gene in genes if gene in self._row]
        if not rows:
            return np.zeros(self.values.shape[1], np.float32)
        highest: F32 = self.values[rows].max(axis=0)
        return highest

    def nearness(self, targets: Sequence[str], genes: Sequence[str]) -> float | None:
        """0..1, how near the nearest of `genes` is to a target (1: is one); None where no target is a column."""
        columns = [self._column[gene] for gene in targets if gene in self._column]
        if not columns:
            return None
        rows = [self._row[gene] for gene in genes if gene in self._row]
        return float(self.values[np.ix_(rows, columns)].max(initial=0.0))


def fit_target_profiles(network: GeneNetwork) -> TargetProfiles:
    """The profiles of a network; edges are walked both ways, in proportion to their weight.

    A random walk with restart (Koehler et al. 2008, Am J Hum Genet 82:949). The chance to come by a gene is the walk's
    time at it over that of a walk that starts there. Values below 0.001 count as zero.
    """
    targets = agent_targets()
    genes = tuple(dict.fromkeys([*network.genes, *targets]))
    row = {gene: i for i, gene in enumerate(genes)}
    pathways = tuple(sorted(network.pathways))
    start = np.zeros((len(genes), len(targets) + len(pathways)), np.float64)
    own = np.array([row[gene] for gene in targets], np.int64)
    start[own, np.arange(len(targets))] = 1
    for column, name in enumerate(pathways, start=len(targets)):
        start[[row[gene] for gene in network.pathways[name]], column] = 1
    step = _steps(network, len(genes))
    reached = start
    for _ in range(_STEPS):
        reached = _RESTART * start + (1 - _RESTART) * (step @ reached)
    reached[:, : len(targets)] /= reached[own, np.arange(len(targets))]
    kept = np.where(reached >= _LEAST, np.minimum(reached, 1), 0).astype(np.float16)
    return TargetProfiles(genes, targets, pathways, kept.astype(np.float32))


def _steps(network: GeneNetwork, count: int) -> sparse.csr_array:
    """[G, G] chance to step from a gene (row) to another; the genes of the network come first."""
    from scipy import sparse

    ends: I64 = np.concatenate([network.edge_index, network.edge_index[::-1]], axis=1)
    weights = sparse.coo_array((np.tile(network.edge_weight, 2), (ends[0], ends[1])), (count, count)).tocsr()
    total = np.asarray(weights.sum(axis=1)).ravel()
    return sparse.diags_array(1 / np.where(total > 0, total, 1)) @ weights
