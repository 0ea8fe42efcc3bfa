"""Is a bundle signed by a key that this lab trusts?"""

from __future__ import annotations

from tumorcast.lab.store import LabStore
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.keyring import read_keyring
from tumorcast.serve.signature_verdict import check_signatures, require_signature


def checked_signature(bundle: Bundle, store: LabStore) -> str:
    """Who signed it, in words, by the lab's keyring as it is now.

    Raises:
        BundleError: the lab takes signed bundles alone and this is none, or its signature is false, revoked or expired.
        InputError: the keyring cannot be read.
    """
    config = store.config
    path = store.folder / config.keyring
    ring = read_keyring(path) if path.is_file() else None
    return require_signature(check_signatures(bundle, ring), config.bundles == "trusted").sentence
