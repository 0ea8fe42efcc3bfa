"""`tumorcast serve BUNDLE --lab FOLDER`: the lab's web page and API; needs no torch and no internet."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "serve",
        help="web page and API of a pathology lab",
        description=(
            "Serve a lab: cases, predictions, reports, sign-off. The lab's folder is made where it is not there; "
            "jobs go on after a restart. Only this machine reaches it unless you say otherwise. Research use only."
        ),
    )
    parser.add_argument(
        "bundle", type=Path, nargs="?", metavar="BUNDLE", help="model to use; left out: the lab's active one"
    )
    parser.add_argument(
        "--lab", type=Path, default=Path("tumorcast-lab"), metavar="FOLDER", help="what the lab keeps"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument(
        "--reachable-from-network",
        action="store_true",
        help="other machines may reach the server (needed for any --host but this machine's)",
    )
    parser.add_argument("--tls-cert", type=Path, metavar="PEM", help="certificate chain")
    parser.add_argument("--tls-key", type=Path, metavar="PEM", help="its private key")
    parser.add_argument(
        "--behind-proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="address of a reverse proxy that ends TLS; its X-Forwarded-For is believed",
    )
    parser.add_argument(
        "--host-name", action="append", default=[], metavar="NAME", help="name under which browsers reach it"
    )
    parser.add_argument(
        "--demonstrate",
        action="store_true",
        help="watermarked numbers where a model of simulated data would refuse a real case",
    )
    parser.add_argument(
        "--metrics-token-file", type=Path, metavar="FILE", help="token that /metrics asks for"
    )
    parser.add_argument(
        "--oidc", type=Path, metavar="JSON", help="sign-in by the hospital's provider (docs/serve.md)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until stopped."""
    import uvicorn

    from tumorcast.web.app import create_app
    from tumorcast.web.serving import (
        FIRST_USER,
        Door,
        check_door,
        first_token,
        open_or_make,
        server_options,
        use_bundle,
    )
    from tumorcast.web.settings import WebSettings

    door = Door(
        args.host, args.port, args.reachable_from_network, args.tls_cert, args.tls_key,
        tuple(args.behind_proxy), tuple(args.host_name),
    )  # fmt: skip
    check_door(door)
    store = open_or_make(args.lab)
    bundle = use_bundle(store, args.bundle)
    token, demonstrate = first_token(store), args.demonstrate or store.config.demonstrate
    store.close()
    print(f"{bundle.model_id} ({bundle.training_data} data, {bundle.signed_by}), lab in {args.lab}")
    if token:
        print(f"first sign-in as {FIRST_USER}, shown this once: {token}")
    print(f"{door.address} (Ctrl-C stops it). Research use only.", flush=True)
    settings = WebSettings(
        args.lab, demonstrate=demonstrate, is_secure=door.is_secure, host_names=door.host_names,
        metrics_token=_secret(args.metrics_token_file),
    )  # fmt: skip
    oidc = None
    if args.oidc is not None:
        from tumorcast.web.oidc import read_oidc

        oidc = read_oidc(args.oidc)
    uvicorn.run(create_app(settings, oidc), **server_options(door))
    return 0


def _secret(path: Path | None) -> str:
    from tumorcast.domain.errors import InputError

    if path is None:
        return ""
    if not path.is_file() or not (text := path.read_text(encoding="utf-8").strip()):
        raise InputError("there is no token in this file", got=path)
    return text
