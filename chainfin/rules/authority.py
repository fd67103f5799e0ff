"""Whose word an act is taken on: a party's, which the rules check, or the chain's, which is final.

A service asks a rule with the party that acts and the business date, before anything is signed. The projection asks the
same rule with `CHAIN`: the contract has checked who may do it, and when, by its own clock. What the rule then still
checks is the transition table and that no amount is lost or made: where that refuses, chain and rows disagree.
"""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Final, TypeAlias


class Word(Enum):
    """A kind of its own, so that no party's id and no missing value can ever pass for it."""

    CHAIN = "chain"


CHAIN: Final = Word.CHAIN
"""An act that stands in a final block."""

By: TypeAlias = str | Word
"""The party that acts, or `CHAIN`."""
On: TypeAlias = date | Word
"""The business date, or `CHAIN`: the block's own time was checked there."""
