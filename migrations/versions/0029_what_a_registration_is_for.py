"""A filing with the registry says by its topic whether it is for a loan that begins, for a substitution or for a top-up.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

OUTBOX = sa.table("outbox", sa.column("topic", sa.String()), sa.column("subject", sa.String()))
SUBSTITUTION = sa.table("substitution", sa.column("pledge_id", sa.String()))
ACT = sa.table("act", sa.column("subject", sa.String()), sa.column("function", sa.String()))

ANY = "registry.register"
SUBSTITUTE = "registry.register_substitute"
TOP_UP = "registry.register_top_up"
GRANT = "grant"
"""What a borrower signs for goods that it adds; the pledge of a loan that begins is granted in its application."""


def upgrade() -> None:
    substitutes = sa.select(SUBSTITUTION.c.pledge_id)
    granted = sa.select(ACT.c.subject).where(ACT.c.function == GRANT)
    filed = OUTBOX.update().where(OUTBOX.c.topic == ANY)
    op.execute(filed.where(OUTBOX.c.subject.in_(substitutes)).values(topic=SUBSTITUTE))
    op.execute(filed.where(OUTBOX.c.subject.in_(granted)).values(topic=TOP_UP))


def downgrade() -> None:
    op.execute(OUTBOX.update().where(OUTBOX.c.topic.in_((SUBSTITUTE, TOP_UP))).values(topic=ANY))
