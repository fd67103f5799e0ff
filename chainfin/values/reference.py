"""Creditor references after ISO 11649: what a payer writes so that a payment finds its claim ("RF18 5390 0754 7034").

"RF", two check digits (mod 97, as in an IBAN), then 1 to 21 letters and digits. The check digits notice every wrong
digit and every two digits swapped, so a misspelt reference is never taken for another one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NewType

from stdnum import iso11649
from stdnum.iso7064 import mod_97_10

from chainfin.errors import BadInput

CreditorReference = NewType("CreditorReference", str)
"""The one spelling that is kept: upper case, no separators."""

MAX_PAYLOAD: Final = 21
MAX_LENGTH: Final = MAX_PAYLOAD + 4

_PAYLOAD = re.compile(rf"[0-9A-Z]{{1,{MAX_PAYLOAD}}}")
_COMPACT = re.compile(rf"RF[0-9]{{2}}[0-9A-Z]{{1,{MAX_PAYLOAD}}}")
_CHARACTERS: Final = frozenset("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_UPPER: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_SEPARATORS: Final = frozenset("-−._/")
_MAX_GAP: Final = 3
"""Separators in a row that may stand within one reference (" - ")."""


def make(payload: str) -> CreditorReference:
    """The reference that carries ``payload``: 1 to 21 ASCII letters (case is dropped) and digits.

    Raises BadInput reference_malformed.
    """
    upper = payload.translate(_UPPER)
    if not _PAYLOAD.fullmatch(upper):
        raise BadInput("reference_malformed", f"a reference carries 1 to {MAX_PAYLOAD} letters and digits")
    return CreditorReference(f"RF{mod_97_10.calc_check_digits(f'{upper}RF')}{upper}")


def parse(text: str, *, where: str | None = None) -> CreditorReference:
    """The reference that ``text`` spells; case, width, blanks and dashes don't matter, anything else does.

    Raises BadInput reference_malformed, reference_check_digits.
    """
    compact = "".join(character for character in _plain(text) if not _separates(character))
    if not _COMPACT.fullmatch(compact):
        raise BadInput(
            "reference_malformed", "this is not RF, two check digits and 1 to 21 letters and digits", where=where
        )
    if not _holds(compact):
        raise BadInput("reference_check_digits", "the check digits don't hold: a character is wrong", where=where)
    return CreditorReference(compact)


def find_all(text: str) -> tuple[CreditorReference, ...]:
    """The references in free text ("货款 ref: rf18-5390-0754-7034 谢谢"), each once, in order.

    A reference begins and ends where a word does; Chinese may touch it. Where blanks leave two readings whose check
    digits both hold, both are given: only whoever issued the references can tell which one is meant.
    """
    plain = _plain(text)
    found: dict[CreditorReference, None] = {}
    for start, character in enumerate(plain):
        if character == "R" and not _goes_on(plain[start - 1 : start]):
            found.update(dict.fromkeys(_readings(plain, start)))
    return tuple(found)


def printed(reference: CreditorReference) -> str:
    """As it is shown to people: groups of four."""
    return str(iso11649.format(reference))


def _plain(text: str) -> str:
    """Full-width letters and digits as plain ones, invisible characters dropped, ASCII letters in upper case."""
    alike = unicodedata.normalize("NFKC", text)
    return "".join(one for one in alike if unicodedata.category(one) != "Cf").translate(_UPPER)


def _separates(character: str) -> bool:
    return character in _SEPARATORS or character.isspace() or unicodedata.category(character) == "Pd"


def _goes_on(neighbour: str) -> bool:
    """Whether the word goes on with ``neighbour`` ("" at an end). Chinese is written without blanks: it ends a word."""
    return neighbour.isalnum() and unicodedata.east_asian_width(neighbour) not in ("W", "F")


def _readings(plain: str, start: int) -> Iterator[CreditorReference]:
    """Every reference that begins at ``start`` and ends with a word."""
    taken, gap = "", 0
    for place in range(start, len(plain)):
        character = plain[place]
        if _separates(character):
            gap += 1
            if gap > _MAX_GAP:
                return
            continue
        if character not in _CHARACTERS or len(taken) == MAX_LENGTH:
            return
        taken, gap = taken + character, 0
        if not "RF".startswith(taken[:2]):
            return
        if not _goes_on(plain[place + 1 : place + 2]) and _COMPACT.fullmatch(taken) and _holds(taken):
            yield CreditorReference(taken)


def _holds(compact: str) -> bool:
    """Whether the check digits are the ones that `make` gives (00, 01 and 99 would hold by mod 97 too: other spellings
    of the same number, which nobody issues)."""
    return compact == make(compact[4:])
