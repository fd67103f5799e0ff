"""A deal is played with everything logged: every line of a command names it, and no line, nor what anybody may read,
holds a name, an account, a legal id or a secret."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlmodel import select

from api.app import create_app
from chainfin.connectors.bank_folder import BankFolder, agent
from chainfin.connectors.outcome import Done, Outcome, Refused
from chainfin.connectors.payment_rail import IncomingPage
from chainfin.connectors.watch import IncomingWatch
from chainfin.connectors.worker import TRIES
from chainfin.errors import BadInput
from chainfin.eth.signer import KeySigner
from chainfin.rules.loan import LoanState
from chainfin.runtime import log_setup
from chainfin.runtime.loop import Loop, State
from chainfin.services.kernel import commands, custody
from chainfin.services.kernel.context import Actor
from chainfin.services.lending import applications
from chainfin.services.payments import incoming, instructions, payouts
from chainfin.storage.lending_tables import ApplicationRow
from chainfin.storage.party_tables import CustodyKeyRow, PartyRow
from chainfin.storage.trade_tables import ActRow
from tests.e2e.site import Site, open_site
from tests.e2e.test_partner_results import insist
from tests.e2e.test_partners_texts import answering
from tests.unit.test_loop import until

LENT = 500_000_00
NAME, ACCOUNT = "Zhang Sample (invented)", "6228-4444-0123-4567"


class Heard(io.StringIO):
    """What was logged."""

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    before = structlog.get_config()
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    stream = Heard()
    log_setup.configure("json", "debug", stream=stream)
    yield stream
    root.setLevel(level)
    root.handlers = handlers
    structlog.configure(**before)


@pytest.fixture(scope="module")
def site(heard: Heard) -> Iterator[Site]:
    with open_site() as made:
        yield made


class Refusing:
    """A bank that doesn't tell what came in, in words of its own."""

    def incoming(self, _cursor: int, _limit: int) -> Outcome[IncomingPage]:
        return Refused(ACCOUNT, f"{NAME} has no right to {ACCOUNT}")


class Failing:
    """A driver on which a name falls."""

    rest_s = 3600.0

    def begin(self, wake: Callable[[], None]) -> None: ...

    def turn(self) -> bool:
        raise ValueError(f"what is {NAME} with {ACCOUNT}?")

    def end(self) -> None: ...


def broken(*_given: Any, **_more: Any) -> Any:
    raise ValueError(f"what is {NAME} with {ACCOUNT}?")


def odd(*_given: Any, **_more: Any) -> Any:
    raise BadInput("odd_answer", f"what is {NAME} with {ACCOUNT}?")


@pytest.fixture(scope="module")
def played(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Played:
    """Lent and repaid; then everything that a partner says, and everything of ours, goes wrong around a name."""
    borrower = site.borrower()
    loan_id = site.funded(borrower, LENT, site.confirmed(borrower).id)
    how = instructions.for_loan(site.ctx, borrower, loan_id, None)
    site.pays(site.settles(loan_id), how.remittance, payer=ACCOUNT, payer_name=NAME, account=how.account)
    assert site.loan(loan_id).loan.state is LoanState.REPAID
    refused = accepted(site, borrower, Refused(f"closed:{ACCOUNT}", f"{ACCOUNT} of {NAME} is closed"))
    assert site.application(refused).row.status == "failed"
    failed = accepted(site, borrower, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(incoming, "_place", broken)
        site.pays(3_00, NAME, payer=ACCOUNT, payer_name=NAME)
        patch.setattr(incoming, "_place", odd)
        site.pays(4_00, NAME, payer=ACCOUNT, payer_name=NAME)
    back = site.pays(5_00, NAME, payer=ACCOUNT, payer_name=NAME)
    for way in (broken, odd):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(payouts, "refunded", way)
            if way is broken:
                site.sends_back(back)
            insist(site)
    folder = BankFolder(site.ctx, tmp_path_factory.mktemp("bank"), agent("102100099996"))
    (folder.inbox / f"{ACCOUNT} {NAME}.xml").write_bytes(b"no XML")
    folder.run_once()
    return Played(loan_id, refused, failed)


@dataclass
class Played:
    """The loan that was repaid, the application that the bank refused, and the one at whose payout we failed."""

    loan_id: str
    refused: str
    failed: str


def accepted(site: Site, borrower: Actor, answer: Outcome[dict[str, object]] | None) -> str:
    """An application of which the bank answers the payout so (None: we fail on it)."""
    application = site.offered(borrower, LENT, site.confirmed(borrower).id)
    with answering(site, commands.PayLoan.TOPIC, answer or Done({})):
        if answer is None:
            site.inst.worker._handlers[commands.PayLoan.TOPIC] = broken
        applications.accept(site.ctx, borrower, application)
        site.run()
        insist(site)
    return application


def secrets_of(site: Site) -> set[str]:
    """All that must stand nowhere, of everybody who is there."""
    found = {NAME, ACCOUNT, "Zhang", (site.inst.settings.home / "sandbox" / "key").read_bytes().hex()}
    with site.ctx.store.read() as session:
        for party in session.exec(select(PartyRow)):
            found |= {party.name, party.account, party.legal_value, party.commitment_salt}
        for key in session.exec(select(CustodyKeyRow)):
            signer = custody.signer_of(session, site.ctx, key.address)
            assert isinstance(signer, KeySigner), "it is held here"
            found |= {key.sealed, signer.secret.hex()}
    return {each for each in found if len(each) > 4}


def test_log_and_probes__everything_goes_wrong__no_name_account_or_secret(
    site: Site, heard: Heard, played: Played
) -> None:
    loops = [
        Loop("incoming", IncomingWatch(Refusing(), lambda: 0, broken)),  # type: ignore[arg-type]  # all that is asked of a rail
        Loop("worker", Failing()),
    ]
    app = create_app(site.ctx, loops=loops, ready={loop.name: loop.check for loop in loops}, metrics=site.inst.metrics)
    app.add_api_route("/t/broken", Failing().turn)
    http = TestClient(app, raise_server_exceptions=False, client=("127.0.0.1", 50_000))
    for loop in loops:
        loop.start()
    until(lambda: [loop.view.state for loop in loops] == [State.WAITING, State.FAILING])
    ready, numbers = http.get("/readyz"), http.get("/metrics")
    assert http.get("/t/broken").status_code == 500
    for loop in loops:
        loop.stop()
    assert (ready.status_code, ready.json()["code"]) == (503, "partner_refused")
    assert numbers.status_code == 200
    events = {line["event"] for line in heard.lines()}
    assert {
        "act_sent",
        "item_parked",
        "line_not_applied",
        "handler_failed",
        "result_not_taken_in",
        "bank_file_refused",
        "loop_waits",
        "loop_failing",
        "internal_error",
    } <= events
    said = {"log": heard.getvalue(), "readyz": ready.text, "metrics": numbers.text}
    assert {(where, secret) for where, text in said.items() for secret in secrets_of(site) if secret in text} == set()


def test_log__lines_of_commands__name_what_they_are_about(site: Site, heard: Heard, played: Played) -> None:
    lines = heard.lines()
    with site.ctx.store.read() as session:
        failed = session.get_one(ApplicationRow, played.failed).loan_id
        acts = {act.id: act.subject for act in session.exec(select(ActRow))}
    failing = [line for line in lines if line["event"] == "handler_failed"]
    assert len(failing) == TRIES
    assert {(line["subject"], line["correlation"]) for line in failing} == {(failed, failed)}
    assert {line["topic"] for line in failing} == {commands.PayLoan.TOPIC}
    (aside,) = [
        line for line in lines if line["event"] == "item_parked" and line.get("topic") == commands.PayLoan.TOPIC
    ]
    assert (aside["source"], aside["correlation"]) == ("partner_results", failed)
    sent = [line for line in lines if line["event"] in ("act_sent", "act_refused")]
    assert len(sent) > 10
    assert all(acts[line["act_id"]] == line["correlation"] and line["subject"] == line["act_id"] for line in sent)
