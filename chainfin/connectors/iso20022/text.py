"""Texts as banks take them: the characters that every bank's system passes on, and Chinese."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from chainfin.errors import BadInput

MAX_ID: Final = 35
MAX_NAME: Final = 140
MAX_REMITTANCE: Final = 140

# The Latin set of ISO 20022 bulk payments ("SWIFT X") without line breaks.
_LATIN: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/-?:().,'+ ")
# An id travels through systems that take slashes at an end, or two in a row, for field marks.
_ID = re.compile(rf"(?!/)(?!.*//)(?!.*/\Z)[A-Za-z0-9/\-?:().,'+]{{1,{MAX_ID}}}")
_MIDDLE_DOT: Final = "·"  # between the parts of a transcribed name (阿卜杜拉·买买提)


def identifier(value: str, where: str) -> str:
    """``value``, an id of ours: it is a key, so it is refused rather than changed. Raises payment_id_malformed."""
    if not _ID.fullmatch(value):
        raise BadInput(
            "payment_id_malformed", f"an id is 1 to {MAX_ID} of A-Z a-z 0-9 / - ? : ( ) . , ' +", where=where
        )
    return value


def name(value: str, where: str) -> str:
    """A party's name, cleaned; never cut, as a bank compares it. Raises BadInput name_missing, text_too_long."""
    found = clean(value)
    if not found:
        raise BadInput("name_missing", "nothing of the name can be sent to a bank", where=where)
    if len(found) > MAX_NAME:
        raise BadInput("text_too_long", f"a name has at most {MAX_NAME} characters", where=where)
    return found


def clean(value: str) -> str:
    """``value`` in the characters that banks take, always the same for the same text.

    Full-width letters become plain ones, accents fall away, Chinese stays, anything else becomes a point; invisible and
    control characters vanish, white space is one blank.
    """
    spaced = "".join(" " if one.isspace() else one for one in unicodedata.normalize("NFKD", value))
    letters = (one for one in spaced if unicodedata.category(one)[0] not in "CM")
    kept = "".join(one if one in _LATIN or one == _MIDDLE_DOT or _chinese(one) else "." for one in letters)
    return " ".join(kept.split())


def _chinese(character: str) -> bool:
    return character == "〇" or unicodedata.name(character, "").startswith("CJK UNIFIED IDEOGRAPH")
