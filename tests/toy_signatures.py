"""Changes to a toy bundle for tests: made anew, resealed as an attacker would, signed."""

from __future__ import annotations

from pathlib import Path

from tumorcast.serve.keyring import Keyring, with_key
from tumorcast.serve.manifest import MANIFEST_NAME, file_entries, read_manifest, sealed_text
from tumorcast.serve.signing_keys import SigningKey, make_key, read_private_key, read_public_key


def reseal(bundle: Path, **changes: object) -> None:
    """Make manifest and seal anew for the files that lie there: all that an attacker can do without the key."""
    manifest = read_manifest(bundle / MANIFEST_NAME)
    changes = {"files": file_entries(bundle), **changes}
    (bundle / MANIFEST_NAME).write_text(sealed_text(manifest.model_copy(update=changes)), encoding="utf-8")


def new_key(folder: Path, name: str = "Model makers") -> SigningKey:
    """A key without a passphrase, in a folder of its own."""
    make_key(folder, name, None)
    return read_private_key(folder / "signing_key.pem")


def ring_with(*folders: Path, **options: object) -> Keyring:
    """A keyring of the keys in these folders."""
    ring = Keyring()
    for folder in folders:
        ring = with_key(ring, read_public_key(folder / "public_key.json"), **options)
    return ring
