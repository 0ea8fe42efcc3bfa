"""README, model card, report and API say that fusion on real patients is open."""

from __future__ import annotations

from pathlib import Path

from tumorcast.clinic.report.notices import FUSION_OPEN, LIMITS

ROOT = Path(__file__).resolve().parents[3]


def test_readme_model_card_and_report_say_so(here):
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    assert FUSION_OPEN in readme
    assert FUSION_OPEN in (here.bundle.folder / "model_card.md").read_text(encoding="utf-8")
    assert FUSION_OPEN in LIMITS
    assert FUSION_OPEN in here.report(here.study(), "P0").limits
    assert FUSION_OPEN in here.report(here.study(origin="real"), "P0").limits
