"""The statutory registry as the reconciliation asks it."""

from __future__ import annotations

from collections.abc import Sequence

from chainfin.connectors.outcome import Done
from chainfin.connectors.registry import Registry
from chainfin.errors import Unavailable
from chainfin.services.oversight.reconcile_registry import RegistryEntry, Standing


class RegistryLookup:
    """Implements `chainfin.services.oversight.reconcile_registry.RegistryView`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def entry(self, pledge_id: str) -> RegistryEntry:
        """Raises Unavailable registry_silent where the registry gives no (signed) answer."""
        answer = self._registry.query(pledge_id)
        if not isinstance(answer, Done):
            raise Unavailable("registry_silent", f"{answer.code}: {answer.message}", where=pledge_id)
        return RegistryEntry(answer.value.status, answer.value.registry_no)

    def standing(self, asset_hash: str) -> Sequence[Standing]:
        """Raises Unavailable registry_silent where the registry gives no (signed) answer."""
        answer = self._registry.search(asset_hash)
        if not isinstance(answer, Done):
            raise Unavailable("registry_silent", f"{answer.code}: {answer.message}", where=asset_hash)
        return [Standing(entry.pledge_ref, entry.registry_no) for entry in answer.value]
