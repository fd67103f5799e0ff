"""The envelope of a page of the bank's feed, read so that no line can spoil it for the others."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import AwareDatetime, Field, ValidationError

from chainfin.connectors.outcome import Done, Outcome, Unknown
from chainfin.connectors.signature import Evidence
from chainfin.connectors.wire import Message

MAX_DEPTH = 64
"""Brackets within brackets: a page has three. The standard library's parser runs off the stack on deep nesting."""
_LONGEST_NUMBER = 40


class Page(Message):
    """A page whose lines haven't been looked at."""

    kind: Literal["incoming_page"] = "incoming_page"
    after: int = Field(strict=True, ge=0, le=2**63 - 1)
    next: int = Field(strict=True, ge=0, le=2**63 - 1)
    through: AwareDatetime | None = None
    items: tuple[Any, ...]


def read_page(evidence: Evidence) -> Outcome[Page]:
    """The page in a signed answer; Unknown partner_answer_malformed if it isn't one."""
    try:
        text = evidence.body.decode()
        if _deep(text):
            return Unknown("partner_answer_malformed", "a page nested deeper than any page is", answered=True)
        # the standard library's parser, since it lets half a surrogate pair in a line pass to where lines are judged
        return Done(Page.model_validate(json.loads(text, parse_int=_number, parse_constant=str)))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return Unknown("partner_answer_malformed", f"page {place}: {first['msg']}", answered=True)
    except ValueError as error:
        return Unknown("partner_answer_malformed", f"not a page: {type(error).__name__}", answered=True)


def _number(digits: str) -> int | str:
    """A number that no field holds stays text, so that it spoils its own line alone."""
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _deep(text: str) -> bool:
    depth = 0
    for found in _TOKEN.finditer(text):
        part = found.group()
        if part in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif part in "]}":
            depth -= 1
    return False


_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[{\]}]')
"""A string (whose brackets don't count) or a bracket."""
