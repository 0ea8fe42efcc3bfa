"""The embedded tables: complete, consistent with each other, official."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from tumorcast.biology._tables import REQUIRED_NOTES, read_table, split_list, table_names
from tumorcast.biology.genes import GeneTable
from tumorcast.biology.network import ROLES, GeneNetwork, embedded_roles
from tumorcast.biology.pathways import embedded_expression_sets, expression_set_sources

EDGE_TYPES = {"activates", "inhibits", "complex", "expresses", "represses", "redundant"}


@pytest.mark.parametrize("name", table_names())
def test_every_table_says_its_source_version_and_licence(name: str) -> None:
    table = read_table(name)
    assert all(table.notes.get(key) for key in REQUIRED_NOTES)
    assert table.rows
    assert all(None not in row and None not in row.values() for row in table.rows), "ragged row"


def test_the_gene_table_has_no_duplicate_of_any_identifier() -> None:
    genes = GeneTable.embedded().genes
    for values in (
        [gene.symbol for gene in genes],
        [gene.entrez for gene in genes if gene.entrez],
        [gene.ensembl for gene in genes if gene.ensembl],
        [alias.upper() for gene in genes for alias in gene.aliases],
    ):
        assert [value for value, n in Counter(values).items() if n > 1] == []


def test_identifiers_are_well_formed() -> None:
    for gene in GeneTable.embedded().genes:
        assert gene.entrez.isdigit()
        assert re.fullmatch(r"(ENSG\d{11})?", gene.ensembl)


def test_no_alias_is_the_symbol_of_another_gene() -> None:
    genes = GeneTable.embedded().genes
    symbols = {gene.symbol.upper() for gene in genes}
    assert [alias for gene in genes for alias in gene.aliases if alias.upper() in symbols] == []


def test_every_gene_in_use_is_in_the_gene_table() -> None:
    known = {gene.symbol for gene in GeneTable.embedded().genes}
    used = set(GeneNetwork.embedded().genes) | set(embedded_roles())
    used |= {gene for genes in embedded_expression_sets().values() for gene in genes}
    targets = {target for row in read_table("agents").rows for target in split_list(row["targets"])}
    assert (used | targets) - known == set()


@pytest.mark.parametrize(
    ("former", "symbol"),
    [
        ("HIST1H3D", "H3C4"),
        ("HIST2H3C", "H3C14"),
        ("HIST1H1D", "H1-3"),
        ("HIST1H2BK", "H2BC12"),
        ("HIST1H2AM", "H2AC17"),
        ("SETD8", "KMT5A"),
        ("PAK7", "PAK5"),
        ("GPR124", "ADGRA2"),
    ],
)
def test_former_symbols_of_panel_genes_reach_the_network(former: str, symbol: str) -> None:
    assert GeneTable.embedded().symbol_of(former) == symbol
    assert symbol in GeneNetwork.embedded().genes


def test_network_edges_are_unique_typed_and_inside_their_pathway() -> None:
    rows = read_table("network_edges").rows
    members = {row["pathway"]: set(split_list(row["genes"])) for row in read_table("pathways").rows}
    keys = [(row["source"], row["target"], row["type"]) for row in rows]
    assert len(set(keys)) == len(keys)
    assert {row["type"] for row in rows} == EDGE_TYPES
    assert all(row["source"] != row["target"] for row in rows)
    assert all({row["source"], row["target"]} <= members[row["pathway"]] for row in rows)


@pytest.mark.parametrize("pair", [("activates", "inhibits"), ("expresses", "represses")])
def test_no_edge_contradicts_another(pair: tuple[str, str]) -> None:
    first, second = (
        {(r["source"], r["target"]) for r in read_table("network_edges").rows if r["type"] == kind}
        for kind in pair
    )
    assert first & second == set()


def test_undirected_edges_are_stored_once() -> None:
    for kind in ("complex", "redundant"):
        pairs = {(r["source"], r["target"]) for r in read_table("network_edges").rows if r["type"] == kind}
        assert not {(b, a) for a, b in pairs} & pairs


def test_pathways_and_expression_sets_name_a_publication() -> None:
    rows = read_table("pathways").rows
    assert len({row["pathway"] for row in rows}) == len(rows)
    references = [row["reference"] for row in rows] + [one.reference for one in expression_set_sources()]
    assert all(re.search(r"\b(19|20)\d\d\b", reference) for reference in references)


def test_the_ten_canonical_pathways_and_repair_are_there() -> None:
    pathways = set(GeneNetwork.embedded().pathways)
    ten = {
        "rtk_ras_mapk",
        "pi3k_akt_mtor",
        "p53",
        "cell_cycle_rb",
        "wnt",
        "notch",
        "hippo",
        "tgf_beta",
        "myc",
        "nrf2",
    }
    repair = {"homologous_recombination", "mismatch_repair", "base_excision", "nucleotide_excision"}
    assert ten | repair <= pathways


def test_expression_sets_are_distinct_and_have_at_least_two_genes() -> None:
    sets = embedded_expression_sets()
    assert len(sets) >= 40
    assert all(len(set(genes)) == len(genes) >= 2 for genes in sets.values())
    assert len({frozenset(genes) for genes in sets.values()}) == len(sets)


def test_roles_are_valid_and_known() -> None:
    roles = embedded_roles()
    assert set(roles.values()) == set(ROLES)
    assert (roles["TP53"], roles["KRAS"], roles["NOTCH1"]) == ("suppressor", "oncogene", "both")


def test_regimens_consist_of_known_agents() -> None:
    agents = {row["name"] for row in read_table("agents").rows}
    assert {a for row in read_table("regimens").rows for a in row["agents"].split(";")} <= agents


def test_symbols_and_entrez_ids_are_official(shared_data: Path) -> None:
    path = shared_data / "GeneSets" / "cbioportal_genes.json"
    if not path.is_file():
        pytest.skip("the reference of official symbols is absent")
    official = {gene["hugoGeneSymbol"]: str(gene["entrezGeneId"]) for gene in json.loads(path.read_text())}
    wrong = {g.symbol: g.entrez for g in GeneTable.embedded().genes if official.get(g.symbol) != g.entrez}
    assert wrong == {}
