"""What an earlier version had begun is read in this version's form, and finished after a restart, once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from sqlmodel import col, select

from chainfin.connectors.sandbox import World
from chainfin.connectors.sandbox.faults import Fault, Rule
from chainfin.rules import ledger
from chainfin.runtime.installation import Installation
from chainfin.services.kernel.commands import PayHolder, Refund
from chainfin.services.kernel.context import OPERATOR
from chainfin.services.payments import unmatched
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.store import Store
from chainfin.values.party import first_person
from tests.e2e.site import FACE, Site, open_site
from tests.e2e.site_books import check_books

Rows = dict[str, list[dict[str, Any]]]
"""Table → its rows, by column."""


def rows_of(store: Store, *tables: str) -> Rows:
    seen = sa.MetaData()
    seen.reflect(store.engine, only=tables)
    with store.engine.connect() as db:
        return {name: [dict(row._mapping) for row in db.execute(sa.select(seen.tables[name]))] for name in tables}


def upgraded(before: Rows, home: Path) -> Rows:
    """What every migration since revision 0005 makes of a database that holds ``before``."""
    store = Store(f"sqlite:///{home}")
    command.upgrade(store._alembic(), "0005")
    old = sa.MetaData()
    old.reflect(store.engine, only=tuple(before))
    with store.engine.connect().execution_options(chainfin_write=True) as db, db.begin():
        for name, rows in before.items():
            table = old.tables[name]
            columns = [column.name for column in table.columns]
            kept = [{column: row[column] for column in columns if column in row} for row in rows]
            db.execute(table.insert(), kept)
    store.upgrade()
    store.check_schema()
    made = rows_of(store, *before)
    store.close()
    return made


def as_before(now: Rows) -> Rows:
    """The commands and the payments as revision 0005 wrote them."""
    names = {row["id"]: row["bank_ref"] for row in now["incoming_payment"]}
    commands = []
    for row in now["outbox"]:
        topic, key, payload = _old(row["topic"], row["key"], dict(row["payload"]), names)
        commands.append({**row, "topic": topic, "key": key, "payload": payload})
    return {"outbox": commands, "incoming_payment": now["incoming_payment"]}


def renamed(rows: Rows) -> Rows:
    """With every payment under its reference at the bank in place of our own id, which a migration makes anew."""
    whole = json.dumps(rows, default=str)
    for row in rows["incoming_payment"]:
        whole = whole.replace(row["id"], row["bank_ref"])
    read: Rows = json.loads(whole)
    return {name: sorted(each, key=lambda row: str(row["id"])) for name, each in read.items()}


def _old(topic: str, key: str, payload: dict[str, object], names: dict[str, str]) -> tuple[str, str, object]:
    if topic == PayHolder.TOPIC:
        about = [str(payload.pop(name)) for name in ("incoming_id", "asset_id", "party_id", "attempt")]
        return "payment.pay", f"holder:{names[about[0]]}:{about[1]}:{about[2]}", payload
    if topic == Refund.TOPIC:
        payload["refund_id"] = payload.pop("instruction_id")
        return topic, f"refund:{names[str(payload.pop('incoming_id'))]}", payload
    raise AssertionError(topic)


def statuses(site: Site) -> dict[str, str]:
    with site.ctx.store.read() as session:
        wanted = col(OutboxRow.topic).in_((PayHolder.TOPIC, Refund.TOPIC))
        return dict(session.exec(select(OutboxRow.topic, OutboxRow.status).where(wanted)).all())


def test_upgrade__payout_and_refund_under_way__in_this_form_and_each_finished_once(tmp_path: Path) -> None:
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
        operator = replace(OPERATOR, person_id=first_person(None))
        unmatched.send_back(site.ctx, operator, site.unmatched(back).id, "nobody's")
        site.inst.worker.run_once()
        assert set(statuses(site).values()) == {"unknown"}
        numbers = [str(row.payload["instruction_id"]) for row in (*site.payouts(paid), *site.refunds(back))]
        settings = site.inst.settings
        site.world.close()
        site.inst.close()
        store = Store(settings.database_url)
        now = rows_of(store, "outbox", "incoming_payment")
        store.close()
        now["outbox"] = [row for row in now["outbox"] if row["topic"] in (PayHolder.TOPIC, Refund.TOPIC)]
        made, wanted = renamed(upgraded(as_before(now), tmp_path / "before.db")), renamed(now)
        assert made["outbox"] == wanted["outbox"], "this version's own form"
        for row in (*made["incoming_payment"], *wanted["incoming_payment"]):
            row.pop("receivable_id", None)  # nor for which receivable it waits
            del row["account"], row["direct"]  # into which account money came wasn't kept then
        assert made["incoming_payment"] == wanted["incoming_payment"]
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
