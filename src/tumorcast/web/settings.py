"""What the web application is told when it starts; the lab's own choices are in its `config.json`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class WebSettings:
    """Settings of one running application.

    Attributes:
        lab: the lab's folder, which exists.
        demonstrate: give watermarked numbers where a model of simulated data would refuse.
        is_secure: reached over TLS, here or at a reverse proxy: cookies are marked Secure.
        host_names: names under which it may be called; others are refused; "*" takes all.
        with_worker: start the worker process and watch over it.
        most_body_bytes: of every request but uploads.
        sign_in_tries: failed tries of one address in `sign_in_minutes`, after which it waits.
        metrics_token: bearer token of `/metrics`; "" leaves it open to this machine alone.
        worker_stale_s: a worker that was silent so long is not ready.
        least_free_bytes: with less room on the disk the application is not ready.
    """

    lab: Path
    demonstrate: bool = False
    is_secure: bool = False
    host_names: tuple[str, ...] = LOOPBACK
    with_worker: bool = True
    most_body_bytes: int = 1 << 20
    sign_in_tries: int = 10
    sign_in_minutes: float = 5.0
    metrics_token: str = ""
    worker_stale_s: float = 15.0
    least_free_bytes: int = 1 << 30
