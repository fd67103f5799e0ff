"""A confirmation (确权) is of exactly what was issued: the debtor's words are held against it, not filled in for it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chainfin.errors import Refused
from chainfin.services.trade import receivables
from chainfin.storage.trade_tables import DocumentRow
from chainfin.values.money import Money
from tests.e2e.onchain import rows
from tests.e2e.site import CNY, FACE, Site


def test_confirmation__of_something_else__refused(site: Site) -> None:
    seller = site.borrower()
    documents = site.papers(seller)
    issued = receivables.issue(site.ctx, seller, site.received(seller, documents), documents["invoice"]).receivable
    site.run()
    with site.ctx.store.read() as session:
        root = session.get_one(DocumentRow, issued.document_id).root
    detail: dict[str, Any] = {"document_root": root, "face": Money(FACE, CNY), "due_date": issued.due_date}
    before = rows(site.ctx.store)
    for other in (
        {"face": Money(FACE - 1, CNY)},
        {"face": Money(FACE, "USD")},
        {"due_date": issued.due_date + timedelta(days=1)},
        {"document_root": "0x" + "11" * 32},
    ):
        with pytest.raises(Refused) as refused:
            receivables.confirm(site.ctx, site.cast["core"], issued.id, **{**detail, **other})
        assert refused.value.code == "confirmation_mismatch"
    assert rows(site.ctx.store) == before
    receivables.confirm(site.ctx, site.cast["core"], issued.id, **detail)
    site.run()
    assert site.receivable(issued.id).status == "confirmed"
