"""From a bundle and a folder to a running server: the lab is made or opened, the bundle registered, the door chosen."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tumorcast.domain.errors import InputError
from tumorcast.lab.bundles import LabBundle, activate, active_bundle, get_bundle, register
from tumorcast.lab.errors import ConflictError
from tumorcast.lab.store import DATABASE_NAME, LabStore
from tumorcast.lab.tokens import create_token
from tumorcast.lab.users import SYSTEM, add_user, list_users
from tumorcast.web.settings import LOOPBACK

FIRST_USER = "admin"
_ANY = ("0.0.0.0", "::")
_GRACE_S, _MOST_AT_ONCE = 10, 200


@dataclass(frozen=True)
class Door:
    """Where the server listens, and how it is reached.

    Attributes:
        host, port: bound to.
        is_open: the user says that other machines may reach it.
        certificate, key: files of TLS.
        proxies: addresses of the reverse proxies whose word on the client's address is taken; none: no proxy.
        names: host names beside those of this machine.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    is_open: bool = False
    certificate: Path | None = None
    key: Path | None = None
    proxies: tuple[str, ...] = ()
    names: tuple[str, ...] = field(default=())

    @property
    def is_secure(self) -> bool:
        """Reached over TLS, which ends here or at a proxy."""
        return self.certificate is not None or bool(self.proxies)

    @property
    def host_names(self) -> tuple[str, ...]:
        """Names under which it may be called."""
        return (*LOOPBACK, *(name.lower() for name in self.names), self.host)

    @property
    def address(self) -> str:
        """For a browser on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{self.port}/"


def check_door(door: Door) -> None:
    """Nothing is reachable from other machines by mistake, or without TLS.

    Raises:
        InputError: more than this machine is bound to and that was not said, or is not encrypted.
    """
    if (door.certificate is None) != (door.key is None):
        raise InputError("TLS needs a certificate and its key", fix="give both --tls-cert and --tls-key")
    for file in (door.certificate, door.key):
        if file is not None and not file.is_file():
            raise InputError("there is no such file", got=file)
    if is_loopback(door.host):
        return
    if not door.is_open:
        raise InputError(
            "other machines would reach this server",
            got=f"--host {door.host}",
            fix="add --reachable-from-network where that is meant",
        )
    if not door.is_secure:
        raise InputError(
            "patients' data would cross the network unencrypted",
            fix="give --tls-cert and --tls-key, or --behind-proxy ADDRESS of a proxy that ends TLS",
        )
    if door.host in _ANY and not door.names:
        raise InputError(
            "under which name will browsers call the server?", fix="give --host-name, once for each name"
        )


def is_loopback(host: str) -> bool:
    """Whether a host is this machine alone."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def open_or_make(lab: Path) -> LabStore:
    """The lab in a folder; a new one where there is none."""
    return LabStore.open(lab) if (lab / DATABASE_NAME).is_file() else LabStore.create(lab)


def use_bundle(store: LabStore, bundle: Path | None) -> LabBundle:
    """Register a bundle where it is new, and make it the active one; None: the one that is active already.

    Raises:
        InputError: none was given and none is active.
        BundleError, ConflictError: it may not be used.
    """
    active = active_bundle(store)
    if bundle is None:
        if active is None:
            raise InputError("the lab has no model yet", fix="tumorcast serve BUNDLE --lab FOLDER")
        return active
    try:
        found = register(store, SYSTEM, bundle)
    except ConflictError as error:
        found = get_bundle(store, str(error.got))
    return found if found.state == "active" else activate(store, SYSTEM, found.id)


def first_token(store: LabStore) -> str | None:
    """A token for a first administrator; None where the lab has users."""
    if list_users(store):
        return None
    add_user(store, SYSTEM, FIRST_USER, "Administrator", "admin")
    return create_token(store, SYSTEM, FIRST_USER, "first sign-in")[0]


def server_options(door: Door) -> dict[str, Any]:
    """What uvicorn is told: no word on itself, no addresses in its log, proxies believed only where named."""
    return {
        "host": door.host,
        "port": door.port,
        "access_log": False,
        "server_header": False,
        "log_config": _LOGS,
        "proxy_headers": bool(door.proxies),
        "forwarded_allow_ips": list(door.proxies),
        "ssl_certfile": door.certificate,
        "ssl_keyfile": door.key,
        "timeout_graceful_shutdown": _GRACE_S,
        "limit_concurrency": _MOST_AT_ONCE,
    }


_LOGS: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "uvicorn": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "tumorcast": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
