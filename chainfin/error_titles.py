"""What each stable error code means, in a few words, in English and in Chinese."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Title:
    """A code in both languages."""

    en: str
    zh: str


def _read() -> Mapping[str, Title]:
    raw = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return MappingProxyType({code: Title(**both) for code, both in raw.items()})


TITLES = _read()
"""By code. A test holds that it has every code of the code, and no other."""


def title(code: str, language: str = "en") -> str | None:
    """The title of ``code`` (``language`` "zh" or "en"); None where a code is not ours (a partner's own)."""
    found = TITLES.get(code)
    return None if found is None else found.zh if language == "zh" else found.en
