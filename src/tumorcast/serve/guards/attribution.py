"""Attribution is not cause: attention that shuffled weights give too is not shown, and neither is unchecked one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tumorcast.serve.findings import Finding
from tumorcast.serve.manifest import Manifest

MOST_SHUFFLED_CORRELATION = 0.5
"""Attention that correlates more than this with that of shuffled weights is not shown."""
KINDS = {"tile": "tile_attention", "gene": "gene_attention"}
"""Kind -> attribute of `Prediction`."""
_OF = {"tile": "slide", "gene": "mutations"}


def hidden_attention(manifest: Manifest) -> Mapping[str, str]:
    """Kind of attention ("tile", "gene") that the model has and nobody may see -> why."""
    hidden = {}
    for kind, layer in _OF.items():
        found = manifest.attention_check.get(kind)
        if layer not in manifest.modalities or (found is not None and found <= MOST_SHUFFLED_CORRELATION):
            continue
        why = (
            "it was not compared with that of shuffled weights"
            if found is None
            else f"shuffled weights give it too (rank correlation {found:.2f})"
        )
        hidden[kind] = f"{kind} attention is hidden, {why}"
    return hidden


def attribution_findings(manifest: Manifest) -> Iterator[Finding]:
    """One for each kind of attention that is hidden."""
    for what in hidden_attention(manifest).values():
        yield Finding("attention_hidden", what)
