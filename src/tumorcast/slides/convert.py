"""Feature files of one tool into another's form: many at a time, resumable, none sinks the others."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tqdm import tqdm

from tumorcast.domain.errors import InputError, TumorcastError
from tumorcast.slides.bag import Stated
from tumorcast.slides.discover import READY_SUFFIXES
from tumorcast.slides.owner import written_whole
from tumorcast.slides.slide_encoders import is_of_slides
from tumorcast.slides.store import read_features
from tumorcast.slides.store_write import WRITERS

REPORT_NAME = "convert_report.csv"


@dataclass(frozen=True)
class Converted:
    """A row of the report.

    Attributes:
        path: the file read.
        form: whose layout it had; "" where it could not be read.
        status: ok, skipped (there already, and newer than its source) or failed.
        reason: why, or what was left out.
        n_tiles, width: of the bag.
    """

    path: str
    form: str
    status: str
    reason: str = ""
    n_tiles: int = 0
    width: int = 0


def convert(
    inputs: Sequence[Path], out: Path, form: str, stated: Stated, progress: bool = True
) -> list[Converted]:
    """Write each bag as `out/NAME.h5` and `out/convert_report.csv`.

    Args:
        inputs: feature files, and folders that are searched.
        out: folder of the results; paths below a searched folder are kept.
        form: a key of `WRITERS`.
        stated: what the files do not say themselves.
        progress: show a bar.

    Raises:
        InputError: there is no feature file, or two would get one name.
    """
    named = _named(inputs)
    rows = []
    for path, name in tqdm(named.items(), desc="bags", unit="bag", disable=not progress):
        rows.append(_one(path, out / f"{name}.h5", form, stated))
    _write_report(out, rows)
    return rows


def _one(path: Path, target: Path, form: str, stated: Stated) -> Converted:
    if target.is_file() and target.stat().st_mtime >= path.stat().st_mtime:
        return Converted(str(path), "", "skipped", "already_converted")
    try:
        bag = read_features(path, stated)
        if is_of_slides(bag.attrs.encoder):
            raise InputError(f"{path.name} holds an embedding of a whole slide", expected="features of tiles")
        WRITERS[form](target, bag)
    except (TumorcastError, OSError) as error:
        return Converted(str(path), "", "failed", " ".join(str(error).split()))
    reason = bag.unplaced or ("" if bag.has_coords else "the file has no coordinates")
    return Converted(str(path), bag.form, "ok", reason, *bag.features.shape)


def _named(inputs: Sequence[Path]) -> dict[Path, str]:
    """File -> its name below the output folder, without suffix."""
    found: dict[Path, str] = {}
    for given in inputs:
        if given.is_dir():
            found.update({path: path.relative_to(given).with_suffix("").as_posix() for path in _below(given)})
        elif given.is_file():
            found[given] = given.stem
        else:
            raise InputError("there is no such file or folder", got=given)
    if not found:
        raise InputError(
            "no feature files were found", expected="files that end in " + ", ".join(READY_SUFFIXES)
        )
    taken: dict[str, Path] = {}
    for path, name in found.items():
        if name in taken:
            raise InputError(
                "two files would get one name", got=f"{taken[name]} and {path}", fix="convert them one by one"
            )
        taken[name] = path
    return found


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            is_index = name.endswith(".index.npz")  # slideflow's list of tiles beside a bag
            if Path(name).suffix in READY_SUFFIXES and not name.startswith(".") and not is_index:
                yield Path(place) / name


def _write_report(out: Path, rows: list[Converted]) -> None:
    with (
        written_whole(out / REPORT_NAME) as temporary,
        temporary.open("w", newline="", encoding="utf-8") as file,
    ):
        writer = csv.DictWriter(file, [field.name for field in fields(Converted)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
