"""Commands have columns for what they are about, incoming payments an id of our own; what is open goes on in new form.

Nothing that was posted is rewritten: journals and loan events call an earlier payment by the bank's reference, as they
did (``book_ref``). A command keeps the number under which the bank may know it already.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
import sqlmodel
from alembic import op
from sqlalchemy import Connection

from chainfin.storage.types import UtcDateTime, new_id

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TEXT = sqlmodel.sql.sqltypes.AutoString()
BATCH = 500
PAYMENT_KINDS = ("payment", "suspense", "refund", "holder_payout")


def upgrade() -> None:
    with op.batch_alter_table("outbox") as table:
        table.add_column(sa.Column("subject", TEXT, server_default="", nullable=False))
        table.add_column(sa.Column("correlation", TEXT, server_default="", nullable=False))
        table.create_index("ix_outbox_subject", ["topic", "subject"])
        table.create_index("ix_outbox_correlation", ["topic", "correlation"])
    with op.batch_alter_table("journal") as table:
        table.add_column(sa.Column("payment", TEXT, nullable=True))
        table.create_index("ix_journal_payment", ["payment"])
    connection = op.get_bind()
    ids = _payments(connection)
    _repayments(connection, ids)
    _journals(connection, ids)
    _commands(connection, ids)


def downgrade() -> None:
    raise NotImplementedError("a payment's own id can't be made a bank's reference again: restore the backup instead")


def _payments(connection: Connection) -> dict[str, str]:
    """Every incoming payment gets an id. Returns bank reference → id."""
    with op.batch_alter_table("incoming_payment") as table:
        table.drop_index("ix_incoming_payment_sequence")
    op.rename_table("incoming_payment", "incoming_payment_before")
    made = op.create_table(
        "incoming_payment",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("bank_ref", TEXT, nullable=False),
        sa.Column("repeat", sa.Integer(), nullable=False),
        sa.Column("book_ref", TEXT, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("payer_account", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("unapplied", sa.BigInteger(), nullable=False),
        sa.Column("remittance", TEXT, nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("book_ref"),
        sa.UniqueConstraint("bank_ref", "repeat"),
    )
    with op.batch_alter_table("incoming_payment") as table:
        table.create_index("ix_incoming_payment_sequence", ["sequence"])
    before = _table("incoming_payment_before", made, but=("id", "repeat", "book_ref"))
    ids: dict[str, str] = {}
    for rows in _pages(connection, before, before.c.bank_ref):
        for row in rows:
            ids[row["bank_ref"]] = new_id("inc")
        connection.execute(
            made.insert(),
            [{**row, "id": ids[row["bank_ref"]], "repeat": 0, "book_ref": row["bank_ref"]} for row in rows],
        )
    op.drop_table("incoming_payment_before")
    return ids


def _repayments(connection: Connection, ids: dict[str, str]) -> None:
    """A repayment was called by the bank's reference and its loan; now it has a column for each."""
    with op.batch_alter_table("repayment") as table:
        table.drop_index("ix_repayment_loan_id")
    op.rename_table("repayment", "repayment_before")
    made = op.create_table(
        "repayment",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("loan_id", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("incoming_id", TEXT, nullable=False),
        sa.Column("currency", TEXT, nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("allocation", sa.JSON(), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("created_at", UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"]),
        sa.ForeignKeyConstraint(["incoming_id"], ["incoming_payment.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("loan_id", "incoming_id"),
    )
    with op.batch_alter_table("repayment") as table:
        table.create_index("ix_repayment_loan_id", ["loan_id"])
        table.create_index("ix_repayment_incoming_id", ["incoming_id"])
    before = _table("repayment_before", made, but=("incoming_id",), more=(sa.column("bank_ref", sa.String),))
    for rows in _pages(connection, before, before.c.id):
        for row in rows:
            row["incoming_id"] = ids[row.pop("bank_ref").removesuffix(f":{row['loan_id']}")]
        connection.execute(made.insert(), rows)
    op.drop_table("repayment_before")


def _journals(connection: Connection, ids: dict[str, str]) -> None:
    """Which payment a journal was posted for stood in its key (word:reference:…): written beside it, for good."""
    journal = sa.table(
        "journal", sa.column("id", sa.BigInteger), sa.column("key"), sa.column("kind"), sa.column("payment")
    )
    wanted = journal.c.kind.in_(PAYMENT_KINDS)
    for rows in _pages(connection, journal, journal.c.id, wanted):
        for row in rows:
            payment = _payment_in(row["key"], ids)
            if payment is not None:
                connection.execute(journal.update().where(journal.c.id == row["id"]).values(payment=payment))


def _payment_in(key: str, ids: dict[str, str]) -> str | None:
    """The reference is what a bank wrote, colons and all; what follows it is of ours, and has none."""
    rest = key.partition(":")[2]
    while rest:
        if rest in ids:
            return ids[rest]
        rest = rest.rpartition(":")[0]
    return None


def _commands(connection: Connection, ids: dict[str, str]) -> None:
    outbox = sa.table(
        "outbox",
        sa.column("id", sa.BigInteger),
        sa.column("topic"),
        sa.column("key"),
        sa.column("payload", sa.JSON),
        sa.column("subject"),
        sa.column("correlation"),
    )
    loans = _column(connection, "pledge", "loan_id")
    subjects = _column(connection, "act", "subject")
    for rows in _pages(connection, outbox, outbox.c.id):
        for row in rows:
            changed = _command(row["key"], dict(row["payload"]), ids, loans, subjects)
            if changed:
                connection.execute(outbox.update().where(outbox.c.id == row["id"]).values(**changed))


def _command(
    key: str, payload: dict[str, Any], ids: dict[str, str], loans: dict[str, str], subjects: dict[str, str]
) -> dict[str, Any]:
    """The columns of a command in its new form; nothing of one that isn't known."""
    word, _, about = key.partition(":")
    if word == "pay":
        return {
            "topic": "payment.loan",
            "subject": about,
            "correlation": about,
            "payload": {"loan_id": about, **payload},
        }
    if word == "holder":
        return _holder(about, payload, ids)
    if word == "refund":
        incoming_id = ids[payload["bank_reference"]]
        payload["instruction_id"] = payload.pop("refund_id")
        return {
            "key": f"refund:{incoming_id}",
            "subject": incoming_id,
            "correlation": incoming_id,
            "payload": {"incoming_id": incoming_id, **payload},
        }
    if word in ("register", "unregister"):
        loan_id = loans.get(about) or ""
        del payload["pledge_ref"]
        return {
            "subject": about,
            "correlation": loan_id,
            "payload": {"pledge_id": about, "loan_id": loan_id, **payload},
        }
    if word == "fetch":
        return {"subject": about, "correlation": about, "payload": {"application_id": about, **payload}}
    if word == "act":
        subject = subjects.get(about, "")
        return {"subject": about, "correlation": subject, "payload": {**payload, "act_subject": subject}}
    return {}


def _holder(about: str, payload: dict[str, Any], ids: dict[str, str]) -> dict[str, Any]:
    """``about``: the bank's reference of the payment, what it was on, who is paid, and from the second time on which
    attempt it is."""
    reference, asset_id, payee = about.rsplit(":", 2)
    party_id, _, attempt = payee.partition("-")
    incoming_id, number = ids[reference], int(attempt or "1")
    return {
        "topic": "payment.holder",
        "key": f"holder:{incoming_id}:{asset_id}:{party_id}:{number}",
        "subject": party_id,
        "correlation": incoming_id,
        "payload": {
            "incoming_id": incoming_id,
            "asset_id": asset_id,
            "party_id": party_id,
            "attempt": number,
            **payload,
        },
    }


def _column(connection: Connection, name: str, column: str) -> dict[str, str]:
    rows = sa.table(name, sa.column("id"), sa.column(column))
    return {row[0]: row[1] for row in connection.execute(sa.select(rows.c.id, rows.c[column]))}


def _table(name: str, like: sa.Table, *, but: tuple[str, ...], more: tuple[Any, ...] = ()) -> Any:
    """The table as it was: ``like`` the new one without some columns, and with others."""
    return sa.table(name, *(sa.column(each.name, each.type) for each in like.columns if each.name not in but), *more)


def _pages(connection: Connection, table: Any, order: Any, *wanted: Any) -> Iterator[list[dict[str, Any]]]:
    """All rows, some hundreds at a time, in the order of a unique column that doesn't change meanwhile."""
    last = None
    while True:
        query = sa.select(table).where(*wanted).order_by(order).limit(BATCH)
        if last is not None:
            query = query.where(order > last)
        rows = [dict(row._mapping) for row in connection.execute(query)]
        if not rows:
            return
        yield rows
        last = rows[-1][order.name]
