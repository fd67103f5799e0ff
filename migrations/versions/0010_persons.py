"""Persons with credentials of their own, proposals that take two of them, and prices that belong to somebody.

Every party and the operator get a first person, to whom the clients made so far belong. Prices made so far belong to
nobody known, so that they count for nobody any more.

Revision ID: 0010
Revises: 0008
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
import sqlmodel
from alembic import op

import chainfin.storage.types

revision = "0010"
down_revision = "0008"
branch_labels = None
depends_on = None

Text = sqlmodel.sql.sqltypes.AutoString
Moment = chainfin.storage.types.UtcDateTime


def upgrade() -> None:
    _persons()
    _proposals()
    _prices()


def _persons() -> None:
    person = op.create_table(
        "person",
        sa.Column("id", Text(), nullable=False),
        sa.Column("party_id", Text(), nullable=True),
        sa.Column("name", Text(), nullable=False),
        sa.Column("address", Text(), nullable=True),
        sa.Column("administrator", sa.Boolean(), nullable=False),
        sa.Column("status", Text(), nullable=False),
        sa.Column("made_by", Text(), nullable=True),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("address"),
    )
    with op.batch_alter_table("person", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_person_party_id"), ["party_id"], unique=False)
    parties = [None, *op.get_bind().execute(sa.text("SELECT id FROM party")).scalars()]
    op.bulk_insert(
        person,
        [
            {
                "id": f"per_{party or 'operator'}",
                "party_id": party,
                "name": "",
                "administrator": True,
                "status": "active",
                "created_at": datetime.now(UTC),
            }
            for party in parties
        ],
    )
    with op.batch_alter_table("api_client", schema=None) as batch_op:
        batch_op.add_column(sa.Column("person_id", Text(), nullable=True))
    op.execute("UPDATE api_client SET person_id = 'per_' || COALESCE(party_id, 'operator')")
    with op.batch_alter_table("api_client", schema=None) as batch_op:
        batch_op.alter_column("person_id", existing_type=Text(), nullable=False)
        batch_op.create_foreign_key("fk_api_client_person", "person", ["person_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_api_client_person_id"), ["person_id"], unique=False)


def _proposals() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", Text(), nullable=False),
        sa.Column("cell", Text(), nullable=False),
        sa.Column("party_id", Text(), nullable=True),
        sa.Column("kind", Text(), nullable=False),
        sa.Column("subject", Text(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("reason", Text(), nullable=False),
        sa.Column("proposed_by", Text(), nullable=False),
        sa.Column("status", Text(), nullable=False),
        sa.Column("decided_by", Text(), nullable=True),
        sa.Column("decision_reason", Text(), nullable=True),
        sa.Column("decided_at", Moment(timezone=True), nullable=True),
        sa.Column("evidence", Text(), nullable=True),
        sa.Column("evidence_hash", Text(), nullable=True),
        sa.Column("expires_at", Moment(timezone=True), nullable=False),
        sa.Column("created_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["party_id"], ["party.id"]),
        sa.ForeignKeyConstraint(["proposed_by"], ["person.id"]),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("proposal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proposal_party_id"), ["party_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposal_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposal_subject"), ["subject"], unique=False)


def _prices() -> None:
    op.create_table(
        "price_source",
        sa.Column("name", Text(), nullable=False),
        sa.Column("proposal_id", Text(), nullable=False),
        sa.Column("approved_at", Moment(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["proposal_id"], ["proposal.id"]),
        sa.PrimaryKeyConstraint("name"),
    )
    with op.batch_alter_table("price", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner_id", Text(), nullable=True))
        batch_op.add_column(sa.Column("proposal_id", Text(), nullable=True))
        batch_op.add_column(sa.Column("counts_from", Moment(timezone=True), nullable=True))
        batch_op.create_foreign_key("fk_price_owner", "party", ["owner_id"], ["id"])
        batch_op.create_foreign_key("fk_price_proposal", "proposal", ["proposal_id"], ["id"])
        batch_op.create_index(batch_op.f("ix_price_owner_id"), ["owner_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("price", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_price_owner_id"))
        batch_op.drop_constraint("fk_price_proposal", type_="foreignkey")
        batch_op.drop_constraint("fk_price_owner", type_="foreignkey")
        batch_op.drop_column("counts_from")
        batch_op.drop_column("proposal_id")
        batch_op.drop_column("owner_id")
    op.drop_table("price_source")
    op.drop_table("proposal")
    with op.batch_alter_table("api_client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_api_client_person_id"))
        batch_op.drop_constraint("fk_api_client_person", type_="foreignkey")
        batch_op.drop_column("person_id")
    op.drop_table("person")
