"""`prepare`: a study and its bags, read and checked once, become a prepared cohort."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from pathlib import Path
from threading import Thread

import pandas as pd

from tumorcast import __version__
from tumorcast.biology.genes import GeneTable
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.bags import TileBag, features_digest, mask_lost
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.prepared.bags import BagIndex, index_bags, open_bags
from tumorcast.cohort.prepared.manifest import (
    FORMAT,
    LEFT_OUT,
    MANIFEST,
    TABLES,
    Manifest,
    check_settings,
    files_of,
    look_at,
    read_manifest,
    settings_of,
    write_manifest,
)  # fmt: skip
from tumorcast.cohort.prepared.shards import Shard, plan_shards, write_shards
from tumorcast.cohort.prepared.survey import fitting, survey
from tumorcast.cohort.prepared.tables import check_tables, write_tables
from tumorcast.config.models import RunConfig
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.files import digest, write_text
from tumorcast.slides.leases import Leases
from tumorcast.slides.tuned_on import keep_record, record_of

Pairs = list[tuple[str, str, str]]
FindPairs = Callable[[Cohort, dict[str, TileBag]], Pairs]


_LOST = ("not_encoded", "unreadable", "unusable_features")


@dataclass(frozen=True)
class Preparation:
    """How to prepare.

    Attributes:
        shard_bytes: most bytes of one file of tiles.
        workers: processes that read slides.
        find_pairs: courses of different patients that look like one tumour.
        progress: show progress on stderr.
        most_lost: largest share of slides without readable features; more are no damage of single files.
    """

    find_pairs: FindPairs
    shard_bytes: int = 4 << 30
    workers: int = 1
    progress: bool = False
    most_lost: float = 0.2


def prepare(config: RunConfig, folder: Path, how: Preparation) -> Manifest:
    """Read, check and write everything; what an interrupted call has finished is kept, a finished folder is left.

    Raises:
        ConfigError: the folder holds a cohort of other settings or data.
        InputError: the study cannot be read or changes meanwhile, too many slides cannot be read, the disk is too small
            or fails, or another process prepares this folder.
        LeakageError: the tile encoder was fine-tuned and nothing tells on whom.
    """
    work = folder / "work"
    if (folder / MANIFEST).is_file():
        return _finished(config, folder, work)
    work.mkdir(parents=True, exist_ok=True)
    with Leases(work / "leases") as leases, _pool(how.workers) as pool:
        if not leases.claim("prepare"):
            raise InputError(f"another process prepares {folder}", fix="wait for it, or name another folder")
        if (folder / MANIFEST).is_file():
            return _finished(config, folder, work)
        try:
            manifest = _prepare(config, folder, work, how, pool)
        except OSError as error:
            fix = "make room or mend the file system, then run the same command: what is whole is kept"
            raise InputError(f"{folder} cannot be prepared", got=error, fix=fix) from error
    shutil.rmtree(work, ignore_errors=True)
    return manifest


def _finished(config: RunConfig, folder: Path, work: Path) -> Manifest:
    manifest = read_manifest(folder)
    check_settings(manifest, config, folder)
    shutil.rmtree(work, ignore_errors=True)
    return manifest


def _prepare(config: RunConfig, folder: Path, work: Path, how: Preparation, pool: Executor) -> Manifest:
    genes = GeneTable.from_hgnc(config.biology.gene_table) if config.biology.gene_table else None
    before = look_at(config.data.study)
    study = read_study(config.data.study, genes)
    cohort = assemble(study, config.data, config.model.heads)
    check_tables(_tables_of(cohort))
    index, notes = BagIndex.empty(), list[Exclusion]()
    if "slide" in config.data.modalities:
        _need_most(Counter(e.reason for e in cohort.report if e.kind == "slide"), len(study.slides), how)
        index, notes = _write_bags(cohort, folder, work, how, pool)
    bags = open_bags(folder, index)
    cohort = mask_lost(cohort, bags, notes)
    pairs = how.find_pairs(cohort, bags)
    described = write_tables(folder / "tables", {**_tables_of(cohort), **index.tables}, cohort.courses.index)
    told = [[e.kind, e.id, e.reason, e.detail] for e in cohort.report]
    lists = {
        "index": [str(course_id) for course_id in cohort.courses.index],
        "report": told,
        "tables": described,
    }
    write_text(folder / TABLES, json.dumps(lists))
    left_out = pd.DataFrame(told, columns=["kind", "id", "reason", "detail"])
    write_text(folder / LEFT_OUT, left_out.to_csv(index=False))
    files = [TABLES, *(f"tables/{f}" for entry in described.values() for f in entry["files"].values())]
    files += [f"{name}{suffix}" for name in index.shards for suffix in (".npy", ".coords.npy")]
    manifest = Manifest(
        format=FORMAT, tumorcast=__version__, settings=settings_of(config), study=files_of(study, before),
        study_id=cohort.study_id, origin=cohort.origin, digest=cohort.digest, survival=cohort.survival,
        courses=len(cohort.courses),
        tiles=int(index.tables["bag_slides"]["count"].sum()), encoder=index.encoder, width=index.width,
        features=features_digest(bags),
        shards=index.shards, files={name: (folder / name).stat().st_size for name in files},
        sha256={name: digest(folder / name) for name in files if name.startswith("tables/") or ".coords." in name},
        tables_sha256=digest(folder / TABLES),
        left_out=dict(Counter(f"{e.kind}: {e.reason}" for e in cohort.report).most_common()), pairs=tuple(pairs),
    )  # fmt: skip
    _remove_others(folder, {*files, MANIFEST})
    write_manifest(folder, manifest)
    return manifest


def _carry_record(encoder: str, cohort: Cohort, folder: Path) -> None:
    """Whom a fine-tuned encoder has seen goes with its features; LeakageError where nothing tells."""
    beside = sorted({Path(path).parent for path in cohort.slides["feature_path"]})
    record = record_of(encoder, [folder, *beside])
    if record is not None:
        keep_record(record, folder)


def _write_bags(
    cohort: Cohort, folder: Path, work: Path, how: Preparation, pool: Executor
) -> tuple[BagIndex, list[Exclusion]]:
    heads = survey(cohort.slides, work / "slides.json", pool, how.progress)
    kept, notes = fitting(heads)
    shards = plan_shards(kept, how.shard_bytes)
    _need_most(Counter(note.reason for note in notes), len(heads), how)
    _need_room(shards, folder)
    _carry_record(next((head.encoder for head in kept if head.encoder), ""), cohort, folder)
    facts = write_shards(shards, folder, work, pool, how.progress)
    index, lost = index_bags(cohort, shards, facts, folder)
    notes += lost
    _need_most(Counter(note.reason for note in notes), len(heads), how)
    return index, notes


def _need_most(reasons: Counter[str], total: int, how: Preparation) -> None:
    lost = sum(reasons[reason] for reason in _LOST)
    if lost > how.most_lost * total:
        raise InputError(
            "too many slides have no readable features",
            got=f"{lost} of {total}: " + ", ".join(f"{reasons[r]} {r}" for r in _LOST if reasons[r]),
            expected=f"at most {how.most_lost:.0%}",
            fix="look whether their file system is there, or state the share that may be lost (--most-lost)",
        )


def _tables_of(cohort: Cohort) -> dict[str, pd.DataFrame]:
    burden = pd.DataFrame({"tmb": cohort.tmb, "n_nonsynonymous": cohort.n_nonsynonymous})
    return {
        "courses": cohort.courses, "clinical": cohort.clinical, "variants": cohort.variants, "burden": burden,
        "slides": cohort.slides, "is_present": cohort.is_present, "people": cohort.people,
        **{f"layer.{name}": table for name, table in cohort.layers.items()},
    }  # fmt: skip


def _need_room(shards: Sequence[Shard], folder: Path) -> None:
    needed = sum(shard.rows * (2 * shard.heads[0].width + 16) for shard in shards)
    there = sum(path.stat().st_size for path in folder.glob("tiles-*.npy"))
    free = shutil.disk_usage(folder).free + there
    if needed > free:
        raise InputError(
            f"{folder} has too little room",
            got=f"{free / 1e9:.1f} GB",
            expected=f"{needed / 1e9:.1f} GB",
            fix="name a folder on a larger disk",
        )


def _remove_others(folder: Path, wanted: set[str]) -> None:
    """Shards and tables of an earlier, unfinished plan."""
    for path in [*folder.glob("tiles-*"), *folder.glob("tables/*")]:
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()


@contextmanager
def _pool(workers: int) -> Iterator[Executor]:
    """Processes, since HDF5 lets one thread read at a time; one worker is a thread of this process."""
    if workers <= 1:
        with ThreadPoolExecutor(1) as thread:
            yield thread
        return
    with ProcessPoolExecutor(workers, get_context("spawn"), _end_with_parent) as processes:
        yield processes


def _end_with_parent() -> None:
    """Workers of a killed process would wait for ever."""
    parent = parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    Thread(target=wait, daemon=True).start()
