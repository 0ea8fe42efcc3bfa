"""`tumorcast bundle`: as its makers and the labs use it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tumorcast.cli.main import main


@pytest.fixture
def bundle(toy_lab, tmp_path) -> Path:
    """A copy of a small model's bundle."""
    return Path(shutil.copytree(toy_lab.bundle, tmp_path / "bundle"))


def told(words: list[object], capsys, code: int = 0) -> str:
    capsys.readouterr()
    found = main(["bundle", *map(str, words)])
    captured = capsys.readouterr()
    assert found == code, captured
    return captured.out if code == 0 else captured.out + captured.err


def test_from_key_to_verified_zip_through_rotation_and_revocation(bundle, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TUMORCAST_KEY_PASSPHRASE", "a long one")
    ring = tmp_path / "ring.json"
    for name in ("old", "new"):
        assert "of Model makers" in told(["keygen", "--out", tmp_path / name, "--as", "Model makers"], capsys)
    old, new = (tmp_path / name for name in ("old", "new"))
    assert "unsigned" in told(["verify", bundle], capsys)
    told(["trust", "add", old / "public_key.json", "--keyring", ring], capsys)
    assert "may not be used here" in told(["verify", bundle, "--trust", ring], capsys, 2)
    assert "signed by Model makers" in told(["sign", bundle, "--key", old / "signing_key.pem"], capsys)
    assert "trusted: signed by" in told(["verify", bundle, "--trust", ring], capsys)

    packed, unpacked = tmp_path / "b.zip", tmp_path / "unpacked"
    told(["pack", bundle, "--out", packed], capsys)
    assert "trusted: signed by" in told(["verify", packed, "--trust", ring], capsys)
    told(["unpack", packed, "--out", unpacked], capsys)
    assert "there already" in told(["unpack", packed, "--out", unpacked], capsys, 2)

    word = tmp_path / "endorsement.json"
    told(["endorse", new / "public_key.json", "--key", old / "signing_key.pem", "--out", word], capsys)
    told(["trust", "rotate", word, "--keyring", ring], capsys)
    told(["sign", unpacked, "--key", new / "signing_key.pem", "--as", "Ä"], capsys)
    assert "trusted: signed by" in told(["verify", unpacked, "--trust", ring], capsys)

    old_id = json.loads((old / "public_key.json").read_text())["key_id"]
    told(["trust", "revoke", old_id, "--reason", "compromised", "--keyring", ring], capsys)
    assert "compromised" in told(["trust", "list", "--keyring", ring], capsys)
    assert "none of its signatures counts" in told(["verify", packed, "--trust", ring], capsys, 2)


def test_a_wrong_or_missing_passphrase_is_told(bundle, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("WORD", "one")
    told(["keygen", "--out", tmp_path / "k", "--as", "x", "--passphrase-env", "WORD"], capsys)
    sign = ["sign", bundle, "--key", tmp_path / "k" / "signing_key.pem", "--passphrase-env", "WORD"]
    monkeypatch.setenv("WORD", "two")
    assert "cannot be used to sign" in told(sign, capsys, 2)
    monkeypatch.delenv("WORD")
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    assert "needs a passphrase" in told(sign, capsys, 2)
    assert "needs a passphrase" in told(["keygen", "--out", tmp_path / "l", "--as", "x"], capsys, 2)


def test_inspect_says_what_it_is_in_words_and_json(bundle, capsys):
    page = told(["inspect", bundle, "--card"], capsys)
    for words in (
        "SIMULATED",
        "Intended use",
        "unsigned",
        "predictor.onnx",
        "# Model card: toy",
        "Research use only",
    ):
        assert words in page
    parts = json.loads(told(["inspect", bundle, "--json"], capsys))
    assert parts["signature"]["code"] == "unsigned"
    assert parts["manifest"]["roles"]["predictor"] == "predictor.onnx"


def test_a_changed_byte_is_told(bundle, capsys):
    (bundle / "model_card.md").write_text("x")
    for command in ("inspect", "verify"):
        assert "model_card.md is not as it was exported" in told([command, bundle], capsys, 2)
