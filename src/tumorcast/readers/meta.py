"""`meta_*.txt`: the files that say what a study holds and where."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tumorcast.biology.chromosomes import build_named
from tumorcast.domain.errors import InputError
from tumorcast.readers.study import Origin

SIMULATION_RECORD = "simulation.json"
"""Stands in every study folder that a simulation wrote."""


@dataclass(frozen=True)
class MetaFile:
    """One `meta_*.txt`: its keys, and the data file that it names."""

    path: Path
    keys: dict[str, str]

    @property
    def kind(self) -> str:
        """`genetic_alteration_type`, upper case."""
        return self.keys.get("genetic_alteration_type", "").upper()

    @property
    def datatype(self) -> str:
        """`datatype`, upper case."""
        return self.keys.get("datatype", "").upper()

    @property
    def data(self) -> Path:
        """The data file, whether it is there or not.

        Raises:
            InputError: none is named, or one outside the study folder.
        """
        name = self.keys.get("data_filename")
        if not name:
            raise InputError(f"{self.path.name} names no data file", expected="a line data_filename: ...")
        if Path(name).name != name:
            raise InputError(
                f"{self.path.name} names a file outside the study folder",
                got=name,
                expected="the name of a file beside the meta file",
            )
        return self.path.parent / name


def read_meta_files(folder: Path) -> list[MetaFile]:
    """All meta files but the study's own, by name."""
    found = sorted(folder.glob("meta_*.txt"))
    return [MetaFile(path, read_keys(path)) for path in found if path.name != "meta_study.txt"]


def read_study_meta(folder: Path) -> tuple[str, Origin]:
    """(study id, origin); a folder that a simulation wrote is simulated, whatever its meta file says.

    Raises:
        InputError: not a study folder, or an origin that is neither real nor simulated.
    """
    path = folder / "meta_study.txt"
    if not path.is_file():
        raise InputError(
            "not a study folder",
            got=f"no meta_study.txt in {folder}",
            expected="a cBioPortal study folder (meta_study.txt, meta_*.txt and the data files they name)",
            fix="see data/README.md; `tumorcast simulate` and `tumorcast import` make such folders",
        )
    keys = read_keys(path)
    origin = keys.get("data_origin", "real")
    if origin == "simulated" or (folder / SIMULATION_RECORD).is_file():
        return keys.get("cancer_study_identifier", folder.name), "simulated"
    if origin == "real":
        return keys.get("cancer_study_identifier", folder.name), "real"
    raise InputError("meta_study.txt: unknown data_origin", got=origin, expected="real or simulated")


def read_build(folder: Path) -> str:
    """Genome build that `meta_study.txt` states as `reference_genome`, GRCh37 or GRCh38; "" where it does not."""
    told = read_keys(folder / "meta_study.txt").get("reference_genome", "")
    return build_named(told) if told else ""


def read_keys(path: Path) -> dict[str, str]:
    """`key: value` lines."""
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    pairs = (line.partition(":") for line in lines if ":" in line)
    return {key.strip(): value.strip() for key, _, value in pairs}
