"""Under which reference a claim is paid, and which references a payer's text names.

A claim's reference follows from what it is for, so that the service, the payer and an auditor each make the same one.
A payer's text is a stranger's: all of it can be read, what says nothing known names nothing, none of it is an error.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final, Literal

from chainfin.values import reference
from chainfin.values.reference import CreditorReference

Kind = Literal["loan", "receivable", "buy_back", "funding"]

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which people misread (Crockford's base 32)."""
_LETTERS: Final = 16
"""80 bits: nobody finds a second claim with the reference of a given one, and it is five groups of four to type."""

# Before claims had references payers were told to write a word and our id. Blanks and dashes may have got into the id.
_LOAN: Final = re.compile(
    r"(?<![0-9A-Z])LOAN(?:[^0-9A-Z]{0,16}LOAN)?[^0-9A-Z]{0,4}((?:[\s-]*[0-9A-F]){28})(?![0-9A-Z])"
)
_BUY_BACK: Final = re.compile(r"(?<![0-9A-Z])BUY[\s-]?BACK[^0-9A-Z]{0,16}(0X(?:[\s-]*[0-9A-F]){64})(?![0-9A-Z])")
_RECEIVABLE: Final = re.compile(r"(?<![0-9A-Z])RECEIVABLE[^0-9A-Z]{0,16}(0X(?:[\s-]*[0-9A-F]){64})(?![0-9A-Z])")


def of(kind: Kind, target: str) -> CreditorReference:
    """The reference under which a loan is repaid, a receivable is paid, what is pledged is bought back, or a lender
    places money for lending.

    ``target``: the id of the loan, the receivable, the pledge or the lender.
    """
    digest = hashlib.sha256(f"chainfin payment reference\n{kind}\n{target}".encode()).digest()
    number = int.from_bytes(digest[: _LETTERS * 5 // 8], "big")
    return reference.make("".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(_LETTERS))))


def named(text: str) -> tuple[CreditorReference, ...]:
    """The references that the text may mean, each once: written out ("RF18 5390 …", in any spelling), or by the word
    and the id that payers were told before (``LOAN <loan>``, ``RECEIVABLE <receivable>``, ``BUYBACK <pledge>``).

    Check digits that happen to hold give readings that nobody issued: whoever asks compares with what there is.
    """
    found = dict.fromkeys(reference.find_all(text))
    plain = "".join(one for one in unicodedata.normalize("NFKC", text) if unicodedata.category(one) != "Cf").upper()
    found.update(dict.fromkeys(of("loan", f"loan_{_id(match)}") for match in _LOAN.findall(plain)))
    found.update(dict.fromkeys(of("receivable", _id(match)) for match in _RECEIVABLE.findall(plain)))
    found.update(dict.fromkeys(of("buy_back", _id(match)) for match in _BUY_BACK.findall(plain)))
    return tuple(found)


def _id(matched: str) -> str:
    return "".join(one for one in matched if one.isalnum()).lower()
