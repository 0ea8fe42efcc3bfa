"""`open_prepared`: a cohort from its prepared form in a second or two, none of its slides' files touched."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from tumorcast.cohort.bags import TileBag, features_digest
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.prepared.bags import BagIndex, open_bags
from tumorcast.cohort.prepared.manifest import TABLES, Manifest, check_settings, damaged, read_manifest
from tumorcast.cohort.prepared.tables import read_tables
from tumorcast.config.models import RunConfig
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.files import digest
from tumorcast.slides.stored_rows import rows_digest

_LAYER = "layer."
_SMALL = 1 << 20
"""Bytes of the largest table that is compared at every opening."""


@dataclass(frozen=True)
class PreparedCohort:
    """What `data.prepared` names.

    Attributes:
        bags: by course id; their features stay in their files.
        pairs: (layer, course, course) that look like one tumour, of different patients.
    """

    cohort: Cohort
    bags: dict[str, TileBag]
    pairs: tuple[tuple[str, str, str], ...]


def open_prepared(config: RunConfig, folder: Path) -> PreparedCohort:
    """The cohort that `tumorcast prepare` wrote for these settings.

    Raises:
        ConfigError: prepared with other settings, or of a study that has changed.
        InputError: no prepared cohort, or a damaged one.
    """
    manifest = read_manifest(folder)
    check_settings(manifest, config, folder)
    for name in _unlike(manifest, folder, _SMALL):
        raise damaged(folder, f"{name} has another content")
    lists = json.loads((folder / TABLES).read_text(encoding="utf-8"))
    tables = read_tables(folder / "tables", lists["tables"], pd.Index(lists["index"], name="course_id"))
    cohort = _cohort(manifest, tables, [Exclusion(*entry) for entry in lists["report"]])
    bags = open_bags(folder, BagIndex(manifest.shards, manifest.encoder, manifest.width, tables))
    if features_digest(bags) != manifest.features:
        raise damaged(folder, "the digests of its tiles are others")
    return PreparedCohort(cohort, bags, manifest.pairs)


def _unlike(manifest: Manifest, folder: Path, most_bytes: float) -> Iterator[str]:
    """Files up to a size whose sha256 is another; `tables.json` first, of any size."""
    if digest(folder / TABLES) != manifest.tables_sha256:
        yield TABLES
    for name, sha256 in manifest.sha256.items():
        if manifest.files[name] <= most_bytes and digest(folder / name) != sha256:
            yield name


def damaged_files(folder: Path) -> list[str]:
    """Tables and corners that are no longer what was written; all are read."""
    return list(_unlike(read_manifest(folder), folder, math.inf))


def damaged_bags(folder: Path) -> list[str]:
    """Courses whose tiles are no longer what was written; every tile is read, tables are believed."""
    manifest = read_manifest(folder)
    lists: dict[str, Any] = json.loads((folder / TABLES).read_text(encoding="utf-8"))
    tables = read_tables(folder / "tables", lists["tables"], pd.Index(lists["index"]))
    bags = open_bags(folder, BagIndex(manifest.shards, manifest.encoder, manifest.width, tables))
    known = dict(zip(tables["bag_facts"]["course_id"], tables["bag_facts"]["digest"], strict=True))
    return [cid for cid, bag in bags.items() if rows_digest(bag.features[:]) != known[cid]]


def _cohort(manifest: Manifest, tables: dict[str, pd.DataFrame], report: list[Exclusion]) -> Cohort:
    return Cohort(
        study_id=manifest.study_id,
        origin=manifest.origin,
        courses=tables["courses"],
        clinical=tables["clinical"],
        layers={
            name.removeprefix(_LAYER): table for name, table in tables.items() if name.startswith(_LAYER)
        },
        variants=tables["variants"],
        tmb=tables["burden"]["tmb"],
        n_nonsynonymous=tables["burden"]["n_nonsynonymous"],
        slides=tables["slides"],
        is_present=tables["is_present"],
        people=tables["people"],
        survival=manifest.survival,
        report=report,
        digest=manifest.digest,
    )
