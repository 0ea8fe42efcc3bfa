"""Waiting for a server that a test has started."""

from __future__ import annotations

import time
import urllib.request


def wait_for(url: str, seconds: float = 240) -> None:
    """Until it answers.

    Raises:
        TimeoutError: it did not within `seconds`.
    """
    over = time.monotonic() + seconds
    while time.monotonic() < over:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            time.sleep(1)
    raise TimeoutError(url)
