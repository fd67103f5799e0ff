"""Runs the contracts' own tests with the forge that npm pins.

`python contracts/run_forge.py [--long | --fmt | --coverage]`

`make test` runs it plainly, `make check` with --fmt (formatting only), `make check-contracts` with --long (10,000 fuzz
runs, deeper invariants, the bytecode as it is deployed). Where Node isn't installed it says so in one line and exits 0:
the committed artifacts are tested through Python in any case.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))

from compile import CompileFailed, install  # noqa: E402

#: Settings of the long run: see foundry.toml.
LONG = {"FOUNDRY_PROFILE": "long"}


def forge(arguments: list[str], extra: dict[str, str]) -> int:
    """Runs forge offline in contracts/; its exit code."""
    npx = shutil.which("npx")
    if npx is None:
        raise CompileFailed("npx is not installed")
    environment = {**os.environ, "FOUNDRY_OFFLINE": "true", "NO_UPDATE_NOTIFIER": "1", **extra}
    return subprocess.run([npx, "--no-install", "forge", *arguments], check=False, cwd=ROOT, env=environment).returncode


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(description="Runs the contracts' tests.")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--long", action="store_true", help="10,000 fuzz runs, deeper invariants, deployed bytecode")
    what.add_argument("--fmt", action="store_true", help="only check the formatting")
    what.add_argument("--coverage", action="store_true", help="lines and branches of src that the tests reach")
    args = parser.parse_args(argv)
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("contracts: skipped, Node isn't installed (the tests in Python run the committed artifacts)")
        return 0
    try:
        install()
        if args.fmt:
            return forge(["fmt", "--check"], {})
        if args.coverage:
            return forge(["coverage", "--no-match-coverage", "test/", "--report", "summary"], {})
        return forge(["test"], LONG if args.long else {})
    except CompileFailed as failure:
        print(f"contracts: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
