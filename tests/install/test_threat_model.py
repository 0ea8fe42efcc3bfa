"""The threat model names tests that exist."""

from __future__ import annotations

import re

from lab_code import ROOT

PAGE = (ROOT / "docs" / "threat_model.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w*)`", PAGE)


def test_every_row_names_a_test_or_a_page():
    rows = [line for line in PAGE.splitlines() if re.match(r"\| [STRIDE]\d", line)]
    assert len(rows) > 25
    assert all("tests/" in row or ".md" in row for row in rows)


def test_each_named_test_is_there():
    lacking = [
        f"{path}::{name}"
        for path, name in NAMED
        if not (ROOT / path).is_file() or f"def {name}" not in (ROOT / path).read_text(encoding="utf-8")
    ]
    assert lacking == []
