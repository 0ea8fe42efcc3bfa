"""A text is written whole or not at all, also where several write it at once."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from tumorcast.readers.files import write_text


@pytest.mark.skipif(sys.platform == "win32", reason="two renames onto one name at once are refused there")
def test_of_several_writers_at_once_none_fails_and_one_text_is_whole(tmp_path):
    texts = [str(digit) * 20_000 for digit in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(10):
            list(pool.map(lambda text: write_text(tmp_path / "new" / "run.json", text), texts))
    assert (tmp_path / "new" / "run.json").read_text() in texts
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["run.json"]


def test_nothing_is_left_of_a_failed_try(tmp_path):
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "told.txt", "\ud800")
    assert list(tmp_path.iterdir()) == []
