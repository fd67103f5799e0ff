"""The number under which a bank knows an order of ours: made of our own ids alone, the same each time it is made.

Banks take 35 characters of a small alphabet (ISO 20022 Max35Text, of which every scheme carries letters, digits and the
hyphen). A bank keeps a number for ever, so that the same order sent twice is carried out once.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

FORM: Final = re.compile(r"[A-Za-z0-9-]{1,35}")


def for_loan(loan_id: str) -> str:
    """The payout of a loan: its id, spelled as a bank takes it."""
    return _checked(loan_id.replace("_", "-"))


def for_holder(incoming_id: str, asset_id: str, party_id: str, attempt: int) -> str:
    """What of payment ``incoming_id`` on an asset leaves to a party; ``attempt`` counts from 1."""
    return _digest("holder", incoming_id, asset_id, party_id, str(attempt))


def for_refund(incoming_id: str, attempt: int = 1) -> str:
    """What of payment ``incoming_id`` goes back to who sent it; ``attempt`` counts from 1."""
    return _digest("refund", incoming_id, *([] if attempt == 1 else [str(attempt)]))


def _digest(word: str, *ids: str) -> str:
    digest = hashlib.sha256("\n".join((word, *ids)).encode()).hexdigest()
    return _checked(f"{word}-{digest[:28]}")


def _checked(made: str) -> str:
    assert FORM.fullmatch(made), f"no bank takes {made!r}"
    return made
