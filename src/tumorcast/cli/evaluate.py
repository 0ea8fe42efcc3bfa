"""`tumorcast evaluate RUN|CSV|BUNDLE [STUDY...] --out DIR`: what a reviewer asks of predictions with known outcomes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "evaluate",
        help="judge predictions with known outcomes: a run's, any table's, or a bundle's on other cohorts",
        description=(
            "Discrimination, calibration, net benefit, sets of answers and paired differences with intervals, of a run "
            "of `tumorcast train` (nested cross-validation: split.scheme, split.repeats, split.by_site), of a table "
            "patient_id, course_id, fold, model, label, probability (or time_days, is_event, risk), or of a bundle on "
            "studies that it was not trained on. Each look at a test set is kept, with the model. Needs no torch."
        ),
    )
    parser.add_argument("what", type=Path, metavar="RUN|CSV|BUNDLE")
    parser.add_argument(
        "studies", type=Path, nargs="*", metavar="STUDY", help="with a bundle: external cohorts"
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR")
    parser.add_argument("--model", default="fused", help="the model that others are compared with [fused]")
    parser.add_argument("--bootstrap", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--features", type=Path, metavar="DIR", help="with a bundle: features of `tumorcast encode`"
    )
    parser.add_argument(
        "--demonstrate", action="store_true", help="let a model of simulated data meet real cohorts"
    )
    parser.add_argument(
        "--training", type=Path, metavar="CSV",
        help="of times: model, time_days, is_event, risk of training courses, for censoring and integrated Brier",
    )  # fmt: skip
    parser.add_argument("--ledger", type=Path, help="where looks are kept [looked_at.json in the cache]")
    parser.add_argument(
        "--trust-features",
        action="store_true",
        help="vouch for features that do not say by which encoder they were made",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Evaluate, write and print; returns 0."""
    import pandas as pd

    from tumorcast.evaluation.audit import audit
    from tumorcast.evaluation.audit_report import write_report
    from tumorcast.evaluation.looks import ledger_path, note_look, told
    from tumorcast.evaluation.scores import write_metrics
    from tumorcast.evaluation.table import metrics_table
    from tumorcast.evaluation.tripod import tripod_table
    from tumorcast.readers.files import write_text

    table, model, simulated = _table(args)
    args.out.mkdir(parents=True, exist_ok=True)
    counts = note_look(args.ledger or ledger_path(), table, model, str(args.what))
    notes = [told(counts, model)]
    training = None if args.training is None else pd.read_csv(args.training)
    audited = audit(table, args.model, args.bootstrap, args.seed, training)
    write_metrics(args.out / "evaluation.json", {**audited, "looks": counts})
    write_text(args.out / "predictions.csv", pd.DataFrame(table).to_csv(index=False))
    write_report(args.out, audited, table, args.model, notes, simulated)
    if (args.what / "config.json").is_file():
        write_text(args.out / "tripod_ai.md", tripod_table(args.what))
    print(metrics_table(audited["scores"], args.model))
    print(
        "\n".join(
            [*notes, f"in {args.out}/ (evaluation.md, evaluation.json, figures/)", "Research use only."]
        )
    )
    return 0


def _table(args: argparse.Namespace) -> tuple[Any, str, bool]:
    """(predictions, name of the model, whether its data are simulated)."""
    import json

    import pandas as pd

    from tumorcast.domain.errors import InputError
    from tumorcast.readers.files import digest

    if args.what.suffix == ".zip" or (args.what / "manifest.json").is_file():
        return _external(args)
    path = args.what / "predictions.csv" if args.what.is_dir() else args.what
    if args.studies or not path.is_file():
        raise InputError(
            "nothing to evaluate",
            got=f"{args.what}" + (" with studies" if args.studies else ""),
            expected="a run's folder, a table of predictions, or a bundle followed by studies",
        )
    manifest = path.parent / "bundle" / "manifest.json"
    known = json.loads(manifest.read_text(encoding="utf-8")) if manifest.is_file() else {}
    table = pd.read_csv(path, dtype={"patient_id": str, "course_id": str})
    if "course_id" not in table:
        table["course_id"] = table["patient_id"]
    if "fold" not in table:
        table["fold"] = "all"
    return table, f"{args.what.name}-{digest(path)[:8]}", known.get("training_data") == "simulated"


def _external(args: argparse.Namespace) -> tuple[Any, str, bool]:
    import pandas as pd

    from tumorcast.domain.errors import InputError
    from tumorcast.serve.bundle import load_bundle
    from tumorcast.serve.external import external_predictions
    from tumorcast.serve.predict import Request

    if not args.studies:
        raise InputError("a bundle is evaluated on studies", got="none", expected="BUNDLE STUDY [STUDY...]")
    bundle = load_bundle(args.what)
    request = Request(
        cache=args.out / "features",
        features=args.features,
        trust_features=args.trust_features,
        demonstrate=args.demonstrate,
        progress=True,
    )
    tables = [external_predictions(bundle, study, request) for study in args.studies]
    return pd.concat(tables), bundle.manifest.model_id, bundle.manifest.training_data == "simulated"
