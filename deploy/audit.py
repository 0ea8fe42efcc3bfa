"""Known vulnerabilities of what a lab installs, by pip-audit; exits 1 where there are some, 2 where it cannot tell."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOCKS = ("lab-oidc.txt", "pip.txt")
SERVICES = ("pypi", "osv")


def main() -> int:
    """Ask one service after another until one answers for every package."""
    worst = 0
    for lock in LOCKS:
        answers = (asked(ROOT / "requirements" / lock, service) for service in SERVICES)
        answer = next((each for each in answers if each is not None and not unasked(each)), None)
        if answer is None:
            print(f"error: no advisory service answered for every package of {lock} ({', '.join(SERVICES)})")
            print("  to mend:  run make audit on a machine that reaches one of them")
            return 2
        bad = [(each["name"], each["version"], flaw) for each in answer for flaw in each["vulns"]]
        for name, version, flaw in bad:
            print(
                f"{name} {version}: {flaw['id']}, mended in {', '.join(flaw['fix_versions']) or 'no version yet'}"
            )
        print(f"{lock}: {len(answer)} packages, {len(bad)} known vulnerabilities")
        worst = max(worst, int(bool(bad)))
    return worst


def asked(lock: Path, service: str) -> list[dict[str, Any]] | None:
    """pip-audit's answer a package; None where the service could not be reached."""
    command = [
        sys.executable, "-m", "pip_audit", "--require-hashes", "--disable-pip", "--vulnerability-service", service,
        "--format", "json", "--progress-spinner", "off", "--timeout", "15", "-r", str(lock),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    try:
        return list(json.loads(done.stdout)["dependencies"])
    except (json.JSONDecodeError, KeyError):
        return None


def unasked(answer: list[dict[str, Any]]) -> list[str]:
    """Packages that the service does not know: of these nothing was learnt."""
    return [each["name"] for each in answer if "skip_reason" in each]


if __name__ == "__main__":
    sys.exit(main())
