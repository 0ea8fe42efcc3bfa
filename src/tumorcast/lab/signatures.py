"""Is a bundle signed by a key that this lab trusts?"""

from __future__ import annotations

from pathlib import Path

from tumorcast.domain.errors import BundleError
from tumorcast.lab.store import LabStore


def checked_signature(bundle: Path, store: LabStore) -> str:
    """Who signed it, in words ("unsigned").

    Raises:
        BundleError: the lab takes signed bundles alone, and this is none.
    """
    if store.config.bundles == "any":
        return "unsigned"
    raise BundleError("the bundle is not signed", expected="a signature by a key in trusted_keys")
