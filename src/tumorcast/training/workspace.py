"""What a run works on: the cohort, its bags of tiles, prior knowledge, and the run's folder."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorcast import __version__
from tumorcast.biology.genes import GeneTable
from tumorcast.biology.network import GeneNetwork, read_network
from tumorcast.biology.pathways import embedded_expression_sets, read_gmt
from tumorcast.cohort.assemble import assemble, check_labels
from tumorcast.cohort.bags import TileBag, features_digest, load_bags
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.prepared.opening import open_prepared
from tumorcast.config.models import BiologyConfig, RunConfig
from tumorcast.domain.errors import ConfigError
from tumorcast.evaluation.leakage import Pair, near_duplicates, same_marks, same_variants
from tumorcast.readers.cbioportal import read_study
from tumorcast.slides.stored_rows import rows_digest
from tumorcast.training.files import write_text

_NOT_THE_RUN = "config.tracking"
"""How a run is logged is no part of what it is."""
_MACHINES = {"accelerator", "devices", "num_nodes", "strategy", "workers", "threads", "checkpoint_minutes"}
"""Settings that say on what a run is computed: it may go on elsewhere."""


@dataclass(frozen=True)
class Workspace:
    """A run's inputs and its folder.

    Attributes:
        pairs: of `duplicates`, where they are known from the preparation.
    """

    config: RunConfig
    cohort: Cohort
    bags: dict[str, TileBag]
    network: GeneNetwork
    gene_sets: dict[str, tuple[str, ...]]
    folder: Path
    pairs: tuple[Pair, ...] | None = None

    @property
    def is_simulated(self) -> bool:
        return self.cohort.origin == "simulated"


def open_workspace(config: RunConfig, choice: Mapping[str, Any] | None = None) -> Workspace:
    """Read and assemble everything, or open it prepared; claim (or go on with) the run's folder.

    Args:
        choice: how settings are chosen, where not by the configuration alone: part of what the run is.

    Raises:
        ConfigError: the folder holds a run with other settings or other data, or the prepared cohort is of others.
        InputError: a head with too few labels (`assemble.check_labels`).
    """
    known = config.biology.gene_table
    genes = GeneTable.from_hgnc(known) if known else None
    pairs = None
    if config.data.prepared is not None:
        opened = open_prepared(config, config.data.prepared)
        cohort, bags, pairs = opened.cohort, opened.bags, opened.pairs
    else:
        cohort, bags = _read(config, genes)
    check_labels(cohort, config.model.heads, config.model.fewest_labelled)
    network, gene_sets = prior_knowledge(config.biology, genes)
    folder = config.runs / config.name
    identity = {
        "config": config.model_dump(mode="json", exclude={"training": _MACHINES}),
        "data": cohort.digest,
        "features": features_digest(bags),
        "biology": hashlib.sha256(repr((network.genes, network.source, gene_sets)).encode()).hexdigest(),
        "tumorcast": __version__,
    }
    _claim(folder, identity | ({"choice": dict(choice)} if choice else {}))
    return Workspace(config, cohort, bags, network, gene_sets, folder, pairs)


def _read(config: RunConfig, genes: GeneTable | None) -> tuple[Cohort, dict[str, TileBag]]:
    cohort = assemble(read_study(config.data.study, genes), config.data, config.model.heads)
    bags: dict[str, TileBag] = {}
    if "slide" in config.data.modalities:
        bags, cohort = load_bags(cohort, progress=True)
        bags = {course_id: replace(bag, digests=tuple(_slide_marks(bag))) for course_id, bag in bags.items()}
    return cohort, bags


def measured(work: Workspace) -> dict[str, pd.DataFrame]:
    """Layer -> course x feature of all that was measured; of slides the mean features of their tiles."""
    return _measured(work.cohort, work.bags)


def _measured(cohort: Cohort, bags: dict[str, TileBag]) -> dict[str, pd.DataFrame]:
    tables = {name: table for name, table in cohort.layers.items() if name in cohort.modalities}
    if bags:
        tables["slide"] = pd.DataFrame(
            np.stack([bag.features.mean(axis=0) for bag in bags.values()]), list(bags)
        )
    return tables


def duplicates(work: Workspace) -> list[Pair]:
    """(layer, course, course) of different patients whose measurements, variants or slides are the same."""
    return find_duplicates(work.cohort, work.bags) if work.pairs is None else list(work.pairs)


def find_duplicates(cohort: Cohort, bags: dict[str, TileBag]) -> list[Pair]:
    """The same of a cohort; `duplicates` does it once a run, or takes it from the preparation."""
    patients = cohort.courses["patient_id"]
    marks = [(course_id, "slide", mark) for course_id, bag in bags.items() for mark in _slide_marks(bag)]
    return [
        *near_duplicates(_measured(cohort, bags), patients),
        *same_variants(cohort.variants, patients),
        *same_marks(pd.DataFrame(marks, columns=["course_id", "layer", "mark"]), patients),
    ]


def _slide_marks(bag: TileBag) -> Sequence[str]:
    """Digest of the tiles of each slide."""
    if bag.digests:
        return bag.digests
    slides = pd.Series(bag.slide_ids).groupby(list(bag.slide_ids)).indices.values()
    return [rows_digest(np.asarray(bag.features)[rows]) for rows in slides]


def prior_knowledge(
    biology: BiologyConfig, genes: GeneTable | None = None
) -> tuple[GeneNetwork, dict[str, tuple[str, ...]]]:
    """The gene network and the expression gene sets: embedded, or from the user's files."""
    network = read_network(biology.network, genes) if biology.network else GeneNetwork.embedded()
    sets = read_gmt(biology.pathways) if biology.pathways else embedded_expression_sets()
    return network, sets


def _claim(folder: Path, identity: dict[str, Any]) -> None:
    path = folder / "run.json"
    if path.is_file():
        before = json.loads(path.read_text(encoding="utf-8"))
        changed = sorted(key for key in _differences(before, identity) if not key.startswith(_NOT_THE_RUN))
        if changed:
            raise ConfigError(
                f"{folder} holds another run",
                got=f"differs in {', '.join(changed[:6])}",
                expected="the same settings and data, so that the run can go on where it stopped",
                fix="give this run a name of its own (name=...) or remove the folder",
            )
        return
    folder.mkdir(parents=True, exist_ok=True)
    write_text(path, json.dumps(identity, indent=1))


def _differences(before: Any, now: Any, prefix: str = "") -> set[str]:
    if isinstance(before, dict) and isinstance(now, dict):
        keys = before.keys() | now.keys()
        parts = (_differences(before.get(k), now.get(k), f"{prefix}.{k}" if prefix else k) for k in keys)
        return set().union(*parts)
    return set() if before == now else {prefix}
