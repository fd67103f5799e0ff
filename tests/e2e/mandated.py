"""A lender of a test's own and what becomes of its mandates: for the tests of mandates."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chainfin.rules.mandate import PAYOUT_TAKES
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import mandates
from chainfin.services.views.lending import MandateView
from chainfin.values.party import Role
from tests.e2e.site import Site

LENT = 100_000_00


def lender_without_mandate(site: Site, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """A lender of this test's own, with limits and no mandate."""
    other = site.admit(Role.LENDER)
    monkeypatch.setitem(site.cast, "lender", other)
    site.limit("debtor", site.cast["core"], 9_000_000_00)
    return other


def refused(site: Site, application: str) -> tuple[str, list[str]]:
    row = site.application(application).row
    return row.status, [str(each["code"]) for each in row.refusals]


STOPPED_BY = {
    "revoked": "mandate_revoked",
    "expired": "mandate_expired",
    "in its last day": "mandate_expired",
    "lowered": "limit_lowered",
}


def stop(site: Site, lender: Actor, mandate: MandateView, stopped_by: str) -> None:
    if stopped_by == "revoked":
        mandates.revoke(site.ctx, lender, mandate.id)
    elif stopped_by == "expired":
        site.ctx.clock.move_to(mandate.expires_at)
    elif stopped_by == "in its last day":  # a bank that takes a day would pay too late
        site.ctx.clock.move_to(mandate.expires_at - PAYOUT_TAKES + timedelta(seconds=1))
    else:
        site.limit("debtor", site.cast["core"], LENT - 1)
