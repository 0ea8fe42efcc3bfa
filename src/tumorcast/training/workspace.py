"""What a run works on: the cohort, its bags of tiles, prior knowledge, and the run's folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorcast import __version__
from tumorcast.biology.genes import GeneTable
from tumorcast.biology.network import GeneNetwork, read_network
from tumorcast.biology.pathways import embedded_expression_sets, read_gmt
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import TileBag, load_bags
from tumorcast.cohort.cohort import Cohort
from tumorcast.config.models import BiologyConfig, RunConfig
from tumorcast.domain.errors import ConfigError
from tumorcast.evaluation.leakage import near_duplicates, same_marks, same_variants
from tumorcast.readers.cbioportal import read_study
from tumorcast.training.files import write_text


@dataclass(frozen=True)
class Workspace:
    """A run's inputs and its folder."""

    config: RunConfig
    cohort: Cohort
    bags: dict[str, TileBag]
    network: GeneNetwork
    gene_sets: dict[str, tuple[str, ...]]
    folder: Path

    @property
    def is_simulated(self) -> bool:
        return self.cohort.origin == "simulated"


def open_workspace(config: RunConfig) -> Workspace:
    """Read and assemble everything; claim (or go on with) the run's folder.

    Raises:
        ConfigError: the folder holds a run with other settings or other data.
    """
    known = config.biology.gene_table
    genes = GeneTable.from_hgnc(known) if known else None
    cohort = assemble(read_study(config.data.study, genes), config.data, config.model.heads)
    bags: dict[str, TileBag] = {}
    if "slide" in config.data.modalities:
        bags, cohort = load_bags(cohort, progress=True)
    network, gene_sets = prior_knowledge(config.biology, genes)
    folder = config.runs / config.name
    identity = {
        "config": config.model_dump(mode="json"),
        "data": cohort.digest,
        "biology": hashlib.sha256(repr((network.genes, network.source, gene_sets)).encode()).hexdigest(),
        "tumorcast": __version__,
    }
    _claim(folder, identity)
    return Workspace(config, cohort, bags, network, gene_sets, folder)


def measured(work: Workspace) -> dict[str, pd.DataFrame]:
    """Layer -> course x feature of all that was measured; of slides the mean features of their tiles."""
    tables = {name: table for name, table in work.cohort.layers.items() if name in work.cohort.modalities}
    if work.bags:
        tables["slide"] = pd.DataFrame({cid: bag.features.mean(axis=0) for cid, bag in work.bags.items()}).T
    return tables


def duplicates(work: Workspace) -> list[tuple[str, str, str]]:
    """(layer, course, course) of different patients whose measurements, variants or slides are the same."""
    patients = work.cohort.courses["patient_id"]
    marks = [
        (course_id, "slide", hashlib.sha256(np.asarray(bag.features)[rows].tobytes()).hexdigest())
        for course_id, bag in work.bags.items()
        for rows in pd.Series(bag.slide_ids).groupby(list(bag.slide_ids)).indices.values()
    ]
    return [
        *near_duplicates(measured(work), patients),
        *same_variants(work.cohort.variants, patients),
        *same_marks(pd.DataFrame(marks, columns=["course_id", "layer", "mark"]), patients),
    ]


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
        if before != identity:
            changed = sorted(_differences(before, identity))
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
