"""`manifest.json` of a bundle: what the model is, what it was trained on, and a digest of every file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from tumorcast.cohort.labels import SIZE_WINDOW_DAYS
from tumorcast.config.models import Head
from tumorcast.domain.errors import BundleError
from tumorcast.readers.files import digest
from tumorcast.serve.population import IntendedUse, Population, Section

FORMAT_VERSION = 5
MANIFEST_NAME = "manifest.json"
PREDICTOR_NAME = "predictor.onnx"
TILES_NAME = "tiles.onnx"
TILE_ENCODER_NAME = "tile_encoder.onnx"
CARD_NAME = "model_card.md"
TRUST_NAME = "trust.json"
REFERENCE_NAME = "reference.json"
SPREADS_NAME = "spreads.json"
COMPARISON_NAME = "comparison.json"
OVERLAP_NAME = "overlap.json"
SURVIVAL_NAME = "survival.json"
EFFECTS_NAME = "effects.json"
SIGNATURES_NAME = "signatures.json"
UNSEALED = (MANIFEST_NAME, SIGNATURES_NAME)
"""Files that the manifest does not list: itself, and the signatures over it."""

_ROLES = {
    "predictor": PREDICTOR_NAME,
    "tiles": TILES_NAME,
    "tile_encoder": TILE_ENCODER_NAME,
    "genes": "preprocess.json",
    "scaling": "preprocess.npz",
    "calibration": TRUST_NAME,
    "conformal": TRUST_NAME,
    "operating_points": TRUST_NAME,
    "reference": REFERENCE_NAME,
    "spreads": SPREADS_NAME,
    "comparison": COMPARISON_NAME,
    "overlap": OVERLAP_NAME,
    "survival": SURVIVAL_NAME,
    "effects": EFFECTS_NAME,
    "model_card": CARD_NAME,
}

_NO_SEAL = "0" * 64


class TileEncoderInfo(Section):
    """The encoder that made the training features; "" and None where the features do not say.

    Attributes:
        id, sha256: of the encoder's ONNX file.
        dim: width of a feature vector.
        target_mpp: um/px of the tiles; tile_px, tile_um: their side.
        min_tissue: least share of tissue in a tile.
        overlap: share of a tile's side that the next one covers too.
        context_mpp: um/px of the larger field whose features stand behind each tile's.
    """

    id: str = ""
    sha256: str = ""
    dim: int
    target_mpp: float | None = None
    tile_px: int | None = None
    tile_um: float | None = None
    min_tissue: float | None = None
    overlap: float | None = None
    context_mpp: float | None = None


class SizeResiduals(Section):
    """How far the head `size` was off among training courses that it had not seen (inner folds), in log ratios.

    Attributes:
        bias, sd: mean and standard deviation of observed less predicted.
        n_patients, n_courses: behind them.
        median: log ratio of these courses.
        mean, spread: mean and standard deviation of their log ratios; None, as all below, in older bundles.
        slope, slope_error: of observed on predicted, and its standard error.
        line_sd: standard deviation about that line.
        window_days: the scan nearest day 56 among those within these days.
    """

    bias: float
    sd: float = Field(ge=0)
    n_patients: int
    n_courses: int
    median: float
    mean: float | None = None
    spread: float | None = Field(default=None, ge=0)
    slope: float | None = None
    slope_error: float | None = Field(default=None, ge=0)
    line_sd: float | None = Field(default=None, ge=0)
    window_days: tuple[float, float] = SIZE_WINDOW_DAYS


class DataRules(Section):
    """Rules of the training cohort that hold for its users too (see `config.models.DataConfig`)."""

    endpoint: str = "auto"
    tissue_days_before: float = 0
    procedures: tuple[Literal["biopsy", "resection", "unknown"], ...] = ("biopsy", "resection", "unknown")
    lines: tuple[int, ...] | None = None
    clinical_columns: tuple[str, ...] | None = None
    laboratory_days_before: float = 42


class FileEntry(Section):
    """A file of the bundle: sha256 in hex, size in bytes."""

    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class Manifest(Section):
    """What a bundle says of itself.

    Attributes:
        name: of the run that made it.
        created: UTC, ISO 8601.
        training_data: of what origin the training courses are.
        modalities: order of `is_present`.
        heads: in the order of the scores; the first of response and ordinal gives the probability.
        inputs: names of the tensors of `predictor.onnx`; those of `tiles.onnx` are always the same.
        outputs: what both give together.
        tile_encoder: None where the model reads no slide.
        thresholds: cut of the probability or risk by head, chosen on training courses.
        rules: which tissue and which courses count.
        size: of the head `size`; None without it, or where ten patients had no scan.
        parity: largest difference between torch and ONNX Runtime at export, in probability.
        attention_check: kind of attention (tile, gene) -> median absolute rank correlation of its maps with those
            of the same model after its weights were shuffled.
        recalibrated: at which hospital, on how many patients, when, from which seal; empty for a bundle as exported.
        intended_use: who may use it, for what, on whom, and what it is not for.
        population: the training patients; for whom the model was never tested follows from it.
        provenance: of the training: `git_commit`, `data_sha256` and the like, where known.
        roles: part ("predictor", "genes", "calibration", "conformal", "reference", ...) -> the file that holds it.
        libraries: versions at export.
        files: name -> digest and size of every other file of the bundle, signatures excepted.
        seal: sha256 of this file with this value as zeros.
    """

    format: int = FORMAT_VERSION
    tumorcast: str
    name: str
    created: str
    training_data: Literal["simulated", "real"]
    study_id: str
    n_patients: int
    n_courses: int
    research_use_only: Literal[True] = True
    status: Literal["preliminary"] = "preliminary"
    modalities: tuple[str, ...]
    heads: tuple[Head, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    tile_encoder: TileEncoderInfo | None
    thresholds: dict[str, float]
    rules: DataRules
    size: SizeResiduals | None = None
    parity: float
    attention_check: dict[str, float] = Field(default_factory=dict)
    recalibrated: dict[str, str] = Field(default_factory=dict)
    intended_use: IntendedUse
    population: Population
    provenance: dict[str, str] = Field(default_factory=dict)
    roles: dict[str, str]
    libraries: dict[str, str]
    files: dict[str, FileEntry]
    seal: str = _NO_SEAL

    @field_validator("files")
    @classmethod
    def _are_plain_names(cls, files: dict[str, FileEntry]) -> dict[str, FileEntry]:
        """Names of files beside the manifest, which mean the same on every system."""
        for name in files:
            has_sign = any(sign in name for sign in '/\\:*?"<>|') or any(ord(sign) < 32 for sign in name)
            if has_sign or name in ("", ".", "..") or name.endswith((".", " ")) or name in UNSEALED:
                raise ValueError(f"no name for a file of a bundle: {name!r}")
        if len({name.casefold() for name in files}) != len(files):
            raise ValueError("two names differ in capitals alone")
        return files

    @property
    def model_id(self) -> str:
        """Name of the run and the start of the predictor's digest: stands beside every prediction."""
        return f"{self.name}-{self.files[PREDICTOR_NAME].sha256[:8]}"


def file_entries(folder: Path) -> dict[str, FileEntry]:
    """Every file of a folder that belongs under the seal, by name: all but manifest and signatures."""
    names = sorted(path.name for path in folder.iterdir() if path.name not in UNSEALED)
    return {
        name: FileEntry(sha256=digest(folder / name), size=(folder / name).stat().st_size) for name in names
    }


def roles_of(names: Iterable[str]) -> dict[str, str]:
    """Part -> file, of the parts that these files hold."""
    there = set(names)
    return {role: name for role, name in _ROLES.items() if name in there}


def sealed_text(manifest: Manifest) -> str:
    """The manifest as it is written, with its seal."""
    blank = manifest.model_copy(update={"seal": _NO_SEAL})
    text = json.dumps(blank.model_dump(mode="json"), indent=1) + "\n"
    return text.replace(_NO_SEAL, hashlib.sha256(text.encode()).hexdigest())


def read_manifest(path: Path) -> Manifest:
    """Read and check a bundle's `manifest.json`; BundleError as `parse_manifest`."""
    return parse_manifest(read_text_of(path.parent), path.parent)


def read_text_of(folder: Path) -> bytes:
    """The manifest's bytes; BundleError where the folder is no bundle."""
    try:
        return (folder / MANIFEST_NAME).read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BundleError(
            f"{folder} is not a bundle",
            got=f"no {MANIFEST_NAME}" if folder.exists() else "nothing there",
            expected="a folder that `tumorcast train` wrote (runs/NAME/bundle), or a zip of it",
        ) from error
    except OSError as error:
        raise changed(MANIFEST_NAME) from error


def parse_manifest(text: bytes, where: Path) -> Manifest:
    """Check the bytes of a manifest.

    Raises:
        BundleError: not JSON, of a newer or older format, changed, or of unknown content.
    """
    try:
        told: dict[str, Any] = json.loads(text)
        version, seal = told["format"], str(told["seal"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise changed(MANIFEST_NAME) from error
    if version != FORMAT_VERSION or isinstance(version, bool):
        raise _other_format(version)
    blank = text.replace(seal.encode(), _NO_SEAL.encode())
    if hashlib.sha256(blank).hexdigest() != seal:
        raise changed(MANIFEST_NAME)
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        got = error.errors()[0]
        at = ".".join(map(str, got["loc"]))
        raise BundleError(
            f"{MANIFEST_NAME} of {where.name} is not understood", got=f"{at}: {got['msg']}"
        ) from error


def _other_format(version: object) -> BundleError:
    if isinstance(version, int) and version > FORMAT_VERSION:
        what, fix = "the bundle was made by a newer tumorcast", "update tumorcast on this machine"
    else:
        what = "the bundle is of an older format"
        fix = "export the model again with this version of tumorcast (`tumorcast train`, same settings)"
    return BundleError(what, got=f"format {version}", expected=f"format {FORMAT_VERSION}", fix=fix)


def changed(name: str) -> BundleError:
    """The error for a file that is not as it was exported."""
    return BundleError(
        f"the bundle's {name} is not as it was exported",
        got="another sha256 than the one recorded",
        expected="an untouched bundle",
        fix="copy the bundle again from where it was made, or export it again",
    )
