"""How long 1,000 patient graphs take to build, against one training step of the same courses.

    python benchmarks/graphs.py [--patients 1000] [--network FILE]

Simulated tumours: variants drawn over the network's genes (median 60 a tumour), copy number of 500 genes. For each
cut of the graph: seconds for all, and the cost of a batch of 32 as a share of one training step (forward, backward,
optimiser) of the network on the mutation graph and 512 tiles a course, in the same process. Medians of five.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from tumorcast.batches.batch import inputs_from
from tumorcast.biology.network import GeneNetwork, read_network
from tumorcast.cohort.arrays import CourseArrays, PatientGraph
from tumorcast.cohort.graph_vocabulary import build_vocabulary
from tumorcast.cohort.graphs import patient_graph
from tumorcast.cohort.packing import pack
from tumorcast.cohort.preprocess import Preprocessor, TileStatistics
from tumorcast.cohort.scaling import TreatmentVocabulary
from tumorcast.config.models import GraphConfig, ModelConfig
from tumorcast.nn.build import build_predictor

BATCH, TILES, TILE_DIM, REPEATS = 32, 512, 1024, 5
CUTS = {
    "altered": GraphConfig(),
    "neighbourhood, 1 hop": GraphConfig(cut="neighbourhood"),
    "smoothed": GraphConfig(cut="smoothed"),
}


def tumours(genes: tuple[str, ...], count: int) -> list[tuple[pd.DataFrame, dict[str, pd.Series]]]:
    """Variants and copy number of simulated tumours."""
    random = np.random.default_rng(0)
    made = []
    for _ in range(count):
        n = min(int(random.lognormal(np.log(60), 0.8)), 2000)
        drawn = {
            "gene": random.choice(genes, n),
            "impact": random.choice(["missense", "truncating", "silent"], n),
            "vaf": random.random(n),
        }
        levels = pd.Series(random.choice([-2, -1, 0, 1, 2], 500, p=[0.01, 0.2, 0.58, 0.2, 0.01]), genes[:500])
        made.append((pd.DataFrame(drawn), {"copy_number": levels.astype(float)}))
    return made


def median_seconds(work: Callable[[], object]) -> float:
    """Median of the repeats."""
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def step_seconds(prepared: Preprocessor, graphs: list[PatientGraph]) -> float:
    """One training step on a batch."""
    random = np.random.default_rng(0)
    courses = [
        CourseArrays(
            str(i), str(i), random.normal(size=(TILES, TILE_DIM)).astype(np.float32), graph,
            np.ones(3, np.float32), {}, {}, np.zeros(2, np.float32), np.ones(2, bool),
        )
        for i, graph in enumerate(graphs)
    ]  # fmt: skip
    model = build_predictor(ModelConfig(), prepared)
    optimiser = torch.optim.AdamW(model.parameters())
    inputs = inputs_from(pack(courses), ())

    def step() -> None:
        optimiser.zero_grad()
        model(inputs).scores.square().mean().backward()
        optimiser.step()

    step()
    return median_seconds(step)


def main() -> None:
    """Print one line a cut."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--patients", type=int, default=1000)
    parser.add_argument("--network", type=Path, help="an edge list; default: the embedded network")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    network = read_network(arguments.network) if arguments.network else GeneNetwork.embedded()
    print(f"network: {len(network.genes)} genes, {network.edge_index.shape[1]} edges")
    made = tumours(network.genes, arguments.patients)
    tiles = TileStatistics("", np.zeros(TILE_DIM, np.float32), np.ones(TILE_DIM, np.float32))
    for name, settings in CUTS.items():
        vocabulary = build_vocabulary(network, [], settings)
        graphs: list[PatientGraph] = []

        def build(vocabulary=vocabulary, graphs=graphs) -> None:
            graphs[:] = [patient_graph(vocabulary, *tumour) for tumour in made]

        seconds = median_seconds(build)
        prepared = Preprocessor(
            ("slide", "mutations"), tiles, vocabulary, {}, {}, TreatmentVocabulary((), ())
        )
        step = step_seconds(prepared, graphs[:BATCH])
        share = seconds / len(made) * BATCH / step
        nodes = statistics.median(len(graph.node_gene) for graph in graphs)
        print(
            f"{name}: {len(made)} graphs in {seconds:.2f} s, median {nodes:.0f} genes; a batch of {BATCH} costs "
            f"{share:.1%} of a training step when built at every step (built once a fold: {share:.1%} / epochs)"
        )


if __name__ == "__main__":
    main()
