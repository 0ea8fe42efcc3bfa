"""Somatic variants of the simulated tumours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.biology.network import GeneNetwork
from tumorcast.biology.variants import impact_of
from tumorcast.cohort.simulate.gene_pool import DRIVER_FREQUENCIES, LONG_PASSENGERS, tail_genes
from tumorcast.cohort.simulate.patients import CODING_GENES, Patients
from tumorcast.cohort.simulate.planted import PLANTED_GENES, PLANTED_PATHWAYS
from tumorcast.cohort.simulate.samples import SimulatedSample

_EXOME_MB = 38.0
_ONCOGENES = frozenset(
    ("KRAS", "NRAS", "HRAS", "BRAF", "PIK3CA", "EGFR", "CTNNB1", "IDH1", "ERBB2", "ERBB3", "KIT", "PDGFRA",
     "MET", "FGFR2", "FGFR3", "GNAS", "NFE2L2", "SF3B1", "MAP2K1", "MTOR")
)  # fmt: skip
_CLASSES = ("Missense_Mutation", "Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins", "Splice_Site",
            "In_Frame_Del", "Silent", "5'Flank")  # fmt: skip
_CHANCES = {
    "passenger": (0.68, 0.055, 0.03, 0.015, 0.02, 0.01, 0.19, 0.0),
    "suppressor": (0.42, 0.25, 0.17, 0.08, 0.08, 0.0, 0.0, 0.0),
    "oncogene": (0.95, 0.0, 0.0, 0.0, 0.0, 0.05, 0.0, 0.0),
    "loss": (0.0, 0.42, 0.26, 0.14, 0.18, 0.0, 0.0, 0.0),
    "tolerated": (0.76, 0.0, 0.0, 0.0, 0.0, 0.03, 0.21, 0.0),
    "promoter": (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0),
}
_NONSYNONYMOUS_SHARE = 0.81
_AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"


def passenger_weights() -> dict[str, float]:
    """Captured gene -> its rate of passengers (1: an ordinary gene); planted genes have hits of their own."""
    genes = [*GeneNetwork.embedded().genes, *DRIVER_FREQUENCIES, *tail_genes()]
    weights = {gene: 1.0 for gene in sorted(set(genes)) if gene not in PLANTED_GENES}
    return {**weights, **{gene: float(times) for gene, times in LONG_PASSENGERS.items()}}


def planted_pathway_genes() -> frozenset[str]:
    """Genes of the pathways that the formula reads: in the planted genes every hit is a loss of function, in
    the others passengers are tolerated, so that "a damaging variant in the pathway" is what counts."""
    pathways = GeneNetwork.embedded().pathways
    return frozenset(gene for name in PLANTED_PATHWAYS for gene in pathways[name])


def captured_mb() -> float:
    """Megabases of the captured genes."""
    return round((sum(passenger_weights().values()) + len(PLANTED_GENES)) * _EXOME_MB / CODING_GENES, 2)


def draw_tumour_variants(random: np.random.Generator, patients: Patients) -> pd.DataFrame:
    """Variants of every tumour: patient (index), gene, variant_class, clonality (0-1), protein_change."""
    weights = passenger_weights()
    names, rates = np.array(list(weights)), np.array(list(weights.values()))
    expected = patients.n_nonsynonymous / _NONSYNONYMOUS_SHARE * rates.sum() / CODING_GENES
    counts = random.poisson(expected)
    n = len(patients)
    passenger = pd.DataFrame({
        "patient": np.repeat(np.arange(n), counts),
        "gene": random.choice(names, counts.sum(), p=rates / rates.sum()),
        "kind": "passenger",
    })  # fmt: skip
    passenger.loc[passenger["gene"].isin(planted_pathway_genes()), "kind"] = "tolerated"
    drivers = {gene: rate for gene, rate in DRIVER_FREQUENCIES.items() if gene not in PLANTED_GENES}
    is_driven = random.random((n, len(drivers))) < np.array(list(drivers.values()))
    table = pd.concat(
        [passenger, _hits(is_driven, tuple(drivers)), _hits(patients.is_hit, PLANTED_GENES)],
        ignore_index=True,
    )
    table = table.drop_duplicates(["patient", "gene"], keep="last").sort_values(["patient", "gene"])
    table["variant_class"] = _draw_classes(random, table["kind"].to_numpy())
    is_clonal = ~table["kind"].isin(["passenger", "tolerated"]).to_numpy() | (random.random(len(table)) < 0.6)
    table["clonality"] = np.where(is_clonal, 1.0, random.uniform(0.15, 0.7, len(table)))
    table["protein_change"] = _protein_changes(random, len(table))
    return table.drop(columns="kind").reset_index(drop=True)


def measured_variants(
    random: np.random.Generator, tumours: pd.DataFrame, samples: Sequence[SimulatedSample]
) -> pd.DataFrame:
    """The study's variant table for the samples in which mutations were measured."""
    by_patient = dict(tuple(tumours.groupby("patient")))
    parts = []
    for sample in samples:
        if "mutations" not in sample.layers:
            continue
        purity = random.uniform(0.3, 0.85)
        if sample.patient not in by_patient:
            continue
        own = by_patient[sample.patient]
        depth = random.integers(60, 400, len(own))
        vaf = random.binomial(depth, np.clip(own["clonality"] * purity / 2, 0.02, 0.95)) / depth
        vaf = np.where(random.random(len(own)) < 0.02, np.nan, np.maximum(vaf, 1 / depth).round(3))
        parts.append(own.assign(sample_id=sample.sample_id, vaf=vaf))
    columns = ["sample_id", "gene", "variant_class", "vaf", "impact", "protein_change"]
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    table["impact"] = table["variant_class"].map(impact_of)
    return table[columns]


def _hits(is_hit: NDArray[np.bool_], genes: Sequence[str]) -> pd.DataFrame:
    patient, place = np.nonzero(is_hit)
    names = np.array(genes)[place]
    return pd.DataFrame({"patient": patient, "gene": names, "kind": [_kind(gene) for gene in names]})


def _kind(gene: str) -> str:
    if gene in PLANTED_GENES:
        return "loss"
    return "promoter" if gene == "TERT" else "oncogene" if gene in _ONCOGENES else "suppressor"


def _draw_classes(random: np.random.Generator, kinds: NDArray[np.object_]) -> NDArray[np.str_]:
    drawn = np.empty(len(kinds), dtype="U20")
    for kind, chances in _CHANCES.items():
        is_kind = kinds == kind
        drawn[is_kind] = random.choice(_CLASSES, is_kind.sum(), p=chances)
    return drawn


def _protein_changes(random: np.random.Generator, n: int) -> list[str]:
    letters = random.choice(list(_AMINO_ACIDS), (n, 2))
    places = random.integers(2, 1200, n)
    return [f"p.{a}{place}{b}" for (a, b), place in zip(letters.tolist(), places.tolist(), strict=True)]
