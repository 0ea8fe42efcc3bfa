"""`tumorcast finetune ENCODER STUDY --out DIR`: a tile encoder tuned to a study's responses."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tumorcast.config.finetune import FinetuneConfig
    from tumorcast.training.finetune import TuningTask

_FLAGS = ("method", "rank", "blocks", "tiles", "epochs", "stain", "seed")


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "finetune",
        help="tune a tile encoder to responses, with its cost told first",
        description=(
            "Weak supervision: a few tiles a course and epoch, the encoder with low-rank adapters (or its last "
            "blocks), gated attention, response. Writes DIR/weights.safetensors and DIR/encoder.onnx, an encoder of "
            "its own that says whom it has seen: runs whose test patients are among them are refused. Interrupted, "
            "the same command goes on."
        ),
    )
    parser.add_argument("encoder", metavar="ENCODER", help="as in `tumorcast encode`, but no ONNX file")
    parser.add_argument("study", type=Path, metavar="STUDY", help="study folder with slides and responses")
    parser.add_argument(
        "settings", nargs="*", metavar="FILE.yaml|key=value", help="see configs/finetune/cpu.yaml"
    )
    parser.add_argument("--out", type=Path, metavar="DIR", help="(finetuned)", default=Path("finetuned"))
    who = parser.add_argument_group("who may be used (everyone, if nothing is said)")
    who.add_argument("--patients", type=Path, metavar="FILE", help="one patient id a line")
    who.add_argument("--fold", metavar="NAME", help="everyone but the test patients of this fold of --splits")
    who.add_argument("--splits", type=Path, metavar="CSV", help="predictions.csv of a run, or a splits.csv")
    parser.add_argument("--method", choices=("lora", "last-blocks", "full"), help="what is trained (lora)")
    parser.add_argument("--rank", type=int, help="of the adapters (8)")
    parser.add_argument("--blocks", type=int, help="under last-blocks (2)")
    parser.add_argument("--tiles", type=int, help="of a course and epoch (16)")
    parser.add_argument("--epochs", type=int, help="at most (20)")
    parser.add_argument("--stain", type=float, help="strength of the stain augmentation, 0 none (0.05)")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--device", default="cpu", metavar="cpu|cuda")
    parser.add_argument("--dry-run", action="store_true", help="tell the cost and stop")
    parser.add_argument("--allow-download", action="store_true", help="let published weights be fetched")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Tune and export; returns 0."""
    from tumorcast.export.tuned_encoder import export_tuned
    from tumorcast.training.finetune import estimate, finetune

    task = _task(args)
    if args.dry_run:
        print(estimate(task).table())
        return 0
    if task.patients is None:
        print(
            "every patient of the study is used: no model on this encoder's features can be judged on this study;"
            " --fold or --patients leave some out",
            file=sys.stderr,
        )
    tuned = finetune(task, lambda text: None if args.quiet else print(text, file=sys.stderr, flush=True))
    difference = export_tuned(tuned.weights, tuned.tiles, task.out / "encoder.onnx")
    print(f"encoder   {tuned.record.encoder_id}, tuned on {len(tuned.record.patients)} patients")
    if tuned.best_epoch < 0:
        print(
            "          no epoch was better than a read-out of the encoder as it was: the weights are unchanged"
        )
    print(f"parity    ONNX Runtime and torch differ by {difference:.1e} standard deviations of the features")
    print(f"use it    tumorcast encode {task.study} --out features --encoder tuned@{tuned.weights}")
    print("Research use only.")
    return 0


def _task(args: argparse.Namespace) -> TuningTask:
    from tumorcast.domain.errors import InputError
    from tumorcast.readers.cbioportal import read_study
    from tumorcast.training.finetune import TuningTask
    from tumorcast.training.finetune_data import patients_of_file, training_patients

    if args.encoder.lower().endswith(".onnx"):
        raise InputError(
            "an ONNX file cannot be tuned", got=args.encoder, fix="name the encoder: NAME@WEIGHTS"
        )
    if (args.fold is None) != (args.splits is None) or (args.fold and args.patients):
        raise InputError(
            "it is not clear who may be used",
            expected="--fold NAME with --splits CSV, or --patients FILE, or neither",
        )
    patients = None
    if args.patients:
        patients = patients_of_file(args.patients)
    elif args.fold:
        patients = training_patients(read_study(args.study), args.splits, args.fold)
    return TuningTask(
        args.encoder,
        args.study,
        args.out,
        _config(args),
        patients,
        args.device,
        args.allow_download,
        not args.quiet,
    )


def _config(args: argparse.Namespace) -> FinetuneConfig:
    from pydantic import ValidationError

    from tumorcast.config.finetune import FinetuneConfig
    from tumorcast.config.load import merged, problems_of
    from tumorcast.domain.errors import ConfigError

    told = merged(args.settings) if args.settings else {}
    told |= {name: getattr(args, name) for name in _FLAGS if getattr(args, name) is not None}
    try:
        return FinetuneConfig.model_validate(told)
    except ValidationError as error:
        problems = "\n  ".join(problems_of(error, FinetuneConfig))
        raise ConfigError(f"the settings of the fine-tuning do not hold:\n  {problems}") from None
