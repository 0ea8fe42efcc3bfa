"""A signature stands for one bundle, one key, one time; each way to break that has its own reason."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from toy_signatures import new_key, reseal, ring_with
from tumorcast.domain.errors import BundleError, InputError
from tumorcast.serve.bundle import check_files, load_bundle
from tumorcast.serve.bundle_zip import pack_bundle
from tumorcast.serve.keyring import (
    Keyring,
    endorse,
    read_keyring,
    rotated,
    with_key,
    without_trust_in,
    write_keyring,
)
from tumorcast.serve.sign_bundle import sign_bundle
from tumorcast.serve.signature_verdict import SignatureVerdict, check_signatures, require_signature
from tumorcast.serve.signing_keys import make_key, needs_passphrase, read_private_key, read_public_key

DAY = timedelta(days=1)


@pytest.fixture
def key(tmp_path):
    return new_key(tmp_path / "key", "Möller 研究所")


@pytest.fixture
def ring(key, tmp_path) -> Keyring:
    return ring_with(tmp_path / "key")


def judged(bundle: Path, ring: Keyring | None, at: datetime | None = None) -> SignatureVerdict:
    return check_signatures(check_files(bundle), ring, at)


def edit(bundle: Path, **changes: object) -> None:
    """Change fields of the first signature."""
    path = bundle / "signatures.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told["signatures"][0] |= changes
    path.write_text(json.dumps(told), encoding="utf-8")


def test_unsigned_is_told_and_usable_only_where_allowed(bundle, ring):
    verdict = judged(bundle, ring)
    assert (verdict.code, verdict.sentence) == ("unsigned", "unsigned")
    assert require_signature(verdict, is_required=False) is verdict
    with pytest.raises(BundleError, match="may not be used here") as error:
        require_signature(verdict, is_required=True)
    assert error.value.got == "unsigned"


def test_a_trusted_signature_changes_neither_seal_nor_files(bundle, key, ring):
    before = check_files(bundle)
    sign_bundle(bundle, key, "Möller 研究所")
    after = load_bundle(bundle)
    assert (after.manifest, after.manifest_sha256) == (before.manifest, before.manifest_sha256)
    verdict = check_signatures(after, ring)
    assert verdict.is_trusted
    assert verdict.sentence.startswith("signed by Möller 研究所, key ")
    assert verdict.sentence.endswith(", verified")
    assert require_signature(verdict, is_required=True).is_trusted


def test_a_zip_is_signed_in_place(bundle, key, ring, tmp_path, monkeypatch):
    monkeypatch.setenv("TUMORCAST_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "b.zip"
    pack_bundle(bundle, path, check_files(bundle).manifest)
    assert judged(path, ring).code == "unsigned"
    sign_bundle(path, key, "x")
    assert judged(path, ring).is_trusted
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.zip", "bundle", "cache", "key"]


def test_signing_again_replaces_and_a_second_key_adds(bundle, key, ring, tmp_path):
    sign_bundle(bundle, key, "first")
    sign_bundle(bundle, key, "again")
    other = new_key(tmp_path / "other")
    sign_bundle(bundle, other, "somebody")
    verdict = judged(bundle, ring)
    assert [check.by for check in verdict.checks] == ["again", "somebody"]
    assert [check.code for check in verdict.checks] == ["trusted", "unknown_key"]
    assert verdict.is_trusted


def test_without_a_keyring_or_with_another_one_nobody_is_known(bundle, key, tmp_path):
    sign_bundle(bundle, key, "x")
    new_key(tmp_path / "other")
    for ring, code in (
        (None, "no_keyring"),
        (ring_with(tmp_path / "other"), "unknown_key"),
        (Keyring(), "unknown_key"),
    ):
        verdict = judged(bundle, ring)
        assert verdict.code == code
        assert require_signature(verdict, is_required=False)
        with pytest.raises(BundleError):
            require_signature(verdict, is_required=True)


@pytest.mark.parametrize(
    "changes",
    [
        {"by": "Somebody else"},
        {"signed_at": "2020-01-01T00:00:00Z"},
        {"signature": "AAAA"},
        {"signature": "no base64"},
        {"seal": "0" * 64},
        {"manifest_sha256": "0" * 64},
        {"key_id": "0" * 32},
    ],
)
def test_a_changed_signature_is_false(bundle, key, ring, changes):
    sign_bundle(bundle, key, "x")
    edit(bundle, **changes)
    verdict = judged(bundle, ring)
    assert verdict.code == "wrong_signature"
    assert "was changed" in verdict.sentence
    for is_required in (True, False):
        with pytest.raises(BundleError):
            require_signature(verdict, is_required)


def test_an_attacker_who_makes_the_seal_anew_is_caught_by_the_signature(bundle, key, ring):
    sign_bundle(bundle, key, "x")
    (bundle / "model_card.md").write_text("harmless", encoding="utf-8")
    with pytest.raises(BundleError, match="not as it was exported"):
        load_bundle(bundle)
    reseal(bundle, training_data="real")
    assert check_files(bundle).manifest.training_data == "real"  # the seal alone is no protection
    with pytest.raises(BundleError, match="may not be used here"):
        load_bundle(bundle)
    verdict = judged(bundle, ring)
    assert verdict.code == "other_bundle"
    with pytest.raises(BundleError, match="may not be used"):
        require_signature(verdict, is_required=False)


def test_a_signature_does_not_move_to_another_bundle(bundle, key, ring, tmp_path):
    other = Path(shutil.copytree(bundle, tmp_path / "other"))
    reseal(other, name="another")
    sign_bundle(bundle, key, "x")
    shutil.copyfile(bundle / "signatures.json", other / "signatures.json")
    verdict = judged(other, ring)
    assert verdict.code == "other_bundle"
    assert "of another bundle" in verdict.sentence


def test_revoked_from_a_day_on_and_compromised_altogether(bundle, key, ring):
    sign_bundle(bundle, key, "x")
    now = datetime.now(UTC)
    assert judged(bundle, without_trust_in(ring, key.key_id, "retired", now + DAY)).is_trusted
    revoked = judged(bundle, without_trust_in(ring, key.key_id, "retired", now - DAY))
    assert (revoked.code, "the key was revoked on" in revoked.sentence) == ("revoked", True)
    stolen = judged(bundle, without_trust_in(ring, key.key_id, "compromised", now + DAY))
    assert (stolen.code, "none of its signatures counts" in stolen.sentence) == ("compromised", True)
    for verdict in (revoked, stolen):
        with pytest.raises(BundleError):
            require_signature(verdict, is_required=False)


def test_a_revocation_is_never_taken_back(key, ring):
    now = datetime.now(UTC)
    stolen = without_trust_in(ring, key.key_id, "compromised", now - DAY)
    again = without_trust_in(stolen, key.key_id, "retired", now)
    (found,) = again.keys
    assert (found.revoked_for, found.revoked_at) == ("compromised", now - DAY)


def test_signatures_count_within_the_keys_time_alone(bundle, key, tmp_path):
    sign_bundle(bundle, key, "x")
    now = datetime.now(UTC)
    early = ring_with(tmp_path / "key", valid_from=now + DAY)
    late = ring_with(tmp_path / "key", valid_from=now - 2 * DAY, valid_until=now - DAY)
    assert judged(bundle, early).code == "not_yet_valid"
    expired = judged(bundle, late)
    assert (expired.code, "the key expired on" in expired.sentence) == ("expired", True)
    ring = ring_with(tmp_path / "key", valid_from=now - DAY)
    assert judged(bundle, ring, at=now - 3 * DAY).code == "in_the_future"


def test_rotation_by_the_old_keys_word(bundle, key, ring, tmp_path):
    new = new_key(tmp_path / "new")
    public = read_public_key(tmp_path / "new" / "public_key.json")
    sign_bundle(bundle, key, "with the old key")
    turned = rotated(ring, endorse(key, public))
    write_keyring(turned, tmp_path / "ring.json")
    turned = read_keyring(tmp_path / "ring.json")
    old, now = turned.keys
    assert (old.replaced_by, now.endorsement.by) == (new.key_id, key.key_id)
    assert judged(bundle, turned).is_trusted  # made before the rotation
    sign_bundle(bundle, new, "with the new key")
    codes = {check.by: check.code for check in judged(bundle, turned).checks}
    assert codes["with the new key"] == "trusted"
    stolen = without_trust_in(turned, key.key_id, "compromised")
    assert judged(bundle, stolen).code == "compromised"  # the new key rests on the old one's word
    assert "was named by key" in judged(bundle, stolen).checks[1].sentence


def test_a_false_endorsement_is_refused(key, ring, tmp_path):
    stranger = new_key(tmp_path / "stranger")
    public = read_public_key(tmp_path / "stranger" / "public_key.json")
    with pytest.raises(InputError, match="no such key"):
        rotated(ring, endorse(stranger, public))
    forged = endorse(stranger, public).model_copy(update={"by": key.key_id})
    with pytest.raises(InputError, match="not genuine"):
        rotated(ring, forged)
    revoked = without_trust_in(ring, key.key_id, "retired")
    with pytest.raises(InputError, match="may not name a new one"):
        rotated(revoked, endorse(key, public))
    turned = rotated(ring, endorse(key, public))
    entry = turned.keys[1]
    wrong = entry.endorsement.model_copy(update={"signature": "AAAA"})
    tampered = Keyring(keys=(turned.keys[0], entry.model_copy(update={"endorsement": wrong})))
    write_keyring(tampered, tmp_path / "ring.json")
    with pytest.raises(InputError, match="not genuine"):
        read_keyring(tmp_path / "ring.json")


def test_a_keyring_holds_a_key_once_and_its_id_is_its_own(key, ring, tmp_path):
    public = read_public_key(tmp_path / "key" / "public_key.json")
    with pytest.raises(InputError, match="already"):
        with_key(ring, public)
    told = json.loads(json.dumps(ring.model_dump(mode="json")))
    told["keys"][0]["key_id"] = "0" * 32
    (tmp_path / "ring.json").write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(InputError, match="is not a keyring"):
        read_keyring(tmp_path / "ring.json")
    with pytest.raises(InputError, match="is not a keyring"):
        read_keyring(tmp_path / "nowhere.json")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 1}', '{"format": 1, "signatures": [{}]}', "{" * 10_000]
)
def test_unreadable_signatures_are_told(bundle, text):
    (bundle / "signatures.json").write_text(text, encoding="utf-8")
    with pytest.raises(BundleError, match=r"signatures\.json is not readable"):
        load_bundle(bundle)


def test_signatures_of_a_newer_format_are_told(bundle):
    (bundle / "signatures.json").write_text('{"format": 2, "signatures": []}', encoding="utf-8")
    with pytest.raises(BundleError, match="another format") as error:
        load_bundle(bundle)
    assert "update" in error.value.fix


def test_a_damaged_bundle_is_not_signed(bundle, key):
    (bundle / "model_card.md").write_text("x", encoding="utf-8")
    with pytest.raises(BundleError, match="not as it was exported"):
        sign_bundle(bundle, key, "x")
    assert not (bundle / "signatures.json").exists()


def test_private_keys_are_private_and_open_with_their_passphrase_alone(tmp_path):
    made = make_key(tmp_path / "k", "x", "wörter")
    path = tmp_path / "k" / "signing_key.pem"
    assert needs_passphrase(path)
    assert path.stat().st_mode & 0o077 == 0
    assert read_private_key(path, "wörter").key_id == made.key_id
    for wrong in ("other", None):
        with pytest.raises(InputError, match="cannot be used to sign"):
            read_private_key(path, wrong)
    with pytest.raises(InputError, match="holds a key already"):
        make_key(tmp_path / "k", "x", None)
    (tmp_path / "text.pem").write_text("hello", encoding="utf-8")
    with pytest.raises(InputError):
        read_private_key(tmp_path / "text.pem")
