"""The (invented) parties of the generated acts, and what the register of parties says of them."""

from __future__ import annotations

from typing import Final

from chainfin.values.party import Role

ALL_ROLES: Final = 255
PARTIES: Final[dict[str, int]] = {
    "core": Role.CORE,
    "buyer": Role.CORE | Role.LINED,
    "maker": Role.SUPPLIER,
    "grower": Role.SUPPLIER,
    "dealer": Role.DISTRIBUTOR,
    "lender": Role.LENDER,
    "fund": Role.LENDER,
    "keeper": Role.KEEPER,
    "bank": Role.BANK,
    "clearer": Role.BANK,
    "registrar": Role.REGISTRAR,
    # one that is everything at once meets every rule about acting with oneself
    "group": ALL_ROLES,
}
OPERATOR: Final = "operator"
"""Runs the register of parties; no party itself."""
STRANGER: Final = "stranger"
"""Has a key, and was never admitted."""
NOBODY: Final = "nobody"
"""A party number that was never given."""
NUMBERS: Final = {**{who: number for number, who in enumerate(PARTIES, 1)}, NOBODY: 4_000_000_000}
"""Party numbers by name, as they are given in the order of admission."""
