"""`tumorcast site plan BUNDLE`: how many local cases a verification needs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser(
        "plan",
        help="how many local cases give which precision",
        description=(
            "Cases, and responders among them, for intervals of given widths: AUROC (Hanley and McNeil), coverage of "
            "the sets of answers (exact), calibration in the large. Then the chance that a model as good as "
            "expected passes the criteria."
        ),
    )
    parser.add_argument("bundle", type=Path, metavar="BUNDLE")
    parser.add_argument(
        "--target-width", type=float, action="append", metavar="W", help="may be repeated (0.4 to 0.1)"
    )
    parser.add_argument("--auroc", type=float, metavar="X", help="expected here (the bundle's own)")
    parser.add_argument(
        "--prevalence", type=float, metavar="X", help="share of responders here (of training)"
    )
    parser.add_argument("--criteria", type=Path, metavar="YAML", help="other than the default criteria")
    parser.add_argument("--out", type=Path, metavar="CSV", help="write the table there too")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the table."""
    from tumorcast.lab.site.criteria import read_criteria
    from tumorcast.lab.site.figures import own_figures
    from tumorcast.lab.site.plan import WIDTHS, assumed, chance_to_pass, plan_table
    from tumorcast.serve.bundle import load_bundle
    from tumorcast.serve.rows import write_csv

    bundle, criteria = load_bundle(args.bundle), read_criteria(args.criteria)
    own = own_figures(bundle.trust)
    expected = assumed(own, args.auroc, args.prevalence)
    widths = tuple(args.target_width) if args.target_width else WIDTHS
    table = plan_table(expected, widths, criteria.confidence)
    print(
        f"{bundle.manifest.model_id}: expected AUROC {expected.auroc:.3f}, {expected.prevalence:.0%} responders, "
        f"sets that hold {expected.coverage:.0%}; intervals of {criteria.confidence:.0%}\n"
    )
    print(f"{'width':>6}  {'AUROC':>22}  {'coverage':>9}  {'in the large (x4, log-odds)':>28}")
    for width, area, responders, sets, large in table.itertuples(index=False, name=None):
        told = f"{area:.0f} ({responders:.0f} responders)" if area == area and area is not None else "-"
        print(f"{width:>6.2f}  {told:>22}  {sets:>9.0f}  {large:>28.0f}")
    print("\nchance to pass, if the model is as good here as expected (rises with cases):")
    for cases in (40, 80, 120, 200, 400):
        found = chance_to_pass(expected, criteria, cases, own)
        print(f"{cases:>6} cases: " + ", ".join(f"{name} {share:.0%}" for name, share in found.items()))
    if args.out is not None:
        write_csv(table, args.out)
    return 0
