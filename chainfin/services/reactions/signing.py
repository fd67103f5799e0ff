"""A party signs an act that was prepared for it: taken if what it stands on still holds at that moment."""

from __future__ import annotations

from sqlmodel import Session

from chainfin.errors import BadInput, Conflict, NotFound, Refused
from chainfin.eth import eip712
from chainfin.eth.abi import from_hex
from chainfin.rules.act import ActState
from chainfin.services.goods import two_words
from chainfin.services.kernel import acts, attestations, in_flight
from chainfin.services.kernel.context import Actor, Context
from chainfin.services.pledges import enforcement, release, top_ups
from chainfin.services.views.acts import ActView
from chainfin.storage.trade_tables import ActRow


def sign(ctx: Context, actor: Actor, act_id: str, signature: str) -> ActView:
    """Take the party's signature and hand the act to the relayer.

    Anyone may bring it: the signature itself is the proof. Raises NotFound act_unknown; Conflict act_not_awaiting,
    signature_replayed, payment_under_way (see `in_flight`); BadInput signature_malformed, signature_expired; Forbidden
    signature_foreign; Refused attestation_outdated, release_outdated, enforcement_outdated (then the act has ended:
    what it was for is to be begun again, or was asked for anew, or may not be any more).
    """
    outdated: Refused | None = None
    with ctx.store.begin() as session:
        release.lock(session, act_id)
        more = top_ups.granting(session, act_id)
        row = session.get(ActRow, act_id, with_for_update=True)
        if row is None or not (actor.sees_all or actor.party_id == row.party_id):
            raise NotFound("act_unknown", f"there is no act {act_id}")
        _unless_taken(row, signature, offered=row.function in eip712.OFFERED and not more)
        outdated = _outdated(session, ctx, row)
        if more:
            acts.take_ride(session, ctx, row, from_hex(signature, where="signature"))
            top_ups.granted(session, ctx, row)
        elif outdated is None and row.function in (*eip712.RIDING, *eip712.KEPT):
            acts.take_ride(session, ctx, row, from_hex(signature, where="signature"))
            if row.function in eip712.RIDING:
                two_words.carry_out(session, ctx, row)
        elif outdated is None:
            in_flight.unless_paid(session, row)
            acts.submit(session, ctx, row, from_hex(signature, where="signature"))
    if outdated is not None:
        raise outdated
    return ActView.of(row)


def _unless_taken(row: ActRow, signature: str, *, offered: bool) -> None:
    if offered:
        raise Conflict("act_not_awaiting", "an offer is accepted where it was made")
    if row.status == ActState.AWAITING_SIGNATURE:
        return
    if row.signature is not None and row.signature == signature.lower():
        raise Conflict("signature_replayed", f"this signature was taken before; the act is {row.status}")
    if row.status == ActState.EXPIRED:
        raise BadInput("signature_expired", "the time to sign this act is over; begin it again")
    raise Conflict("act_not_awaiting", f"the act is {row.status}")


def _outdated(session: Session, ctx: Context, row: ActRow) -> Refused | None:
    """Why the act isn't to be signed any more; it has ended then."""
    if attestations.outdated(session, row):
        return attestations.drop(session, ctx, row)
    if enforcement.is_enforcement(row):
        return enforcement.unless_outdated(session, ctx, row)
    return release.unless_outdated(session, ctx, row) if release.is_release(row) else None
