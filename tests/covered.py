"""How much of each package the tests run: `python -m tests.covered`, after a run with pytest's ``--cov``.

What a test starts as a process of its own (the killed services, the installed command) isn't seen. Says nothing of what
a test would notice: for that there is `make mutants`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath

from coverage import Coverage

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Covered:
    """``lines``: those with a statement, in a file, a package or all; ``run`` of them in some test."""

    name: str
    lines: int
    run: int

    @property
    def share(self) -> str:
        """In per cent, rounded down: only what is run whole shows 100.0."""
        per_mille = 1000 if self.lines == 0 else self.run * 1000 // self.lines
        return f"{per_mille // 10}.{per_mille % 10}"


def by_package(files: Iterable[Covered]) -> list[Covered]:
    """The files' packages in order, each without those inside it and none without a statement; last all together."""
    sums: dict[str, tuple[int, int]] = {}
    for file in files:
        package = str(PurePath(file.name).parent)
        lines, run = sums.get(package, (0, 0))
        sums[package] = (lines + file.lines, run + file.run)
    packages = [Covered(name, *sums[name]) for name in sorted(sums) if sums[name][0]]
    return [*packages, Covered("all", sum(each.lines for each in packages), sum(each.run for each in packages))]


def table(rows: Iterable[Covered]) -> str:
    head = f"{'package':<36}{'lines':>8}{'not run':>9}{'%':>8}"
    return "\n".join([head, *(f"{row.name:<36}{row.lines:>8}{row.lines - row.run:>9}{row.share:>8}" for row in rows)])


def collected() -> list[Covered]:
    """What the last run with ``--cov`` kept, file by file. Raises coverage.CoverageException: there was none."""
    kept = Coverage(config_file=str(ROOT / "pyproject.toml"))
    kept.load()
    found = []
    for path in sorted(kept.get_data().measured_files()):
        _, lines, _, missing, _ = kept.analysis2(path)
        found.append(Covered(str(Path(path).relative_to(ROOT)), len(lines), len(lines) - len(missing)))
    return found


if __name__ == "__main__":
    print(table(by_package(collected())))
