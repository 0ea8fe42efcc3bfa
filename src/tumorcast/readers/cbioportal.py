"""A cBioPortal study folder -> `Study`."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.case_lists import sequenced_samples
from tumorcast.readers.clinical import patients_of, read_patients, read_samples
from tumorcast.readers.inventory import take_inventory
from tumorcast.readers.maf import read_maf
from tumorcast.readers.matrix import read_copy_number, read_expression, read_generic_assay
from tumorcast.readers.meta import MetaFile, read_meta_files, read_study_meta
from tumorcast.readers.scale import declared_scale, preference
from tumorcast.readers.slides_csv import SLIDE_COLUMNS, read_slides
from tumorcast.readers.study import Study
from tumorcast.readers.timeline import add_specimens, read_timelines, treatments_of

_READ_ELSEWHERE = {"CLINICAL", "MUTATION_EXTENDED", "GENE_PANEL_MATRIX"}
COVERED_MB = "EXOME_MB"
"""Sample column with the covered megabases of coding sequence."""


def read_study(folder: Path | str, genes: GeneTable | None = None) -> Study:
    """Everything the folder holds; files are found through `meta_*.txt`.

    Args:
        genes: identifiers to harmonise with; None is the embedded table.

    Raises:
        InputError: not a study folder, no patients, or a file that cannot be read at all.
    """
    folder = Path(folder).absolute()
    study_id, origin = read_study_meta(folder)
    genes = genes or GeneTable.embedded()
    metas = read_meta_files(folder)
    report: list[Exclusion] = []
    sample_table = _only(metas, folder, "CLINICAL", "SAMPLE_ATTRIBUTES").data
    patient_table = _find(metas, "CLINICAL", "PATIENT_ATTRIBUTES")
    patients = read_patients(patient_table.data, report) if patient_table else patients_of(sample_table)
    samples = read_samples(sample_table, patients.index, report)
    treatments, samples = _timelines(metas, patients.index, samples, report)
    variants = _variants(metas, samples, genes, report)
    sequenced = _sequenced(folder, metas, variants, samples, report)
    expression, copy_number, layers = _matrices(metas, samples, genes, report)
    slides_file = folder / "slides.csv"
    slides = pd.DataFrame(columns=list(SLIDE_COLUMNS))
    if slides_file.is_file():
        slides = read_slides(slides_file, samples.index, report)
    covered = samples[COVERED_MB].dropna() if COVERED_MB in samples else pd.Series(dtype=float)
    return Study(
        study_id=study_id, origin=origin, folder=folder, patients=patients,
        samples=samples.drop(columns=[COVERED_MB], errors="ignore"), treatments=treatments, variants=variants,
        sequenced=sequenced, sequenced_mb={str(k): float(v) for k, v in covered.items() if k in sequenced},
        expression=expression, copy_number=copy_number, layers=layers, slides=slides, report=report,
        digests=take_inventory(folder, metas, report),
    )  # fmt: skip


def _only(metas: list[MetaFile], folder: Path, kind: str, datatype: str) -> MetaFile:
    found = _find(metas, kind, datatype)
    if found is None:
        raise InputError(
            f"the study has no {datatype.lower().replace('_', ' ')} file",
            got=f"meta files in {folder}: {', '.join(m.path.name for m in metas) or 'none'}",
            expected=f"a meta file with genetic_alteration_type: {kind} and datatype: {datatype}",
        )
    return found


def _find(metas: list[MetaFile], kind: str, datatype: str) -> MetaFile | None:
    return next((meta for meta in metas if (meta.kind, meta.datatype) == (kind, datatype)), None)


def _timelines(
    metas: list[MetaFile], patients: pd.Index, samples: pd.DataFrame, report: list[Exclusion]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(treatments, samples with what the timelines say of them)."""
    events = read_timelines([meta.data for meta in metas if meta.datatype == "TIMELINE"])
    return treatments_of(events, patients, report), add_specimens(samples, events, report)


def _variants(
    metas: list[MetaFile], samples: pd.DataFrame, genes: GeneTable, report: list[Exclusion]
) -> pd.DataFrame | None:
    found = [meta for meta in metas if meta.kind == "MUTATION_EXTENDED"]
    if not found:
        return None
    for meta in found[1:]:
        report.append(Exclusion("layer", meta.data.name, "not_used", f"{found[0].data.name} is used"))
    variants = read_maf(found[0].data, genes, report)
    variants["sample_id"] = _study_samples(variants["sample_id"], samples.index)
    is_known = variants["sample_id"].isin(samples.index)
    for sample in sorted(set(variants.loc[~is_known, "sample_id"])):
        report.append(Exclusion("sample", sample, "unknown_sample", f"in {found[0].data.name} only"))
    if len(variants) and not is_known.any():
        report.append(
            Exclusion("layer", found[0].data.name, "no_overlap", "none of its samples is in the study")
        )
    return variants[is_known].reset_index(drop=True)


def _study_samples(barcodes: pd.Series, samples: pd.Index) -> pd.Series:
    """TCGA's aliquot barcodes shortened to the study's sample identifiers (15 characters, no vial)."""
    short = barcodes.str.slice(0, 15)
    is_aliquot = ~barcodes.isin(samples) & barcodes.str.startswith("TCGA-") & short.isin(samples)
    return barcodes.mask(is_aliquot, short)


def _sequenced(
    folder: Path,
    metas: list[MetaFile],
    variants: pd.DataFrame | None,
    samples: pd.DataFrame,
    report: list[Exclusion],
) -> frozenset[str]:
    if variants is None:
        return frozenset()
    panel = next((meta.data for meta in metas if meta.kind == "GENE_PANEL_MATRIX"), None)
    told = sequenced_samples(folder, panel)
    if told is None:
        told = frozenset(variants["sample_id"])
        detail = (
            "no sequenced case list or gene panel matrix: samples without a variant count as not sequenced"
        )
        report.append(Exclusion("layer", "mutations", "sequenced_judged", detail))
    for sample in sorted(set(variants["sample_id"]) - told):
        detail = "has variants but is not listed as sequenced: counts as not measured"
        report.append(Exclusion("sample", sample, "not_listed_as_sequenced", detail))
    if unknown := told - set(samples.index):
        detail = f"{len(unknown)} sequenced samples are not in the study"
        report.append(Exclusion("layer", "mutations", "unknown_samples", detail))
    return frozenset(told & set(samples.index))


def _matrices(
    metas: list[MetaFile], samples: pd.DataFrame, genes: GeneTable, report: list[Exclusion]
) -> tuple[pd.DataFrame | None, pd.DataFrame | None, dict[str, pd.DataFrame]]:
    """(expression, discrete copy number, generic layers by name), restricted to the study's samples."""
    expression: pd.DataFrame | None = None
    copy_number: pd.DataFrame | None = None
    layers: dict[str, pd.DataFrame] = {}
    profiles = [meta for meta in metas if meta.kind == "MRNA_EXPRESSION"]
    profile = min(profiles, key=preference, default=None)
    for meta in metas:
        if meta is profile:
            table = read_expression(meta.data, declared_scale(meta), genes, report)
            expression = _known(table, meta, samples, report)
        elif meta.kind == "MRNA_EXPRESSION" and profile is not None:
            told = f"{profile.data.name} is used as the expression"
            report.append(Exclusion("layer", meta.data.name, "not_used", told))
        elif meta.kind == "COPY_NUMBER_ALTERATION" and meta.datatype == "DISCRETE" and copy_number is None:
            copy_number = _known(read_copy_number(meta.data, genes, report), meta, samples, report)
        elif meta.kind == "GENERIC_ASSAY" and meta.datatype == "LIMIT-VALUE":
            properties = meta.keys.get("generic_entity_meta_properties", "").replace(" ", "").split(",")
            layer = _known(read_generic_assay(meta.data, properties, report), meta, samples, report)
            if layer is not None:
                layers[meta.keys.get("stable_id", meta.data.stem.removeprefix("data_")).lower()] = layer
        elif meta.kind not in _READ_ELSEWHERE:
            detail = f"{meta.kind} {meta.datatype} is not read"
            report.append(Exclusion("layer", meta.path.name, "not_used", detail))
    return expression, copy_number, layers


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
