"""Patient graphs: who is a node, what stands on it, which edges join them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.network import GeneNetwork
from tumorcast.biology.variants import IMPACTS
from tumorcast.cohort import graphs
from tumorcast.cohort.graph_vocabulary import SAME_PATHWAY, build_vocabulary, frequent_genes
from tumorcast.cohort.graphs import altered_genes, patient_graph, propagate
from tumorcast.cohort.scaling import LayerScaler
from tumorcast.config.models import GraphConfig

GENES = ("A", "B", "C", "D", "E", "F")


def chain(weights=(1.0, 0.5, 1.0, 1.0)) -> GeneNetwork:
    """A - B - C - D - E, F alone; A and C share a pathway."""
    ends = np.array([[0, 1, 2, 3], [1, 2, 3, 4]])
    return GeneNetwork(
        GENES, ends, np.zeros(4, np.int64), np.array(weights, np.float32), ("activates",),
        {"one": ("A", "C"), "two": ("E",)}, {"A": "oncogene"}, "test", "1",
    )  # fmt: skip


def variants(*genes: str, impact: str = "missense", vaf: float = 0.4) -> pd.DataFrame:
    return pd.DataFrame({"gene": list(genes), "impact": impact, "vaf": vaf})


def column(vocabulary, graph, name: str) -> list[float]:
    return graph.node_features[:, vocabulary.node_feature_names.index(name)].tolist()


def names(vocabulary, graph) -> list[str]:
    return [vocabulary.genes[i] for i in graph.node_gene]


def joined(vocabulary, graph) -> set[tuple[str, str, str, float]]:
    at = names(vocabulary, graph)
    return {
        (at[a], at[b], vocabulary.edge_type_names[kind], round(float(weight), 3))
        for (a, b), kind, weight in zip(graph.edge_index.T, graph.edge_type, graph.edge_weight, strict=True)
    }


def test_altered_genes_alone_and_their_edges():
    vocabulary = build_vocabulary(chain(), [])
    graph = patient_graph(vocabulary, variants("C", "B", "A", "Z"), {})
    assert names(vocabulary, graph) == altered_genes(vocabulary, graph) == ["A", "B", "C"]
    assert joined(vocabulary, graph) == {
        ("A", "B", "activates", 1.0), ("B", "A", "activates", 1.0), ("B", "C", "activates", 0.5),
        ("C", "B", "activates", 0.5), ("A", "C", SAME_PATHWAY, 1.0), ("C", "A", SAME_PATHWAY, 1.0),
    }  # fmt: skip
    assert column(vocabulary, graph, "missense") == [1, 1, 1]
    assert column(vocabulary, graph, "role:oncogene") == [1, 0, 0]


def test_silent_variants_make_no_node_and_nothing_found_is_an_empty_graph():
    vocabulary = build_vocabulary(chain(), [])
    graph = patient_graph(vocabulary, variants("A", impact="silent"), {})
    assert graph.node_features.shape == (0, len(vocabulary.node_feature_names))
    assert graph.edge_index.shape == (2, 0)


def test_strong_copy_number_makes_a_node_and_weak_does_not():
    vocabulary = build_vocabulary(chain(), [])
    levels = pd.Series({"A": -2.0, "B": 1.0, "C": 2.0, "D": np.nan})
    graph = patient_graph(vocabulary, variants("E"), {"copy_number": levels})
    assert names(vocabulary, graph) == ["A", "C", "E"]
    assert column(vocabulary, graph, "deep_deletion") == [1, 0, 0]
    assert column(vocabulary, graph, "amplification") == [0, 1, 0]
    assert column(vocabulary, graph, "copy_number_known") == [1, 1, 0]


@pytest.mark.parametrize(
    ("hops", "most", "expected"), [(1, 256, "ABC"), (2, 256, "ABCD"), (4, 256, "ABCDE"), (4, 2, "BC")]
)
def test_neighbourhood_reaches_as_far_as_its_hops(hops, most, expected):
    settings = GraphConfig(cut="neighbourhood", hops=hops, most_nodes=most)
    vocabulary = build_vocabulary(chain(), [], settings)
    graph = patient_graph(vocabulary, variants("B"), {})
    assert "".join(names(vocabulary, graph)) == (expected if most > 2 else "AB")
    altered = dict(zip(names(vocabulary, graph), column(vocabulary, graph, "altered"), strict=True))
    assert {gene for gene, is_altered in altered.items() if is_altered} == {"B"}
    assert altered_genes(vocabulary, graph) == ["B"]
    heat = dict(zip(names(vocabulary, graph), column(vocabulary, graph, "heat"), strict=True))
    assert max(heat, key=heat.get) == "B"


def test_altered_genes_stay_where_there_is_no_room_for_others():
    vocabulary = build_vocabulary(chain(), [], GraphConfig(cut="smoothed", most_nodes=1))
    graph = patient_graph(vocabulary, variants("A", "D", "F"), {})
    assert names(vocabulary, graph) == ["A", "D", "F"]


def test_propagation_is_the_random_walk_with_restart():
    """Against the closed form p = r (I - (1 - r) W)^-1 p0."""
    vocabulary = build_vocabulary(chain(), [], GraphConfig(cut="smoothed", restart=0.4))
    heat = propagate(vocabulary, np.array([1, 5]))
    start = np.zeros(6)
    start[[1, 5]] = 0.5
    walk = vocabulary.walk.toarray()
    expected = 0.4 * np.linalg.solve(np.eye(6) - 0.6 * walk, start)
    np.testing.assert_allclose(heat, expected, atol=1e-5)
    assert heat[0] > heat[2] * 0.9  # B is tied to A twice as strongly as to C


def test_measured_layers_stand_on_their_nodes():
    scaler = LayerScaler(("A", "C"), np.array([1.0, 2.0], np.float32), np.array([2.0, 1.0], np.float32))
    vocabulary = build_vocabulary(
        chain(),
        [],
        GraphConfig(layers=("expression", "methylation")),
        {"expression": scaler, "methylation": scaler},
    )
    row = pd.Series({"A": 5.0, "C": np.nan})
    graph = patient_graph(vocabulary, variants("A", "B", "C"), {"expression": row})
    assert column(vocabulary, graph, "expression") == [2.0, 0, 0]
    assert column(vocabulary, graph, "expression_known") == [1, 0, 0]
    assert column(vocabulary, graph, "methylation_known") == [0, 0, 0]


def test_every_impact_has_its_column():
    vocabulary = build_vocabulary(chain(), [])
    graph = patient_graph(vocabulary, variants("A", impact="truncating", vaf=np.nan), {})
    assert [column(vocabulary, graph, impact) for impact in IMPACTS].count([1.0]) == 1
    assert column(vocabulary, graph, "vaf_known") == [0]


def test_frequent_genes_are_those_of_many_courses():
    rows = [(f"c{i}", "OFTEN", "missense") for i in range(6)] + [("c0", "RARE", "missense")] * 6
    table = pd.DataFrame([*rows, *[(f"c{i}", "MUTE", "silent") for i in range(6)]],
                         columns=["course_id", "gene", "impact"])  # fmt: skip
    assert frequent_genes(table, 100) == ["OFTEN"]


def test_copy_number_of_other_courses_is_not_touched():
    vocabulary = build_vocabulary(chain(), [])
    table = pd.DataFrame([[2.0, -2.0], ["not", "touched"]], columns=["A", "B"], dtype=object)
    assert graphs._levels(vocabulary, table, np.array([0]))[0, :2].tolist() == [2, -2]
