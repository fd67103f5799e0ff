"""Alembic's environment: the engine comes from `chainfin.storage.store.Store`, the metadata from the tables."""

from __future__ import annotations

from alembic import context

from chainfin.settings import load
from chainfin.storage.store import Store
from chainfin.storage.tables import metadata

engine = context.config.attributes.get("engine")
if engine is None:
    engine = Store(load().database_url).engine

with engine.connect().execution_options(chainfin_write=True) as connection:
    context.configure(connection=connection, target_metadata=metadata(), render_as_batch=True, compare_type=True)
    with context.begin_transaction():
        context.run_migrations()
    if connection.in_transaction():
        connection.commit()
