"""One call of the API as a value, typed by what it answers. `operations` makes them, a client carries them out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import parse_qsl, quote, unquote

from chainfin.client.routes import ROUTES

T = TypeVar("T")


@dataclass(frozen=True)
class Operation(Generic[T]):
    """``template`` is the path as the OpenAPI document has it, ``ids`` fill it in. ``keyed``: it takes an
    Idempotency-Key, so that sent again it is done once."""

    method: str
    template: str
    ids: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    keyed: bool = False

    @property
    def path(self) -> str:
        return self.template.format_map({name: quote(value, safe="") for name, value in self.ids.items()})

    @property
    def repeatable(self) -> bool:
        """Whether it may be sent again where nobody knows if it was done."""
        return self.method == "GET" or self.keyed

    def asking(self, **query: Any) -> Operation[T]:
        """The same with more of a query: ``cursor``, ``limit``."""
        return replace(self, query={**self.query, **query})


def untyped(method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None) -> Operation[Any]:
    """The operation that a ``path`` as it is sent belongs to. One that isn't known here is called too, and never twice.

    A query may stand in the path.
    """
    place, _, more = path.partition("?")
    asked = {**dict(parse_qsl(more, keep_blank_values=True)), **query}
    steps = place.split("/")
    for known, template, keyed in ROUTES:
        names = template.split("/")
        if known != method or len(names) != len(steps):
            continue
        if all(name == step or (name.startswith("{") and step) for name, step in zip(names, steps, strict=True)):
            pairs = zip(names, steps, strict=True)
            ids = {name[1:-1]: unquote(step) for name, step in pairs if name.startswith("{")}
            return Operation(method, template, ids, asked, body, keyed)
    return Operation(method, place.replace("{", "%7B").replace("}", "%7D"), {}, asked, body)
