"""Gene networks: the embedded one and files of users."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from tumorcast.biology.edge_lists import LARGEST_CLIQUE
from tumorcast.biology.gene_sets import read_gmt
from tumorcast.biology.genes import GeneTable
from tumorcast.biology.network import GeneNetwork, read_network
from tumorcast.domain.errors import InputError


def edges_of(network: GeneNetwork) -> set[tuple[str, str, str, float]]:
    ends = network.edge_index.T
    return {
        (network.genes[s], network.genes[t], network.edge_type_names[k], round(float(w), 3))
        for (s, t), k, w in zip(ends, network.edge_type, network.edge_weight, strict=True)
    }


def check_arrays(network: GeneNetwork) -> None:
    n_edges = len(network.edge_type)
    assert network.edge_index.shape == (2, n_edges)
    assert network.edge_index.dtype == network.edge_type.dtype == np.int64
    assert network.edge_weight.shape == (n_edges,)
    assert network.edge_weight.dtype == np.float32
    assert network.edge_index.max() < len(network.genes)
    assert network.edge_type.max() < len(network.edge_type_names)
    assert (network.edge_index[0] != network.edge_index[1]).all()
    assert list(network.genes) == sorted(set(network.genes))
    assert {gene for members in network.pathways.values() for gene in members} <= set(network.genes)
    assert set(network.roles) <= set(network.genes)


def test_the_embedded_network_is_consistent_and_large_enough() -> None:
    network = GeneNetwork.embedded()
    check_arrays(network)
    assert len(network.genes) >= 1700
    assert network.edge_index.shape[1] >= 2900
    assert network.source
    assert network.version


@pytest.mark.parametrize(
    "edge",
    [
        ("MDM2", "TP53", "inhibits"),
        ("BRAF", "MAP2K1", "activates"),
        ("TP53", "CDKN1A", "expresses"),
        ("EZH2", "CDKN2A", "represses"),
        ("JAK1", "STAT1", "activates"),
        ("KEAP1", "NFE2L2", "inhibits"),
        ("BRCA2", "RAD51", "complex"),
        ("CD274", "PDCD1", "activates"),
        ("EFNB2", "EPHB4", "activates"),
        ("P2RY8", "GNA13", "activates"),
        ("NEK9", "NEK7", "activates"),
    ],
)
def test_the_embedded_network_knows_textbook_edges(edge: tuple[str, str, str]) -> None:
    assert (*edge, 1.0) in edges_of(GeneNetwork.embedded())


def test_the_embedded_network_covers_the_genes_of_cancer_panels(shared_data: Path) -> None:
    panels = json.loads((shared_data / "GeneSets" / "cbioportal_gene_panels.json").read_text())
    table, known = GeneTable.embedded(), set(GeneNetwork.embedded().genes)
    for panel, least in (("IMPACT505", 0.93), ("FMI-T7", 0.9), ("DFCI-ONCOPANEL-3", 0.9)):
        names = [
            gene["hugoGeneSymbol"] for one in panels if one["genePanelId"] == panel for gene in one["genes"]
        ]
        assert np.mean([(table.symbol_of(name) or name) in known for name in names]) > least


def test_string_ids_are_named_by_the_information_file(tmp_path: Path) -> None:
    (tmp_path / "9606.protein.info.v12.0.txt").write_text(
        "#string_protein_id\tpreferred_name\n9606.ENSP1\tTP53\n9606.ENSP2\tMDM2\n9606.ENSP3\tHER2\n"
    )
    path = tmp_path / "9606.protein.links.v12.0.txt.gz"
    text = (
        "protein1 protein2 combined_score\n9606.ENSP1 9606.ENSP2 999\n9606.ENSP2 9606.ENSP1 999\n"
        "9606.ENSP1 9606.ENSP3 800\n9606.ENSP2 9606.ENSP3 150\n"
    )
    path.write_bytes(gzip.compress(text.encode()))
    network = read_network(path)
    check_arrays(network)
    assert edges_of(network) == {("MDM2", "TP53", "interacts", 0.999), ("ERBB2", "TP53", "interacts", 0.8)}
    assert network.roles == {"MDM2": "oncogene", "TP53": "suppressor", "ERBB2": "oncogene"}


def test_string_without_names_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "links.txt"
    path.write_text("protein1 protein2 combined_score\n9606.ENSP00000269305 9606.ENSP00000258149 999\n")
    with pytest.raises(InputError, match=r"protein\.info"):
        read_network(path)


def test_omnipath_signs_become_types(tmp_path: Path) -> None:
    path = tmp_path / "omnipath.tsv"
    path.write_text(
        "source\ttarget\tsource_genesymbol\ttarget_genesymbol\tis_stimulation\tis_inhibition\n"
        "P1\tP2\tBRAF\tMAP2K1\t1\t0\nP3\tP4\tMDM2\tTP53\tFalse\tTrue\nP5\tP6\tSRC\tABL1\t0\t0\n"
    )
    network = read_network(path)
    check_arrays(network)
    assert edges_of(network) == {
        ("BRAF", "MAP2K1", "activates", 1.0),
        ("MDM2", "TP53", "inhibits", 1.0),
        ("SRC", "ABL1", "interacts", 1.0),
    }


def test_reactome_arrows_become_directions(tmp_path: Path) -> None:
    path = tmp_path / "FIs.txt"
    path.write_text(
        "Gene1\tGene2\tAnnotation\tDirection\tScore\n"
        "BRAF\tMAP2K1\tactivate\t->\t1.00\nTP53\tMDM2\tinhibited by\t|-\t0.9\n"
        "FOS\tJUN\tcomplex\t-\t0.8\nEGFR\tGRB2\tactivate\t<->\t0.7\n"
    )
    network = read_network(path)
    check_arrays(network)
    assert edges_of(network) == {
        ("BRAF", "MAP2K1", "activates", 1.0),
        ("MDM2", "TP53", "inhibits", 0.9),
        ("FOS", "JUN", "interacts", 0.8),
        ("EGFR", "GRB2", "activates", 0.7),
        ("GRB2", "EGFR", "activates", 0.7),
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "TP53\tMDM2\nHER2\tEGFR\n",
            {("TP53", "MDM2", "interacts", 1.0), ("ERBB2", "EGFR", "interacts", 1.0)},
        ),
        ("source,target,weight\nTP53,MDM2,0.25\n", {("TP53", "MDM2", "interacts", 0.25)}),
        ("TP53 MDM2 expresses\n", {("TP53", "MDM2", "expresses", 1.0)}),
        ("7157\t4193\nTP53\tTP53\n", {("TP53", "MDM2", "interacts", 1.0)}),
    ],
)
def test_plain_edge_lists(tmp_path: Path, text: str, expected: set[tuple[str, str, str, float]]) -> None:
    path = tmp_path / "edges.txt"
    path.write_text(text)
    network = read_network(path)
    check_arrays(network)
    assert edges_of(network) == expected


def test_humannet_names_genes_by_entrez_and_weighs_by_likelihood(tmp_path: Path) -> None:
    path = tmp_path / "HumanNet-XC.tsv.gz"
    path.write_bytes(
        gzip.compress(b"#gene1\tgene2\tLLS\n7157\t4193\t4.25\n672\t675\t3.5\n672\t99999999\t2\n")
    )
    network = read_network(path)
    assert edges_of(network) == {("TP53", "MDM2", "interacts", 4.25), ("BRCA1", "BRCA2", "interacts", 3.5)}


def test_small_sets_are_cliques_and_large_ones_stars(tmp_path: Path) -> None:
    large = [f"GENE{i:03d}" for i in range(LARGEST_CLIQUE + 20)]
    path = tmp_path / "sets.gmt"
    path.write_text("small\tx\tTP53\tMDM2\tATM\nlarge\tx\t" + "\t".join([*large, "TP53"]) + "\n")
    network = read_network(path)
    check_arrays(network)
    assert network.edge_index.shape[1] == 3 + len(large)
    assert network.pathways["small"] == ("ATM", "MDM2", "TP53")
    hub = network.genes.index("TP53")
    assert (network.edge_index == hub).any(axis=0).sum() == 2 + len(large)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# only a remark\n",
        "a\tb\tc\td\te\n1\t2\t3\t4\t5\n",
        "TP53\n",
        "TP53\tTP53\n",
        "TP53\tMDM2\nATM\n",
    ],
)
def test_files_that_are_no_network_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "edges.tsv"
    path.write_text(text)
    with pytest.raises(InputError):
        read_network(path)


def test_absent_and_binary_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not found"):
        read_network(tmp_path / "absent.tsv")
    (tmp_path / "binary.tsv").write_bytes(b"\xff\xfe\x00\x01\x9f")
    with pytest.raises(InputError, match="text"):
        read_network(tmp_path / "binary.tsv")


def test_gmt_sets_are_read_and_faults_are_named(tmp_path: Path) -> None:
    path = tmp_path / "sets.gmt"
    path.write_text("A\tfirst\tTP53\tTP53\tMDM2\t\n\nB\tsecond\tATM\n")
    assert read_gmt(path) == {"A": ("TP53", "MDM2"), "B": ("ATM",)}
    path.write_text("A\tfirst\tTP53\nA\tagain\tATM\n")
    with pytest.raises(InputError, match="line 2"):
        read_gmt(path)
    path.write_text("A\tfirst\n")
    with pytest.raises(InputError, match="line 1"):
        read_gmt(path)


def test_a_real_gmt_becomes_a_network(shared_data: Path) -> None:
    path = shared_data / "GeneSets" / "ReactomePathways.gmt"
    if not path.is_file():
        pytest.skip("Reactome's GMT is absent")
    network = read_network(path)
    check_arrays(network)
    assert len(network.genes) > 8_000
