"""`manifest.json` of a prepared cohort: what made it, of what, and whether that still holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tumorcast.config.models import RunConfig
from tumorcast.domain.errors import ConfigError, InputError
from tumorcast.readers.files import digest, is_plain_name, write_text
from tumorcast.readers.study import Origin, Study

FORMAT = 1
MANIFEST, TABLES, LEFT_OUT = "manifest.json", "tables.json", "left_out.csv"
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
        digest: `Cohort.digest`.
        encoder, width: of the tiles ("" and 0 without slides).
        files: name within the folder -> size in bytes.
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
    courses: int
    tiles: int
    encoder: str
    width: int
    shards: tuple[str, ...]
    files: dict[str, int]
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


def files_of(study: Study) -> dict[str, StudyFile]:
    """The study's files and their times."""
    found = {}
    for name, sha256 in study.digests.items():
        stat = (study.folder / name).stat()
        found[name] = StudyFile(sha256=sha256, size=stat.st_size, mtime_ns=stat.st_mtime_ns)
    return found


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
        manifest = Manifest.model_validate(found)
    except (ValueError, ValidationError) as error:
        raise _damaged(folder, str(error).splitlines()[0]) from None
    for name, size in manifest.files.items():
        own = folder / name
        if not all(map(is_plain_name, Path(name).parts)) or not own.is_file() or own.stat().st_size != size:
            raise _damaged(folder, f"{name} is missing or of another size")
    return manifest


def check_settings(manifest: Manifest, config: RunConfig, folder: Path) -> None:
    """Refuse a cohort that was prepared with other settings, or of a study that has changed since.

    The study is looked at where it is there (files of another time or size are read); its slides are not.

    Raises:
        ConfigError: the settings that differ, or the study's files.
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
        changed += [p.name for p in study.glob("meta_*.txt") if p.name not in manifest.study]
        if changed:
            raise ConfigError(
                f"{study} has changed since {folder} was prepared",
                got=", ".join(sorted(changed)[:6]),
                fix="run tumorcast prepare again, into another folder",
            )


def _is_same(path: Path, known: StudyFile) -> bool:
    if not path.is_file():
        return False
    stat = path.stat()
    if (stat.st_size, stat.st_mtime_ns) == (known.size, known.mtime_ns):
        return True
    return stat.st_size == known.size and digest(path) == known.sha256


def _damaged(folder: Path, what: str) -> InputError:
    return InputError(
        f"the prepared cohort in {folder} is damaged",
        got=what,
        expected="the folder as tumorcast prepare wrote it",
        fix="remove it and run tumorcast prepare again",
    )
