"""What a planted bug is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bug:
    """``before`` stands exactly once in ``file`` and becomes ``after``; then every one of ``tests`` has to fail.

    ``tests``: ids without parameters ("tests/unit/test_x.py::test_y"); of a parametrised one any case may fail.
    """

    rule: str
    file: str
    before: str
    after: str
    tests: tuple[str, ...]
