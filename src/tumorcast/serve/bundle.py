"""A bundle on disk: opened only when every byte is as it was exported."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tumorcast.cohort.preprocess import Preprocessor, load_preprocessor
from tumorcast.domain.errors import BundleError
from tumorcast.evaluation.comparison import Comparison
from tumorcast.evaluation.out_of_distribution import Reference
from tumorcast.evaluation.spreads import Spreads
from tumorcast.evaluation.trust import Trust
from tumorcast.readers.files import digest
from tumorcast.serve.manifest import (
    COMPARISON_NAME,
    MANIFEST_NAME,
    PREDICTOR_NAME,
    REFERENCE_NAME,
    SPREADS_NAME,
    TILE_ENCODER_NAME,
    TILES_NAME,
    TRUST_NAME,
    UNSEALED,
    Manifest,
    changed,
    read_manifest,
)


@dataclass(frozen=True)
class Bundle:
    """A checked bundle.

    Attributes:
        folder: where it lies.
        manifest: what it says of itself.
        prepared: turns courses into the predictor's arrays.
        trust: what its probabilities are worth; None where training had too few patients to say.
        reference: what the training patients look like; None likewise.
        spreads: how the numbers of a case are spread over them, to chart what comes in; None likewise.
        comparison: what a report compares a patient with; None where the bundle does not say.
    """

    folder: Path
    manifest: Manifest
    prepared: Preprocessor
    trust: Trust | None = None
    reference: Reference | None = None
    spreads: Spreads | None = None
    comparison: Comparison | None = None

    @property
    def predictor_path(self) -> Path:
        """The ONNX graph of the predictor."""
        return self.folder / PREDICTOR_NAME

    @property
    def tiles_path(self) -> Path | None:
        """The ONNX graph that pools a course's tiles; None where the model reads no slide."""
        return self.folder / TILES_NAME if TILES_NAME in self.manifest.files else None

    @property
    def tile_encoder_path(self) -> Path | None:
        """The ONNX graph of the tile encoder; None where the training features came ready-made."""
        has_one = TILE_ENCODER_NAME in self.manifest.files
        return self.folder / TILE_ENCODER_NAME if has_one else None


def load_bundle(folder: Path) -> Bundle:
    """Open a bundle after checking the digest of every file.

    Raises:
        BundleError: a file is changed, missing or foreign, or the format version is unknown.
    """
    manifest = read_manifest(folder / MANIFEST_NAME)
    _check_files(folder, manifest)
    prepared = load_preprocessor(folder)
    if prepared.modalities != manifest.modalities:
        raise BundleError(
            "manifest and preprocessor are of different models",
            got=", ".join(prepared.modalities),
            expected=", ".join(manifest.modalities),
        )
    names = (TRUST_NAME, REFERENCE_NAME, SPREADS_NAME, COMPARISON_NAME)
    trust, reference, spreads, comparison = (_told(folder, manifest, name) for name in names)
    return Bundle(
        folder,
        manifest,
        prepared,
        None if trust is None else Trust.from_json(trust),
        None if reference is None else Reference.from_json(reference),
        None if spreads is None else Spreads.from_json(spreads),
        None if comparison is None else Comparison.from_json(comparison),
    )


def _told(folder: Path, manifest: Manifest, name: str) -> dict[str, Any] | None:
    """What an optional file says."""
    if name not in manifest.files:
        return None
    return dict(json.loads((folder / name).read_text(encoding="utf-8")))


def _check_files(folder: Path, manifest: Manifest) -> None:
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    missing = sorted(manifest.files.keys() - there)
    foreign = sorted(there - manifest.files.keys() - set(UNSEALED))
    if missing or foreign:
        raise BundleError(
            "the bundle's files are not those of its manifest",
            got="; ".join(
                f"{word}: {', '.join(names)}"
                for word, names in (("missing", missing), ("extra", foreign))
                if names
            ),
            expected=f"{MANIFEST_NAME}, {', '.join(sorted(manifest.files))}",
            fix="copy the bundle again from where it was made, or export it again",
        )
    for name, recorded in manifest.files.items():
        if (folder / name).stat().st_size != recorded.size or digest(folder / name) != recorded.sha256:
            raise changed(name)
