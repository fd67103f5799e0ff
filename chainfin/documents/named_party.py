"""Who is named in a trade document: a name and legal ids as they are written there, and their canonical form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from chainfin.documents.fields import Fields

Json: TypeAlias = "str | bool | Sequence[Json] | Mapping[str, Json]"


@dataclass(frozen=True, slots=True)
class LegalId:
    """A party's identifier. ``kind`` is legal (company register), tax or party (any other); ``scheme`` as stated."""

    kind: str
    value: str
    scheme: str | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Seller or buyer as the document names it. ``country`` is ISO 3166 alpha-2."""

    name: str | None
    legal_ids: tuple[LegalId, ...] = ()
    country: str | None = None

    @property
    def legal_id(self) -> str | None:
        """The best identifier that is stated: from the company register, else from the tax office, else any."""
        ranked = sorted(self.legal_ids, key=lambda item: ("legal", "tax", "party").index(item.kind))
        return ranked[0].value if ranked else None

    @property
    def label(self) -> str:
        return self.name or self.legal_id or ""


def stated(body: Mapping[str, Json | None]) -> dict[str, Json]:
    """The members that say something."""
    return {key: value for key, value in body.items() if value is not None}


def party_form(party: Party) -> dict[str, Json]:
    """Its canonical form."""
    ids = [stated({"kind": item.kind, "value": item.value, "scheme": item.scheme}) for item in party.legal_ids]
    return stated({"name": party.name, "legal_ids": ids, "country": party.country})


def read_party(body: Fields) -> Party:
    """The party of a canonical form. Raises BadInput as `Fields` does."""
    ids = tuple(
        LegalId(item.text("kind"), item.text("value"), item.text_or_none("scheme"))
        for item in body.children("legal_ids")
    )
    return Party(body.text_or_none("name"), ids, body.text_or_none("country"))
