"""Rows of slides.csv that cannot be used are told, not followed."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from tumorcast.readers.files import is_plain_name
from tumorcast.readers.slides_csv import read_slides


def test_a_slide_s_id_cannot_lead_out_of_a_folder(tmp_path):
    table = tmp_path / "slides.csv"
    table.write_text(
        "slide_id,sample_id,path\n../../x,S1,a.svs\n..,S1,b.svs\nok,S1,c.svs\na/b,S1,d.svs\n", "utf-8"
    )
    report = []
    slides = read_slides(table, pd.Index(["S1"]), report)
    assert slides["slide_id"].tolist() == ["ok"]
    assert [note.reason for note in report] == ["unusable_name"] * 3


@pytest.mark.parametrize("name", ["TCGA-01", "a b", "Präparat 7", "x.y"])
def test_usual_names_are_plain(name):
    assert is_plain_name(name)


@pytest.mark.parametrize("name", ["a:b", "con", "NUL.txt", "a?", "end.", "end ", "a|b", 'q"'])
def test_windows_takes_fewer_names(name, monkeypatch):
    monkeypatch.setattr(sys, "platform", "win32")
    assert not is_plain_name(name)
