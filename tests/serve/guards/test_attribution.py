"""Attention that shuffled weights give too is seen nowhere; what is seen says that it is no cause."""

from __future__ import annotations

import pytest

from toy_guards import row_of
from tumorcast.clinic.report.notices import ATTENTION


@pytest.mark.parametrize("checked", [{"tile": 0.95, "gene": 0.95}, {}])
def test_what_failed_or_was_not_checked_is_hidden_with_its_sentence(here, checked):
    here = here.of(attention=checked)
    made = here.ask(pictures=True)
    assert made.attention.empty
    assert not list(here.folder.glob("pictures/*.png"))
    assert any("tile attention is hidden" in problem for problem in made.problems)
    assert "note:attention_hidden" in row_of(made)["flags"]
    record = here.report(here.study(), "P1")
    assert all(gene.weight is None for gene in record.genes)
    assert record.tiles == ()
    assert [(slide.heat, slide.legend) for slide in record.slides] == [((), "")]
    assert "tile attention is hidden" in record.slides[0].note
    assert any(flag.code == "attention_hidden" for flag in record.flags)


def test_what_passed_is_shown_and_says_what_it_is(here):
    here = here.of(attention={"tile": 0.1, "gene": 0.1})
    made = here.ask(pictures=True)
    assert set(made.attention["kind"]) == {"tile", "gene"}
    assert set(made.attention["notice"]) == {ATTENTION}
    assert list((here.folder / "pictures").glob("*.png"))
    assert "attention_hidden" not in row_of(made)["flags"]
