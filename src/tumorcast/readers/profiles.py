"""The molecular profiles of a study folder: which file is which layer, restricted to the study's samples."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.host_tables import HOST_KIND
from tumorcast.readers.matrix import (
    read_copy_number,
    read_expression,
    read_gene_values,
    read_generic_assay,
)
from tumorcast.readers.meta import MetaFile
from tumorcast.readers.methylation import read_methylation
from tumorcast.readers.proteins import read_proteins
from tumorcast.readers.scale import declared_scale, preference
from tumorcast.readers.segments import SEGMENT_TABLE, read_segments

_READ_ELSEWHERE = {"CLINICAL", "MUTATION_EXTENDED", "GENE_PANEL_MATRIX", "STRUCTURAL_VARIANT", HOST_KIND}
_DEFAULT_BUILD = "GRCh37"


@dataclass
class Profiles:
    """What the profiles hold; None or empty where the study lacks a layer (see `study.Study`)."""

    expression: pd.DataFrame | None = None
    copy_number: pd.DataFrame | None = None
    segments: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(SEGMENT_TABLE)))
    layers: dict[str, pd.DataFrame] = field(default_factory=dict)


def read_profiles(
    metas: list[MetaFile], samples: pd.DataFrame, build: str, genes: GeneTable, report: list[Exclusion]
) -> Profiles:
    """Every profile that is understood; others, and second ones of a layer, are reported.

    Args:
        build: genome build of the study, for segments whose meta file names none.
    """
    made = Profiles()
    used: dict[str, MetaFile] = {}
    for meta in sorted(metas, key=preference):
        layer = layer_of(meta)
        if layer is None:
            if meta.kind not in _READ_ELSEWHERE:
                detail = f"{meta.kind} {meta.datatype} is not read"
                report.append(Exclusion("layer", meta.path.name, "not_used", detail))
        elif layer in used:
            told = f"{used[layer].data.name} is used as {layer}"
            report.append(Exclusion("layer", meta.data.name, "not_used", told))
        else:
            used[layer] = meta
            _read(made, layer, meta, samples, build, genes, report)
    return made


def layer_of(meta: MetaFile) -> str | None:
    """Name of the layer that a profile becomes; None where it is none."""
    match meta.kind, meta.datatype:
        case "MRNA_EXPRESSION", _:
            return "expression"
        case "COPY_NUMBER_ALTERATION", "DISCRETE":
            return "copy_number"
        case "COPY_NUMBER_ALTERATION", "LOG2-VALUE" | "CONTINUOUS":
            return "copy_number_log2"
        case "COPY_NUMBER_ALTERATION", "SEG":
            return "segments"
        case "PROTEIN_LEVEL", "LOG2-VALUE" | "CONTINUOUS" | "Z-SCORE":
            return "proteins"
        case "METHYLATION", "CONTINUOUS":
            return "methylation"
        case "GENERIC_ASSAY", "LIMIT-VALUE":
            return meta.keys.get("stable_id", meta.data.stem.removeprefix("data_")).lower()
    return None


def _read(
    made: Profiles, layer: str, meta: MetaFile, samples: pd.DataFrame, build: str, genes: GeneTable,
    report: list[Exclusion],
) -> None:  # fmt: skip
    path = meta.data
    if layer == "segments":
        told = meta.keys.get("reference_genome_id") or build or _DEFAULT_BUILD
        segments = read_segments(path, told, report)
        made.segments = segments[segments["sample_id"].isin(samples.index)].reset_index(drop=True)
    elif layer == "expression":
        made.expression = _known(
            read_expression(path, declared_scale(meta), genes, report), meta, samples, report
        )
    elif layer == "copy_number":
        made.copy_number = _known(read_copy_number(path, genes, report), meta, samples, report)
    else:
        table = _known(_layer(layer, meta, genes, report), meta, samples, report)
        if table is not None:
            made.layers[layer] = table


def _layer(layer: str, meta: MetaFile, genes: GeneTable, report: list[Exclusion]) -> pd.DataFrame:
    if meta.kind == "COPY_NUMBER_ALTERATION":
        return read_gene_values(meta.data, genes, report)
    if meta.kind == "PROTEIN_LEVEL":
        return read_proteins(meta.data, genes, report)
    if meta.kind == "METHYLATION":
        return read_methylation(meta.data, report, genes)
    properties = meta.keys.get("generic_entity_meta_properties", "").replace(" ", "").split(",")
    return read_generic_assay(meta.data, properties, report)


def _known(
    layer: pd.DataFrame, meta: MetaFile, samples: pd.DataFrame, report: list[Exclusion]
) -> pd.DataFrame | None:
    """The layer of the study's samples; None, reported, where there is no overlap."""
    kept = layer[layer.index.isin(samples.index)]
    if kept.empty:
        detail = f"none of its {len(layer)} samples is in the study"
        report.append(Exclusion("layer", meta.data.name, "no_overlap", detail))
        return None
    if len(kept) < len(layer):
        detail = f"{len(layer) - len(kept)} samples are not in the study"
        report.append(Exclusion("layer", meta.data.name, "unknown_samples", detail))
    return kept
