"""A bundle signed in place, folder or zip; its other files stay as they are."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tumorcast.readers.files import write_text
from tumorcast.serve.bundle import CheckedFiles, check_files
from tumorcast.serve.bundle_zip import pack_bundle
from tumorcast.serve.manifest import MANIFEST_NAME, SIGNATURES_NAME
from tumorcast.serve.signatures import Signature, now, signatures_text
from tumorcast.serve.signing_keys import SigningKey


def sign_bundle(path: Path, key: SigningKey, by: str) -> Signature:
    """Add a signature to a bundle that is whole; an older one of the same key gives way. Written atomically.

    Args:
        by: who signs, in words.

    Raises:
        BundleError: the bundle is damaged.
    """
    checked = check_files(path)
    made = make_signature(checked, key, by)
    text = signatures_text((*(s for s in checked.signatures if s.key_id != key.key_id), made))
    if not path.is_file():
        write_text(path / SIGNATURES_NAME, text)
        return made
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as work:
        folder = Path(work)
        for name in (MANIFEST_NAME, *checked.manifest.files):
            shutil.copyfile(checked.folder / name, folder / name)
        write_text(folder / SIGNATURES_NAME, text)
        pack_bundle(folder, path, checked.manifest)
    return made


def make_signature(checked: CheckedFiles, key: SigningKey, by: str) -> Signature:
    """The key's signature over a bundle's manifest."""
    unsigned = Signature(
        key_id=key.key_id,
        public_key=key.public_key,
        by=by,
        signed_at=now(),
        seal=checked.manifest.seal,
        manifest_sha256=checked.manifest_sha256,
        signature="",
    )
    return unsigned.model_copy(update={"signature": key.sign(unsigned.statement())})
