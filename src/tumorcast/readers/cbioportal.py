"""A cBioPortal study folder -> `Study`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd

from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.case_lists import sequenced_samples
from tumorcast.readers.clinical import patients_of, read_patients, read_samples
from tumorcast.readers.exposures import exposures_of
from tumorcast.readers.host_links import specimen_events
from tumorcast.readers.host_tables import named_host_files, read_host_files
from tumorcast.readers.inventory import take_inventory
from tumorcast.readers.laboratory import laboratory_of
from tumorcast.readers.maf import read_maf
from tumorcast.readers.meta import MetaFile, read_build, read_meta_files, read_study_meta
from tumorcast.readers.profiles import read_profiles
from tumorcast.readers.samples import sample_ids
from tumorcast.readers.slides_csv import SLIDE_COLUMNS, read_slides
from tumorcast.readers.structural import read_structural_variants
from tumorcast.readers.study import Study
from tumorcast.readers.timeline import add_specimens, read_timelines, treatments_of

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
    events = read_timelines([meta.data for meta in metas if meta.datatype == "TIMELINE"])
    treatments = treatments_of(events, patients.index, report)
    samples = add_specimens(samples, events, report)
    build = read_build(folder)
    variants = _with_fusions(_variants(metas, samples, build, genes, report), metas, samples, genes, report)
    sequenced = _sequenced(folder, metas, variants, samples, report)
    named = named_host_files(metas, report)
    host = read_host_files(named, samples, patients.index, events, report)
    host = replace(host, exposures=exposures_of(events, patients.index, report))
    profiles = read_profiles(metas, samples, build, genes, report)
    slides_file = folder / "slides.csv"
    slides = pd.DataFrame(columns=list(SLIDE_COLUMNS))
    if slides_file.is_file():
        slides = read_slides(slides_file, samples.index, report)
    covered = samples[COVERED_MB].dropna() if COVERED_MB in samples else pd.Series(dtype=float)
    return Study(
        study_id=study_id, origin=origin, folder=folder, patients=patients,
        samples=samples.drop(columns=[COVERED_MB], errors="ignore"), treatments=treatments, variants=variants,
        sequenced=sequenced, sequenced_mb={str(k): float(v) for k, v in covered.items() if k in sequenced},
        expression=profiles.expression, copy_number=profiles.copy_number, segments=profiles.segments, build=build,
        layers=profiles.layers, laboratory=laboratory_of(events, patients.index, report), host=host,
        specimens=specimen_events(events), slides=slides,
        report=report, digests=take_inventory(folder, metas, report),
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


def _variants(
    metas: list[MetaFile], samples: pd.DataFrame, build: str, genes: GeneTable, report: list[Exclusion]
) -> pd.DataFrame | None:
    found = [meta for meta in metas if meta.kind == "MUTATION_EXTENDED"]
    if not found:
        return None
    for meta in found[1:]:
        report.append(Exclusion("layer", meta.data.name, "not_used", f"{found[0].data.name} is used"))
    variants = read_maf(found[0].data, genes, report, build)
    variants["sample_id"] = sample_ids(variants["sample_id"], samples.index)
    is_known = variants["sample_id"].isin(samples.index)
    for sample in sorted(set(variants.loc[~is_known, "sample_id"])):
        report.append(Exclusion("sample", sample, "unknown_sample", f"in {found[0].data.name} only"))
    if len(variants) and not is_known.any():
        report.append(
            Exclusion("layer", found[0].data.name, "no_overlap", "none of its samples is in the study")
        )
    return variants[is_known].reset_index(drop=True)


def _with_fusions(
    variants: pd.DataFrame | None, metas: list[MetaFile], samples: pd.DataFrame, genes: GeneTable,
    report: list[Exclusion],
) -> pd.DataFrame | None:  # fmt: skip
    """The variants, and those of the study's structural variants that belong to its samples."""
    found = _find(metas, "STRUCTURAL_VARIANT", "SV")
    if found is None:
        return variants
    fusions = read_structural_variants(found.data, genes, report)
    fusions["sample_id"] = sample_ids(fusions["sample_id"], samples.index)
    is_known = fusions["sample_id"].isin(samples.index)
    if not is_known.all():
        told = f"{int((~is_known).sum())} rearrangements of samples that are not in the study"
        report.append(Exclusion("layer", found.data.name, "unknown_samples", told))
    return (
        fusions[is_known] if variants is None else pd.concat([variants, fusions[is_known]], ignore_index=True)
    )


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
