"""Compare the locked packages with known vulnerabilities, where that can be done at all.

    python .ci/audit.py requirements.lock

Without `pip-audit`, or where its data cannot be had in a minute, that is said and is no failure; a
vulnerability that was found is one.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

LIMIT_S = 60


def main(lock: Path) -> int:
    """1 where a vulnerability is known, else 0."""
    if importlib.util.find_spec("pip_audit") is None:
        return _skipped("pip-audit is not installed; try: pip install pip-audit")
    command = [sys.executable, "-m", "pip_audit", "--progress-spinner", "off", "--disable-pip"]
    command += ["--no-deps", "--timeout", "10", "--format", "json", "-r", str(lock)]
    try:
        ran = subprocess.run(  # noqa: S603 - our own interpreter
            command, capture_output=True, text=True, check=False, timeout=LIMIT_S
        )
        told = json.loads(ran.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return _skipped(f"its data did not come within {LIMIT_S} s")
    except (ValueError, KeyError, TypeError):
        last = (ran.stderr.strip().splitlines() or ["it said nothing"])[-1]
        return _skipped(f"its data cannot be had here ({last[:120]})")
    known = [(each["name"], each["version"], v) for each in told for v in each.get("vulns", [])]
    for name, version, found in known:
        fixed = ", ".join(found["fix_versions"]) or "no version yet"
        sys.stdout.write(f"{name} {version}: {found['id']}; mended in {fixed}\n")
    unknown = [each["name"] for each in told if "skip_reason" in each]
    if len(unknown) == len(told):  # as where the registry is a mirror that answers no questions
        return _skipped(f"it knows of none of {len(told)} packages here")
    missing = f"; it knows nothing of {', '.join(unknown)}" if unknown else ""
    sys.stdout.write(
        f"audit: {len(told) - len(unknown)} packages, {len(known)} known vulnerabilities{missing}\n"
    )
    return int(bool(known))


def _skipped(why: str) -> int:
    sys.stdout.write(f"audit skipped: {why}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
