"""The host in FHIR: what the panel tells, nothing else; codes where they are known, no value where nothing is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle

from toy_host_folder import toy_host
from toy_report import toy_record, toy_refusal
from tumorcast.clinic.host.record import HostRecord
from tumorcast.clinic.host.words import quoted, source_of
from tumorcast.clinic.report.fhir import fhir_of, fhir_text
from tumorcast.clinic.report.fhir_host import _METABOLIZERS

LOINC = "http://loinc.org"
CODES = {
    "84413-4", "48018-6", "51963-7", "53040-2", "LA10315-2", "LA25390-8", "LA25391-6", "LA10317-8", "LA9657-3",
}  # fmt: skip
"""Those that HL7's Genomics Reporting names for this."""


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> HostRecord:
    """DPYD *2A, UGT1A1 and CYP2D6 (no call) for FOLFIRI and tamoxifen, two scores, blood and tumour."""
    return toy_host(tmp_path_factory.mktemp("host") / "made")


def resources(host: HostRecord) -> list[Any]:
    told = fhir_of(replace(toy_refusal(), host=host))
    read = Bundle.model_validate_json(json.dumps(told))
    assert len({entry.fullUrl for entry in read.entry or []}) == len(told["entry"])
    return told["entry"]


def said(host: HostRecord, text: str) -> Any:
    found = [one["resource"] for one in resources(host) if one["resource"]["code"]["text"] == text]
    assert len(found) == 1
    return found[0]


def codings(told: Any) -> Iterator[tuple[str, str]]:
    if isinstance(told, dict):
        if "system" in told and "code" in told:
            yield told["system"], told["code"]
        for value in told.values():
            yield from codings(value)
    elif isinstance(told, list):
        for value in told:
            yield from codings(value)


def component(resource: Any, code: str) -> Any:
    return next(one for one in resource["component"] if one["code"]["coding"][0]["code"] == code)


def test_guidance_is_an_implication_of_genotypes_with_quotation_and_source(host: HostRecord) -> None:
    one = host.about(["fluorouracil"])[0]
    told = said(host, "Guidance on fluorouracil")
    assert told["code"]["coding"][0]["code"] == "therapeutic-implication"
    assert component(told, "51963-7")["valueCodeableConcept"]["text"] == "fluorouracil"
    effect = component(told, "53040-2")
    assert effect["valueCodeableConcept"]["coding"][0]["code"] == "LA10317-8"
    assert component(told, "guidance-quoted")["valueString"] == quoted(one)
    assert component(told, "guidance-source")["valueString"] == source_of(one)
    addresses = {entry["fullUrl"]: entry["resource"] for entry in resources(host)}
    (gene,) = (addresses[link["reference"]] for link in told["derivedFrom"])
    assert gene["code"]["coding"][0]["code"] == "84413-4"
    assert component(gene, "48018-6")["valueCodeableConcept"]["text"] == "DPYD"
    assert "*2A" in gene["valueCodeableConcept"]["text"]
    assert "does not mean safe" in gene["note"][1]["text"]


def test_what_is_not_known_has_no_value_and_its_reason(host: HostRecord) -> None:
    gene, told = said(host, "Genotype of CYP2D6"), said(host, "Guidance on tamoxifen")
    assert "valueCodeableConcept" not in gene
    assert "which is not normal" in gene["dataAbsentReason"]["text"]
    assert "dataAbsentReason" in component(told, "guidance-quoted")
    assert "dataAbsentReason" in component(told, "phenotype-as-used")
    assert "53040-2" not in json.dumps(told)
    refused = said(host, "PGS2")
    assert "valueQuantity" not in refused
    assert refused["dataAbsentReason"]["text"]
    tumour = next(one["resource"] for one in resources(host) if "P1-T1" in one["resource"]["code"]["text"])
    ages = [one for one in tumour["component"] if one["code"]["coding"][0]["code"] == "clock-age"]
    assert ages
    assert not [one for one in ages if "valueQuantity" in one]


def test_nothing_is_told_that_was_not_asked_and_no_code_is_made_up(host: HostRecord) -> None:
    text = fhir_text(replace(toy_record(), host=host))
    for other in ("TPMT", "NUDT15", "CYP2C19", "SLCO1B1", "G6PD"):
        assert other not in text
    found = set(codings(resources(host)))
    assert {code for system, code in found if system == LOINC} <= CODES
    assert {code for code, _ in _METABOLIZERS.values()} <= CODES
    assert LOINC not in fhir_text(toy_record())


@pytest.mark.parametrize("phenotype", [*_METABOLIZERS, "Likely Poor Metabolizer", "Deficient"])
def test_an_answer_is_coded_where_it_is_the_genes_own_and_the_same_word(
    host: HostRecord, phenotype: str
) -> None:
    gene = replace(host.genes[0], phenotype=phenotype)
    own = said(replace(host, genes=(gene, *host.genes[1:])), "Guidance on fluorouracil")
    assert ("53040-2" in json.dumps(own)) is (phenotype in _METABOLIZERS)
    under = replace(gene, is_converted=True)
    told = said(replace(host, genes=(under, *host.genes[1:])), "Guidance on fluorouracil")
    assert component(told, "phenotype-as-used")["valueCodeableConcept"] == {"text": phenotype}
