"""Made-up courses have the shapes of real ones, whatever the model is made of."""

from __future__ import annotations

import pytest

from toy_courses import toy_preprocessor
from tumorcast.cohort.graph_vocabulary import NO_GENES
from tumorcast.cohort.graphs import empty_graph
from tumorcast.export.probes import probe_course


@pytest.mark.parametrize("modalities", [("expression", "clinical"), ("mutations",), ("slide", "mutations")])
def test_graphs_are_as_wide_as_those_of_the_preprocessor(modalities):
    prepared = toy_preprocessor().narrowed(modalities)
    probe = probe_course(prepared, seed=0)
    empty = empty_graph(prepared.graph or NO_GENES)
    assert probe.graph.node_features.shape[1] == empty.node_features.shape[1]
    assert (len(probe.graph.node_gene) > 0) == ("mutations" in modalities)
