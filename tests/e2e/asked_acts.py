"""Acts that wait for a signature in a played installation, and how their party signs them itself."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select

from chainfin.eth import eip712
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor
from chainfin.services.reactions import signing
from chainfin.services.views.acts import ActView
from chainfin.storage.trade_tables import ActRow
from tests.e2e.site import Site

HELD = custody.signer_of


def asked(site: Site, subject: str, function: str) -> list[ActRow]:
    with site.ctx.store.read() as session:
        query = select(ActRow).where(ActRow.subject == subject, ActRow.function == function)
        return list(session.exec(query.order_by(col(ActRow.id))).all())


def sign(site: Site, act: ActRow | ActView) -> None:
    with site.ctx.store.read() as session:
        key = HELD(session, site.ctx, act.signer)
    assert key is not None
    signing.sign(site.ctx, Actor("party", act.party_id), act.id, "0x" + eip712.sign(act.typed_data, key).hex())


def a_day_later(site: Site) -> None:
    site.ctx.clock.move_to(site.ctx.clock.now() + timedelta(hours=25))
    site.run()
