"""Who plays in the tests' deals, and how a company becomes a party: one way for all stagings that call the services.

Every company is invented; its id is valid and its division (990000) doesn't exist.
"""

from __future__ import annotations

from stdnum.cn import uscc

from chainfin import samples
from chainfin.eth import eip712, keys
from chainfin.rules.lot import Lot
from chainfin.services.kernel.context import OPERATOR, Context
from chainfin.services.parties import admission
from chainfin.services.views.parties import PartyView
from chainfin.values.party import Role


def invented(number: int) -> samples.Company:
    """A company of which there is one for each number."""
    body = f"91990000{number:09d}"
    return samples.Company(f"虚构样例{body}", f"Invented {body}", body + uscc.calc_check_digit(body))


def lot(number: str) -> Lot:
    """A sealed lot at an invented yard, one for each number."""
    return Lot("Yard 3 (invented)", f"L {number}", seal=f"S {number}")


def admit(
    ctx: Context, company: samples.Company, role: Role, *, account: str | None = None, key: bytes | None = None
) -> PartyView:
    """The operator admits the company; with a ``key`` of its own it consents by that, else its key is in custody.
    The admission is on its way to the chain then."""
    made = admission.admit(
        ctx,
        OPERATOR,
        name=company.english,
        legal_scheme="USCC",
        legal_value=company.uscc,
        roles=int(role),
        address=None if key is None else keys.address_of(key),
        account=account or f"6228-{company.uscc[-8:]}",
        profile={},
    )
    assert (made.consent is None) == (key is None), "who has its own key is asked, and nobody else"
    if made.consent is not None and key is not None:
        admission.consent(ctx, made.party.id, "0x" + eip712.sign(made.consent, key).hex())
    return made.party
