"""Attribution is not cause: attention that shuffled weights give too is not shown, and neither is unchecked one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tumorcast.serve.findings import Finding
from tumorcast.serve.manifest import Manifest
from tumorcast.serve.session import Prediction

MOST_SHUFFLED_CORRELATION = 0.5
"""Attention that correlates more than this with that of shuffled weights is not shown."""
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


def without_hidden(manifest: Manifest, said: Prediction) -> Prediction:
    """The prediction without the kinds of attention that nobody may see."""
    hidden: dict[str, Any] = {
        f"{kind}_attention": np.zeros(0, np.float32) for kind in hidden_attention(manifest)
    }
    return replace(said, **hidden)


def attribution_findings(manifest: Manifest) -> Iterator[Finding]:
    """One for each kind of attention that is hidden."""
    for what in hidden_attention(manifest).values():
        yield Finding("attention_hidden", what)
