"""`manifest.json` of a prepared cohort: what made it, of what, and whether that still holds."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tumorcast import __version__
from tumorcast.config.models import RunConfig
from tumorcast.domain.errors import ConfigError, InputError
from tumorcast.readers.files import digest, is_plain_name, write_text
from tumorcast.readers.inventory import read_by_name
from tumorcast.readers.study import Origin, Study
from tumorcast.slides.damage import UNREADABLE
from tumorcast.slides.discover import READY_SUFFIXES
from tumorcast.slides.slide_encoders import misfit
from tumorcast.slides.store import read_features

FORMAT = 4
"""Raised with every change of what a folder holds, and of how a cohort is assembled from the same study."""
MANIFEST, TABLES, LEFT_OUT = "manifest.json", "tables.json", "left_out.csv"
Look = dict[str, tuple[int, int]]
"""File of a study -> size in bytes and time of its last change in ns."""
_FILES_LOOKED_AT = 16
_LATER = {"study", "features", "prepared", "max_expression_genes", "max_layer_features", "graph"}
"""Settings of `data` that change nothing of what is prepared: places, and what a fold decides."""


class StudyFile(BaseModel):
    """One file of the study as it was read; size in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    size: int
    mtime_ns: int


class Manifest(BaseModel):
    """What a prepared folder says of itself.

    Attributes:
        settings: of `settings_of`.
        study: file of the study -> what it was when it was read.
        digest, survival: of `Cohort`.
        encoder, width: of the tiles ("" and 0 without slides).
        features: `features_digest` of the bags.
        files: name within the folder -> size in bytes.
        sha256: of tables and corners, by name within the folder (tiles have digests of their own).
        tables_sha256: of `tables.json`.
        left_out: "kind: reason" -> how many; each with its detail in `left_out.csv`.
        pairs: (layer, course, course) that look like one tumour, of different patients.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    tumorcast: str
    settings: dict[str, Any]
    study: dict[str, StudyFile]
    study_id: str
    origin: Origin
    digest: str
    survival: str
    courses: int
    tiles: int
    encoder: str
    width: int
    features: str
    shards: tuple[str, ...]
    files: dict[str, int]
    sha256: dict[str, str]
    tables_sha256: str
    left_out: dict[str, int]
    pairs: tuple[tuple[str, str, str], ...]


def settings_of(config: RunConfig) -> dict[str, Any]:
    """The settings that shape a prepared cohort, as JSON."""
    known = config.biology.gene_table
    return {
        **config.data.model_dump(mode="json", exclude=_LATER),
        "graph.layers": list(config.data.graph.layers),
        "heads": list(config.model.heads),
        "gene_table": digest(known) if known else None,
    }


def look_at(study: Path) -> Look:
    """Every file that a study's reader may read, before it is read; names within the study."""
    paths = [path for path in [*study.glob("*"), *study.glob("case_lists/*.txt")] if path.is_file()]
    stats = {path.relative_to(study).as_posix(): path.stat() for path in paths}
    return {name: (stat.st_size, stat.st_mtime_ns) for name, stat in stats.items()}


def files_of(study: Study, before: Look) -> dict[str, StudyFile]:
    """The study's files as they were looked at before they were read.

    Raises:
        InputError: one is no longer as it was, or one was added that would be read.
    """
    now = look_at(study.folder)
    names = study.digests.keys() | {
        p.relative_to(study.folder).as_posix() for p in read_by_name(study.folder)
    }
    changed = sorted(name for name in names if name not in before or before[name] != now.get(name))
    if changed:
        raise InputError(
            f"{study.folder} changed while it was prepared",
            got=", ".join(changed[:6]),
            fix="leave it alone and run the same command again: tiles that were written stay",
        )
    return {
        name: StudyFile(sha256=sha256, size=before[name][0], mtime_ns=before[name][1])
        for name, sha256 in study.digests.items()
    }


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Last of all: a folder that has it is whole."""
    write_text(folder / MANIFEST, manifest.model_dump_json(indent=1))


def read_manifest(folder: Path) -> Manifest:
    """The manifest, its files looked for.

    Raises:
        InputError: none, damaged, of another format, or files are missing or of another size.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise InputError(
            f"{folder} holds no prepared cohort",
            got="no manifest.json",
            expected="a folder written by tumorcast prepare",
            fix="run tumorcast prepare (a preparation that was stopped goes on)",
        )
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found, dict) and found.get("format") != FORMAT:
            raise InputError(f"{path} is of another format", got=found.get("format"), expected=FORMAT)
        if isinstance(found, dict) and found.get("tumorcast") != __version__:
            raise InputError(
                f"{folder} was prepared by another version of tumorcast",
                got=found.get("tumorcast"),
                expected=__version__,
                fix="run tumorcast prepare again, into another folder",
            )
        manifest = Manifest.model_validate(found)
    except (ValueError, ValidationError) as error:
        raise damaged(folder, str(error).splitlines()[0]) from None
    for name, size in manifest.files.items():
        own = folder / name
        if not all(map(is_plain_name, Path(name).parts)) or not own.is_file() or own.stat().st_size != size:
            raise damaged(folder, f"{name} is missing or of another size")
    return manifest


def check_settings(manifest: Manifest, config: RunConfig, folder: Path) -> None:
    """Refuse a cohort that was prepared with other settings, or of a study or of features that are others now.

    The study is looked at where it is there (files of another time or size are read); of `data.features` a few headers.

    Raises:
        ConfigError: the settings that differ, the study's files, or the features' width and encoder.
    """
    wanted = settings_of(config)
    keys = wanted.keys() | manifest.settings.keys()
    other = sorted(key for key in keys if wanted.get(key) != manifest.settings.get(key))
    if other:
        raise ConfigError(
            f"{folder} was prepared with other settings",
            got="; ".join(f"{key}: {manifest.settings.get(key)}" for key in other[:6]),
            expected="; ".join(f"{key}: {wanted.get(key)}" for key in other[:6]),
            fix="run tumorcast prepare with this configuration into another folder",
        )
    study = config.data.study
    if study.is_dir():
        changed = [name for name, known in manifest.study.items() if not _is_same(study / name, known)]
        there = (path.relative_to(study).as_posix() for path in read_by_name(study))
        changed += [name for name in there if name not in manifest.study]
        if changed:
            raise ConfigError(
                f"{study} has changed since {folder} was prepared",
                got=", ".join(sorted(changed)[:6]),
                fix="run tumorcast prepare again, into another folder",
            )
    features = config.data.features
    if manifest.width and features is not None and features.is_dir():
        _check_features(manifest, features, folder)


def _check_features(manifest: Manifest, features: Path, folder: Path) -> None:
    """Refuse where none of some files is of the prepared kind."""
    found = (path for path in features.rglob("*") if path.suffix in READY_SUFFIXES)
    why: tuple[str, str] | None = None
    for path in islice(found, _FILES_LOOKED_AT):
        try:
            bag = read_features(path, stay_in_file=True)
        except UNREADABLE:
            continue
        why = misfit(bag.features.shape[1], bag.attrs.encoder or "", manifest.width, manifest.encoder)
        if why is None:
            return
    if why is not None:
        raise ConfigError(
            f"data.features={features} are not the features that {folder} was prepared from",
            got=why[1],
            expected=f"{manifest.width} wide, by {manifest.encoder or 'an encoder without a name'}",
            fix="leave data.features out, or prepare with it into another folder",
        )


def _is_same(path: Path, known: StudyFile) -> bool:
    if not path.is_file():
        return False
    stat = path.stat()
    if (stat.st_size, stat.st_mtime_ns) == (known.size, known.mtime_ns):
        return True
    return stat.st_size == known.size and digest(path) == known.sha256


def damaged(folder: Path, what: str) -> InputError:
    """The error that names the damage."""
    return InputError(
        f"the prepared cohort in {folder} is damaged",
        got=what,
        expected="the folder as tumorcast prepare wrote it",
        fix="remove it and run tumorcast prepare again",
    )
