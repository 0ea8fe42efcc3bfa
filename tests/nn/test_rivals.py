"""What every kind of network promises: packing, order and absent content do not matter; a batch can be learned."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from toy_courses import MODALITIES, toy_course, toy_labels, toy_preprocessor
from tumorcast.batches.batch import CourseInputs, CourseLabels, inputs_from
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.config.models import ModelConfig
from tumorcast.domain.errors import InputError
from tumorcast.nn.build import build_net
from tumorcast.nn.course_net import CourseNet
from tumorcast.nn.losses import OutcomeLoss
from tumorcast.nn.predictor import PredictorOutput
from tumorcast.nn.rivals.nystrom import NystromAttention, pseudo_inverse

HEADS = ("response", "ordinal", "survival")
KINDS = ("abmil", "clam", "transmil", "mcat", "survpath", "concat")
WITH_TILES_IN_ORDER = ("transmil",)
SEE_OTHERS = ("mcat", "survpath", "concat")


def made(kind: str, heads: tuple[str, ...] = HEADS) -> CourseNet:
    torch.manual_seed(0)
    net = build_net(ModelConfig(kind=kind, heads=heads, rival_width=16, dropout=0.1), toy_preprocessor())
    with torch.no_grad():  # away from the zeros that some layers start from
        for parameter in net.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return net.eval()


@pytest.fixture(params=KINDS)
def kind(request) -> str:
    return request.param


@pytest.fixture
def net(kind) -> CourseNet:
    return made(kind)


def inputs_of(courses: list[CourseArrays]) -> CourseInputs:
    return inputs_from(pack(courses), tuple(courses[0].layers))


def said(net: CourseNet, courses: list[CourseArrays]) -> PredictorOutput:
    with torch.inference_mode():
        return net(inputs_of(courses))


def score(net: CourseNet, courses: list[CourseArrays]) -> np.ndarray:
    return said(net, courses).scores.numpy()


UNEQUAL = [
    toy_course(0),
    toy_course(1, n_tiles=0, n_genes=0, present=("expression",)),
    toy_course(2, n_tiles=1, n_genes=1),
    toy_course(3, n_tiles=150, n_genes=20),
    toy_course(4, present=("mutations", "clinical")),
    toy_course(5, n_genes=0),
    toy_course(6, n_tiles=0, n_genes=0, present=()),
]


def test_outputs_have_the_promised_shapes(net):
    found = said(net, UNEQUAL)
    courses, tiles = len(UNEQUAL), sum(len(course.tiles) for course in UNEQUAL)
    assert found.scores.shape == (courses, len(HEADS))
    assert found.ordinal_logits.shape == (courses, 3)
    assert found.single_scores.shape == (courses, len(MODALITIES), len(HEADS))
    assert torch.isfinite(found.scores).all()
    assert found.tile_attention.shape in {(tiles,), (0,)}


def test_a_course_alone_scores_as_among_others_in_any_order(net):
    together = score(net, UNEQUAL)
    alone = np.concatenate([score(net, [course]) for course in UNEQUAL])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    np.testing.assert_allclose(together[::-1], score(net, UNEQUAL[::-1]), atol=1e-5)


def test_order_of_tiles_and_of_altered_genes_does_not_matter(kind, net):
    course = toy_course(4, n_tiles=50, n_genes=12)
    random = np.random.default_rng(1)
    order = random.permutation(12)
    graph = replace(
        course.graph,
        node_gene=course.graph.node_gene[order],
        node_features=course.graph.node_features[order],
        edge_index=np.argsort(order)[course.graph.edge_index],
    )
    shuffled = replace(course, graph=graph)
    if kind not in WITH_TILES_IN_ORDER:
        shuffled = replace(shuffled, tiles=course.tiles[random.permutation(50)])
    np.testing.assert_allclose(score(net, [course]), score(net, [shuffled]), atol=1e-5)


def test_tile_attention_sums_to_one_where_a_slide_is_looked_at(net):
    found = said(net, UNEQUAL).tile_attention
    if not len(found):
        pytest.skip("this kind has no tile attention")
    sizes = [len(course.tiles) for course in UNEQUAL]
    sums = [float(part.sum()) for part in found.split(sizes)]
    seen = [bool(size) and bool(course.is_present[0]) for size, course in zip(sizes, UNEQUAL, strict=True)]
    np.testing.assert_allclose(sums, np.array(seen, float), atol=1e-5)
    assert (found >= 0).all()


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_content_of_absent_modalities_does_not_matter(net, size):
    for present in itertools.combinations(MODALITIES, size):
        course = toy_course(5, present=present)
        other = toy_course(6, n_tiles=30, n_genes=8, present=present)
        mixed = replace(
            course,
            tiles=course.tiles if "slide" in present else other.tiles * np.nan,
            graph=course.graph if "mutations" in present else other.graph,
            burden=course.burden if "mutations" in present else other.burden * np.nan,
            layers={k: (v if k in present else other.layers[k] * np.nan) for k, v in course.layers.items()},
        )
        ours, theirs = score(net, [course]), score(net, [mixed])
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
        assert np.isfinite(ours).all()


def test_every_input_that_the_kind_uses_changes_the_score(kind, net):
    course = toy_course(5)
    before = score(net, [course])
    changed = {
        "tiles": replace(course, tiles=course.tiles[::-1] * 2),
        "treatment": replace(course, treatment=course.treatment + 1),
    }
    if kind in SEE_OTHERS:
        layers = {name: values + 1 for name, values in course.layers.items()}
        changed |= {
            "burden": replace(course, burden=course.burden + 1),
            "graph": replace(course, graph=toy_course(9, n_genes=7).graph),
            "layers": replace(course, layers=layers),
        }
    for what, other in changed.items():
        assert np.abs(score(net, [other]) - before).max() > 1e-5, what


def test_evaluation_is_deterministic_and_training_is_not(net):
    first = score(net, UNEQUAL)
    np.testing.assert_array_equal(first, score(net, UNEQUAL))
    net.train()
    torch.manual_seed(1)
    one = score(net, UNEQUAL)
    assert np.abs(one - score(net, UNEQUAL)).max() > 1e-6


def test_the_gradient_reaches_every_weight(kind, net):
    courses = [toy_course(i, n_tiles=20, n_genes=4) for i in range(4)]
    found = net(inputs_of(courses))
    (found.scores.sum() + found.ordinal_logits.sum() + found.tile_logits.sum()).backward()
    still = [name for name, p in net.named_parameters() if p.grad is None or not torch.isfinite(p.grad).all()]
    assert still == []


def test_half_precision_tiles_are_taken_as_they_are(net):
    inputs = inputs_of(UNEQUAL)
    half = inputs._replace(tiles=inputs.tiles.half())
    with torch.inference_mode():
        torch.testing.assert_close(net(half).scores, net(inputs).scores, atol=0.05, rtol=0.05)


def test_mixed_precision_says_about_the_same(net):
    inputs = inputs_of(UNEQUAL)
    with torch.inference_mode():
        exact = net(inputs).scores
        with torch.autocast("cpu", torch.bfloat16):
            mixed = net(inputs).scores
    assert torch.isfinite(mixed).all()
    torch.testing.assert_close(mixed.float(), exact, atol=0.15, rtol=0.1)


def planted(count: int, is_told: bool = True) -> tuple[list[CourseArrays], CourseLabels]:
    """Courses of which a third of the tiles tells the response (or nothing does)."""
    courses = [toy_course(n, n_tiles=9) for n in range(count)]
    table = toy_labels(courses)
    known = table[list(CourseLabels._fields)].to_numpy(np.float32, copy=True)
    labels = CourseLabels(*torch.from_numpy(known).unbind(1))
    sides = 2 * table["response"].to_numpy() - 1
    if is_told:
        for i, (course, side) in enumerate(zip(courses, sides, strict=True)):
            tiles = course.tiles.copy()
            tiles[:3, 0] += 3 * side
            courses[i] = replace(course, tiles=tiles)
    return courses, labels


def taught(kind: str, courses: list[CourseArrays], labels: CourseLabels, steps: int) -> CourseNet:
    net = made(kind, ("response",)).train()
    inputs, outcome = inputs_of(courses), OutcomeLoss(("response",))
    optimiser = torch.optim.AdamW(net.parameters(), lr=3e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        outcome(net(inputs).scores, labels).backward()
        optimiser.step()
    return net.eval()


def difference(net: CourseNet, courses: list[CourseArrays], labels: CourseLabels) -> float:
    """Mean probability of responders less that of the others."""
    chance = torch.sigmoid(said(net, courses).scores[:, 0])
    return float(chance[labels.response == 1].mean() - chance[labels.response == 0].mean())


def unrelated(response: torch.Tensor) -> torch.Tensor:
    """Labels that are one half of each answer among responders and among the others."""
    labels = response.clone()
    for answer in (0, 1):
        rows = torch.nonzero(response == answer)[:, 0]
        labels[rows] = (torch.arange(len(rows)) % 2).float()
    return labels


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(each, marks=[pytest.mark.heavy] * (each in ("mcat", "survpath", "transmil")))
        for each in KINDS
    ],
)
def test_a_planted_effect_is_learned_and_shuffled_labels_teach_nothing(kind):
    courses, labels = planted(200)
    seen, new = slice(0, 80), slice(80, 200)
    inside, outside = (CourseLabels(*(x[part] for x in labels)) for part in (seen, new))
    net = taught(kind, courses[seen], inside, 100)
    assert difference(net, courses[seen], inside) > 0.5
    assert difference(net, courses[new], outside) > 0.3
    net = taught(kind, courses[seen], inside._replace(response=unrelated(inside.response)), 100)
    assert abs(difference(net, courses[new], outside)) < 0.25


def test_a_kind_that_looks_at_slides_needs_them(kind):
    prepared = replace(toy_preprocessor(), tiles=None)
    if kind == "concat":
        build_net(ModelConfig(kind=kind), prepared)
        return
    with pytest.raises(InputError, match="looks at slides"):
        build_net(ModelConfig(kind=kind), prepared)


def test_the_papers_widths_are_the_default(kind):
    net = build_net(ModelConfig(kind=kind), toy_preprocessor())
    assert max(p.shape[0] for p in net.parameters() if p.ndim == 2) >= 256


def test_clam_learns_from_the_tiles_that_it_prefers():
    net = made("clam", ("response",))
    courses = [toy_course(0, n_tiles=40), toy_course(1, n_tiles=1), toy_course(2), toy_course(3)]
    inputs = inputs_of(courses)
    nan = torch.full((4,), torch.nan)
    labels = CourseLabels(torch.tensor([1.0, 1.0, torch.nan, 0.0]), nan, nan, nan, nan)
    found = net(inputs)
    losses = net.own_losses(inputs, found, labels)
    assert losses.shape == (4, 1)
    assert torch.isfinite(losses[:, 0]).tolist() == [True, False, False, True]
    (slope,) = torch.autograd.grad(losses[0, 0], [found.tile_logits])
    touched = torch.nonzero(slope.abs().sum(dim=2))
    order = torch.argsort(found.tile_attention[:40], descending=True).tolist()
    assert set(touched[:, 0].tolist()) == {*order[:8], *order[-8:]}
    assert set(touched[:, 1].tolist()) == {1}


@pytest.mark.parametrize("other", [kind for kind in KINDS if kind != "clam"])
def test_other_kinds_have_no_loss_of_their_own(other):
    nan = torch.full((1,), torch.nan)
    inputs = inputs_of([toy_course(0)])
    net = made(other)
    assert net.own_losses(inputs, net(inputs), CourseLabels(nan, nan, nan, nan, nan)).shape == (1, 0)


def test_the_pseudo_inverse_inverts():
    matrix = torch.softmax(4 * torch.eye(5) + torch.rand(2, 5, 5), dim=2)
    torch.testing.assert_close(
        pseudo_inverse(matrix) @ matrix, torch.eye(5).expand(2, 5, 5), atol=1e-3, rtol=0
    )


def test_with_as_many_landmarks_as_tokens_the_attention_is_that_of_the_softmax():
    torch.manual_seed(0)
    attend = NystromAttention(8, 2, landmarks=16, dropout=0.0).eval()
    torch.nn.init.zeros_(attend.along.weight)
    tokens = torch.randn(1, 6, 8)
    query, key, value = attend.query_key_value(tokens).view(1, 6, 3, 2, 4).permute(2, 0, 3, 1, 4)
    exact = torch.softmax(query @ key.mT / 2, dim=-1) @ value
    expected = attend.out(exact.transpose(1, 2).reshape(1, 6, 8))
    torch.testing.assert_close(attend(tokens)[0], expected, atol=2e-2, rtol=0)
