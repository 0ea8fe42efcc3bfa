"""What a bundle is, as lines for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tumorcast.serve.bundle import CheckedFiles
from tumorcast.serve.manifest import CARD_NAME, Manifest, TileEncoderInfo
from tumorcast.serve.population_text import population_lines
from tumorcast.serve.signature_verdict import SignatureVerdict


def inspected(checked: CheckedFiles, verdict: SignatureVerdict) -> dict[str, Any]:
    """`model_id`, `manifest`, and `signatures` as they were judged."""
    judged = [{**asdict(check), "signed_at": check.signed_at.isoformat()} for check in verdict.checks]
    return {
        "model_id": checked.manifest.model_id,
        "manifest": checked.manifest.model_dump(mode="json"),
        "signature": {"code": verdict.code, "sentence": verdict.sentence},
        "signatures": judged,
    }


def lines_of(checked: CheckedFiles, verdict: SignatureVerdict, with_card: bool = False) -> Iterator[str]:
    """A page of text."""
    manifest = checked.manifest
    yield from _heading(manifest)
    yield "\nIntended use"
    use = manifest.intended_use
    for title, lines in (
        ("for", use.purpose),
        ("users", use.users),
        ("patients", use.patients),
        ("NOT", use.not_for),
    ):
        yield from (f"  {title:<9}{line}" for line in lines)
    yield "\nTraining population"
    yield from (f"  {line.removeprefix('- ')}" for line in population_lines(manifest.population))
    yield "  Layers measured (patients in training, held out):"
    for pattern in manifest.population.patterns:
        yield f"    {'+'.join(pattern.layers) or 'none'}: {pattern.n_training}, {pattern.n_held_out}"
    yield "\nTile encoder"
    yield f"  {encoder_text(manifest.tile_encoder)}"
    yield "\nSignatures"
    yield from (f"  {check.code}: {check.sentence}" for check in verdict.checks)
    if not verdict.checks:
        yield "  unsigned"
    yield "\nFiles"
    by_file: dict[str, list[str]] = {}
    for role, name in manifest.roles.items():
        by_file.setdefault(name, []).append(role.replace("_", " "))
    for name, entry in manifest.files.items():
        yield f"  {name:<24}{entry.size:>12,} bytes  {entry.sha256[:12]}  {', '.join(by_file.get(name, []))}"
    yield f"\nResearch use only, {manifest.status}."
    if with_card:
        yield "\n" + (checked.folder / CARD_NAME).read_text(encoding="utf-8")


def encoder_text(info: TileEncoderInfo | None) -> str:
    """`efficientnet_lite0 (sha256 4f318eab5587), 1280 wide, 224 px of 0.5 um/px = 112 um`."""
    if info is None:
        return "none: the model reads no slide"
    if not info.id:
        return f"unknown, {info.dim} wide: trained on ready-made features that do not say by which encoder"
    digest = f" (sha256 {info.sha256[:12]})" if info.sha256 else ""
    tiles = f", {info.tile_px} px" if info.tile_px else ""
    tiles += f" of {info.target_mpp:g} um/px" if info.target_mpp else ""
    tiles += f" = {info.tile_um:g} um" if info.tile_um else ""
    context = f", with a larger field at {info.context_mpp:g} um/px" if info.context_mpp else ""
    return f"{info.id}{digest}, {info.dim} wide{tiles}{context}"


def _heading(manifest: Manifest) -> Iterator[str]:
    told = manifest.recalibrated
    yield f"{manifest.model_id}   (bundle format {manifest.format}, tumorcast {manifest.tumorcast})"
    yield f"  made     {manifest.created}"
    yield f"  seal     {manifest.seal}"
    if manifest.training_data == "simulated":
        yield "  data     SIMULATED: no patient is behind any number"
    yield f"  trained  study {manifest.study_id}: {manifest.n_patients} patients, {manifest.n_courses} courses"
    if told:
        yield f"  recalibrated at {told.get('study_id')} on {told.get('patients')} patients, {told.get('created')}"
    yield f"  gives    {', '.join(manifest.heads)}"
    yield f"  reads    {', '.join(manifest.modalities)}, treatment"
