"""Bundles in the lab: updated, rolled back, revoked; bad ones do not get in."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from tumorcast.domain.errors import BundleError
from tumorcast.lab.audit import rows
from tumorcast.lab.bundles import (
    activate,
    active_bundle,
    get_bundle,
    list_bundles,
    open_bundle,
    register,
    retire,
    roll_back,
)
from tumorcast.lab.config import LabConfig, write_config
from tumorcast.lab.errors import ConflictError, NotAllowedError, NotFoundError
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.bundle_zip import pack_bundle
from tumorcast.serve.keyring import Keyring, with_key, without_trust_in, write_keyring
from tumorcast.serve.sign_bundle import sign_bundle
from tumorcast.serve.signing_keys import PRIVATE_NAME, make_key, read_private_key


@pytest.fixture
def three(lab):
    """Three bundles a, b, c that nobody opens."""
    for name in "abc":
        with lab.store.transaction() as connection:
            connection.execute(
                "INSERT INTO bundles VALUES (?, ?, ?, 'simulated', 'unsigned', 'added', ?, 'admin')",
                (name, name, name * 64, lab.clock.now),
            )
    return lab


def _activate(lab, monkeypatch, *names):
    monkeypatch.setattr("tumorcast.lab.bundles.open_bundle", lambda *_: None)
    monkeypatch.setattr("tumorcast.lab.bundles.checked_signature", lambda *_: "unsigned")
    for name in names:
        activate(lab.store, lab.admin, name)


def test_rolling_back_goes_down_the_history_and_not_round(three, monkeypatch):
    _activate(three, monkeypatch, "a", "b", "c")
    assert roll_back(three.store, three.admin).id == "b"
    assert roll_back(three.store, three.admin).id == "a"
    with pytest.raises(ConflictError, match="no bundle was active before"):
        roll_back(three.store, three.admin)
    _activate(three, monkeypatch, "c")
    assert roll_back(three.store, three.admin).id == "a"
    actions = [row.action for row in rows(three.store) if row.action.startswith("bundle")]
    assert actions == ["bundle.activated"] * 3 + ["bundle.rolled_back"] * 2 + [
        "bundle.activated",
        "bundle.rolled_back",
    ]
    assert [bundle.id for bundle in list_bundles(three.store) if bundle.state == "active"] == ["a"]


def test_a_revoked_bundle_is_passed_over_and_never_comes_back(three, monkeypatch):
    _activate(three, monkeypatch, "a", "b", "c")
    retire(three.store, three.admin, "b", is_revoked=True)
    assert roll_back(three.store, three.admin).id == "a"
    with pytest.raises(ConflictError):
        activate(three.store, three.admin, "b")
    retire(three.store, three.admin, "a")
    assert active_bundle(three.store) is None
    _activate(three, monkeypatch, "a")
    assert active_bundle(three.store).id == "a"


def test_a_folder_and_a_zip_of_it_are_the_same(lab, toy, tmp_path):
    pack_bundle(toy.bundle, tmp_path / "bundle.zip", load_bundle(toy.bundle).manifest)
    bundle = register(lab.store, lab.admin, tmp_path / "bundle.zip")
    assert open_bundle(lab.store, bundle.id).manifest.seal == bundle.seal
    with pytest.raises(ConflictError):
        register(lab.store, lab.admin, toy.bundle)
    assert [path.name for path in (lab.store.folder / "bundles").iterdir()] == [bundle.id]


def test_damaged_missing_and_foreign_bundles_leave_nothing(lab, toy, tmp_path):
    copy = Path(shutil.copytree(toy.bundle, tmp_path / "copy"))
    with (copy / "predictor.onnx").open("ab") as file:
        file.write(b"x")
    for source in (copy, tmp_path / "nowhere", tmp_path):
        with pytest.raises(BundleError):
            register(lab.store, lab.admin, source)
    with pytest.raises(NotFoundError):
        get_bundle(lab.store, "nothing")
    assert list((lab.store.folder / "bundles").iterdir()) == []


@pytest.mark.parametrize(
    ("names", "content"),
    [
        (["../evil"], b"x"), (["/abs"], b"x"), (["a\\..\\b"], b"x"), (["CON"], b"x"), (["a", "A"], b"x"),
        (["..", "x"], b"x"), (["c:evil"], b"x"), ([f"n{i}" for i in range(3000)], b""), (["bomb"], b"\0" * 50_000_000),
    ],
)  # fmt: skip
def test_zips_that_reach_out_or_swell_are_refused(lab, tmp_path, names, content):
    path = tmp_path / "bundle.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, content)
    with pytest.raises(BundleError):
        register(lab.store, lab.admin, path)
    assert not list(tmp_path.glob("**/*evil*"))
    assert list((lab.store.folder / "bundles").iterdir()) == []


def test_no_zip_at_all_and_no_rights(lab, toy, tmp_path):
    (tmp_path / "b.zip").write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(BundleError):
        register(lab.store, lab.admin, tmp_path / "b.zip")
    with pytest.raises(NotAllowedError):
        register(lab.store, lab.doctor, toy.bundle)


def test_a_lab_that_wants_signatures_takes_those_of_its_keyring_alone(lab, toy, tmp_path):
    write_config(lab.store.folder / "config.json", LabConfig(bundles="trusted"))
    signed = Path(shutil.copytree(toy.bundle, tmp_path / "signed"))
    public = make_key(tmp_path / "keys", "maker", None)
    sign_bundle(signed, read_private_key(tmp_path / "keys" / PRIVATE_NAME), "The Maker")
    for source in (toy.bundle, signed):
        with pytest.raises(BundleError, match="may not be used here"):
            register(lab.store, lab.admin, source)
    path = lab.store.folder / "keyring.json"
    ring = with_key(Keyring(), public, "maker")
    write_keyring(ring, path)
    bundle = activate(lab.store, lab.admin, register(lab.store, lab.admin, signed).id)
    assert "verified" in bundle.signed_by
    write_keyring(without_trust_in(ring, public.key_id, "compromised"), path)
    with pytest.raises(BundleError):
        activate(lab.store, lab.admin, bundle.id)
