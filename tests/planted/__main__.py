"""Plants one bug at a time in a copy of the tree and runs the tests named for it: each of them has to fail.

`python -m tests.planted [--only WORDS] [--no-baseline] [--list]`. First the named tests run on the copy as it is: they
must pass, or their failing shows nothing. Prints a line per bug and the score; exit 1 if one survives. A bug whose
tests are skipped here (no PostgreSQL, no CHAINFIN_DATA) is said and not counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from tests.planted.bug import Bug, NotThere, planted
from tests.planted.table import BUGS
from tests.planted.tree import Tree

FAILED, PASSED, SKIPPED = "failed", "passed", "skipped"
PATIENCE_S = 180
"""A bug may make a test wait for ever; then it failed."""
TESTS_RAN = (0, 1)
"""pytest's exit codes "all passed" and "some failed"; any other says that there was nothing to judge by."""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    parser = argparse.ArgumentParser(prog="planted", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", help="bugs whose requirement, place or tests contain these words")
    parser.add_argument("--no-baseline", action="store_true", help="the named tests were just seen to pass")
    parser.add_argument("--list", action="store_true", help="say which requirements there are, and end")
    args = parser.parse_args(argv)
    chosen = [
        bug for bug in BUGS if args.only is None or args.only in " ".join((bug.requirement, bug.place, *bug.tests))
    ]
    if args.list:
        for bug in chosen:
            print(f"{bug.requirement}  →  {', '.join(bug.tests)}")
        return 0
    with tempfile.TemporaryDirectory(prefix="chainfin-planted-") as folder:
        copy = Copy(Path(folder))
        ready = chosen if args.no_baseline else copy.baseline(chosen)
        survivors = [bug for bug in chosen if bug in ready and not copy.killed(bug)]
    print(f"{len(ready) - len(survivors)} of {len(ready)} killed; {len(chosen) - len(ready)} not tried")
    return 1 if survivors else 0


class Copy(Tree):
    """The tree in a folder of its own, into which bugs are planted."""

    def baseline(self, bugs: Sequence[Bug]) -> list[Bug]:
        """The bugs whose tests pass and aren't skipped as long as nothing is planted."""
        ends = self._run(sorted({test for bug in bugs for test in bug.tests}))
        broken = sorted(test for test, end in ends.items() if end == FAILED)
        if broken:
            raise SystemExit("planted: these fail with nothing planted: " + ", ".join(broken))
        ready = [bug for bug in bugs if all(ends[test] == PASSED for test in bug.tests)]
        for bug in bugs:
            if bug not in ready:
                skipped = ", ".join(test for test in bug.tests if ends[test] == SKIPPED)
                print(f"not tried {bug.requirement} (skipped here: {skipped})", flush=True)
        return ready

    def killed(self, bug: Bug) -> bool:
        """Whether every test that is named for the bug finds it."""
        original = (self.folder / bug.file).read_text(encoding="utf-8")
        try:
            changed = planted(bug, original)
        except NotThere as error:
            raise SystemExit(f"planted: {bug.requirement}: {error}") from None
        begun = time.monotonic()
        self.write(bug.file, changed)
        try:
            ends = self._run(bug.tests, bug)
        finally:
            self.write(bug.file, original)
        missed = [test for test, end in ends.items() if end != FAILED]
        word = "SURVIVED" if missed else "killed  "
        print(f"{word} {time.monotonic() - begun:4.0f} s  {bug.requirement}", *missed, sep="\n    ", flush=True)
        return not missed

    def _run(self, tests: Sequence[str], bug: Bug | None = None) -> dict[str, str]:
        """How each test ended: failed if any of its cases did (or couldn't be set up), else passed or skipped."""
        report = self.folder / "report.xml"
        report.unlink(missing_ok=True)
        options = ["-p", "no:cacheprovider", "--tb=short", f"--timeout={PATIENCE_S}", f"--junitxml={report}"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in TESTS_RAN:
            what = "the tests" if bug is None else bug.requirement
            raise SystemExit(f"planted: {what}: pytest can't run\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        cases = defaultdict(set)
        for case in ElementTree.parse(report).iter("testcase"):
            name = str(case.get("classname")).replace(".", "/") + ".py::" + str(case.get("name")).partition("[")[0]
            found = {child.tag for child in case}
            cases[name].add(FAILED if found & {"failure", "error"} else SKIPPED if "skipped" in found else PASSED)
        return {test: next(end for end in (FAILED, PASSED, SKIPPED) if end in cases[test]) for test in tests}


if __name__ == "__main__":
    sys.exit(main())
