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


def binary() -> str:
    """The native forge inside the npm package. npm's own starter isn't used: it hides a failed run's exit code."""
    found = sorted((ROOT / "node_modules" / "@foundry-rs").glob("forge-*/bin/forge*"))
    if not found:
        raise CompileFailed("npm brought no forge for this platform")
    return str(found[0])


def forge(arguments: list[str], extra: dict[str, str], root: Path = ROOT) -> subprocess.CompletedProcess[bytes]:
    """Runs forge offline in `root`."""
    environment = {**os.environ, "FOUNDRY_OFFLINE": "true", **extra}
    return subprocess.run([binary(), *arguments], check=False, cwd=root, env=environment)


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
            return forge(["fmt", "--check"], {}).returncode
        if args.coverage:
            return forge(["coverage", "--no-match-coverage", "test/", "--report", "summary"], {}).returncode
        return forge(["test"], LONG if args.long else {}).returncode
    except CompileFailed as failure:
        print(f"contracts: {failure}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
