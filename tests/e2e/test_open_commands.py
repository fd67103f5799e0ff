"""A database of before, with money under way, is upgraded: what was begun is finished, once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
from alembic import command
from sqlmodel import col, select

from chainfin.connectors.sandbox import World
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.rules import ledger
from chainfin.runtime.installation import Installation
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from tests.e2e.site import FACE, Site, check_books, open_site

COLUMNS = (
    "sequence, payer_account, currency, amount, unapplied, remittance, received_on, "
    "status, reason, evidence, created_at"
)


def as_before(store: Store) -> None:
    """The open commands and the payments as revision 0005 kept them. No journal is touched: what is posted stays."""
    command.downgrade(store._alembic(), "0006")
    with store.engine.connect().execution_options(chainfin_write=True) as db, db.begin():
        names = {row.id: row.bank_ref for row in db.execute(sa.text("SELECT id, bank_ref FROM incoming_payment"))}
        for row in db.execute(sa.text("SELECT id, topic, key, payload FROM outbox")).all():
            topic, key, payload = _old(row.topic, row.key, json.loads(row.payload), names)
            values = {"id": row.id, "topic": topic, "key": key, "payload": json.dumps(payload)}
            db.execute(
                sa.text("UPDATE outbox SET topic = :topic, key = :key, payload = :payload WHERE id = :id"), values
            )
        for statement in (
            "CREATE TABLE old AS SELECT bank_ref, " + COLUMNS + " FROM incoming_payment",
            "DROP TABLE incoming_payment",
            "ALTER TABLE old RENAME TO incoming_payment",
            "CREATE INDEX ix_incoming_payment_sequence ON incoming_payment (sequence)",
            "DROP TABLE repayment",
            "CREATE TABLE repayment (id VARCHAR PRIMARY KEY, loan_id VARCHAR, source VARCHAR, bank_ref VARCHAR, "
            "currency VARCHAR, amount BIGINT, allocation JSON, received_on DATE, created_at DATETIME)",
            "CREATE INDEX ix_repayment_loan_id ON repayment (loan_id)",
            "DROP INDEX ix_journal_payment",
            "ALTER TABLE journal DROP COLUMN payment",
            "DROP INDEX ix_outbox_subject",
            "DROP INDEX ix_outbox_correlation",
            "ALTER TABLE outbox DROP COLUMN subject",
            "ALTER TABLE outbox DROP COLUMN correlation",
            "UPDATE alembic_version SET version_num = '0005'",
        ):
            db.execute(sa.text(statement))


def _old(topic: str, key: str, payload: dict[str, object], names: dict[str, str]) -> tuple[str, str, object]:
    if topic == PayHolder.TOPIC:
        about = [str(payload.pop(name)) for name in ("incoming_id", "asset_id", "party_id", "attempt")]
        return "payment.pay", f"holder:{names[about[0]]}:{about[1]}:{about[2]}", payload
    if topic == Refund.TOPIC:
        payload["refund_id"] = payload.pop("instruction_id")
        return topic, f"refund:{names[str(payload.pop('incoming_id'))]}", payload
    payload.pop("act_subject", None)
    return topic, key, payload


def statuses(site: Site) -> dict[str, str]:
    with site.ctx.store.read() as session:
        wanted = col(OutboxRow.topic).in_((PayHolder.TOPIC, Refund.TOPIC))
        return dict(session.exec(select(OutboxRow.topic, OutboxRow.status).where(wanted)).all())


def test_upgrade__payout_and_refund_under_way__each_finished_once() -> None:
    with open_site() as site:
        asset = site.confirmed(site.borrower())
        sandbox = site.inst.sandbox
        assert sandbox is not None
        # both are carried out by the bank, and its answers (to the question after it too) are lost
        for place in ("/rail/payments", "/rail/refunds"):
            sandbox.faults.add(Rule(Fault.DROP_AFTER, prefix=place, method="*", times=6))
        paid = site.pays(FACE, f"RECEIVABLE {asset.id}", step=False)
        back = site.pays(12_00, "nobody's", step=False)
        site.inst.incoming.run_once()
        site.inst.worker.run_once()
        assert set(statuses(site).values()) == {"unknown"}
        numbers = [str(row.payload["instruction_id"]) for row in (*site.payouts(paid), *site.refunds(back))]
        settings = site.inst.settings
        site.world.close()
        site.inst.close()
        store = Store(settings.database_url)
        as_before(store)
        store.upgrade()
        store.check_schema()
        store.close()
        with Installation(settings, faults=True, drive=False) as again:
            assert again.sandbox is not None
            later = replace(site, inst=again, world=World(again.sandbox))
            later.ctx.clock.move_to(later.ctx.clock.now() + timedelta(minutes=5))
            later.run()
            assert statuses(later) == {PayHolder.TOPIC: "done", Refund.TOPIC: "done"}
            assert [
                str(row.payload["instruction_id"]) for row in (*later.payouts(paid), *later.refunds(back))
            ] == numbers
            assert later.payments().count(numbers[0]) == 1
            assert (later.incoming(paid).status, later.incoming(back).status) == ("applied", "refunded")
            assert later.balance(ledger.SUSPENSE) == later.balance(ledger.HOLDER_PAYABLE) == 0
            assert later.receivable(asset.id).status == "settled"
            check_books(later)
            later.world.close()
