"""A place in an ISO 20022 message: an element with the path that leads to it, for errors that say where.

Errors (BadInput): element_missing, element_repeated, element_malformed, text_too_long, date_malformed,
currency_missing, currency_mismatch, and those of `Money.parse`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Final

from lxml import etree

from chainfin.connectors.iso20022.model import ParkedPart
from chainfin.errors import BadInput
from chainfin.values.money import Money

PREFIX: Final = "urn:iso:std:iso:20022:tech:xsd:"
MAX_TEXT: Final = 500
"""The longest text of these messages (Max500Text)."""

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(Z|[+-]\d{2}:\d{2})?", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d+)?(Z|[+-]\d{2}:\d{2})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Node:
    """An element and the way to it. Steps are names of the message's own namespace ("RltdPties/Dbtr/Pty")."""

    element: etree._Element
    path: str
    source: str

    @property
    def where(self) -> str:
        return f"{self.source}: {self.path}"

    @property
    def name(self) -> str:
        return etree.QName(self.element).localname

    @property
    def raw(self) -> str:
        """The element as XML text, for whoever resolves what was parked."""
        return etree.tostring(self.element, encoding="unicode", with_tail=False)

    def park(self, error: BadInput) -> ParkedPart:
        return ParkedPart(self.raw, error.code, error.message, error.where or self.where)

    def at(self, step: str) -> str:
        return f"{self.where}/{step}"

    def children(self, name: str) -> tuple[Node, ...]:
        """The elements called ``name`` right below, numbered from 1 as XPath does."""
        found = self.element.iterchildren(f"{self._namespace}{name}")
        return tuple(Node(item, f"{self.path}/{name}[{n}]", self.source) for n, item in enumerate(found, 1))

    def child(self, step: str) -> Node | None:
        """The one element at ``step``, or None. Two of them are refused: nobody could say which one counts."""
        element, path, namespace = self.element, self.path, self._namespace
        for name in step.split("/"):
            found = list(element.iterchildren(f"{namespace}{name}"))
            path = f"{path}/{name}"
            if len(found) > 1:
                raise BadInput(
                    "element_repeated", f"{name} is stated {len(found)} times", where=f"{self.source}: {path}"
                )
            if not found:
                return None
            element = found[0]
        return Node(element, path, self.source)

    @property
    def _namespace(self) -> str:
        """As lxml writes it before a name: "{urn:…}", or nothing."""
        opening, closing, _ = str(self.element.tag).rpartition("}")
        return opening + closing

    def need(self, step: str) -> Node:
        found = self.child(step)
        if found is None:
            raise self.missing(step)
        return found

    def missing(self, step: str) -> BadInput:
        return BadInput("element_missing", f"{step.rpartition('/')[2]} is missing", where=self.at(step))

    def own_text(self, limit: int = MAX_TEXT) -> str | None:
        """This element's text with white space collapsed; None if it is blank."""
        if len(self.element):
            raise BadInput("element_malformed", "a text was expected here, not elements", where=self.where)
        value = " ".join((self.element.text or "").split())
        if len(value) > limit:
            raise BadInput("text_too_long", f"the text is longer than {limit} characters", where=self.where)
        return value or None

    def text(self, step: str, limit: int = MAX_TEXT) -> str | None:
        found = self.child(step)
        return None if found is None else found.own_text(limit)

    def need_text(self, step: str, limit: int = MAX_TEXT) -> str:
        value = self.text(step, limit)
        if value is None:
            raise self.missing(step)
        return value

    def code(self, step: str) -> str | None:
        """What stands at ``step``/Cd, or else at ``step``/Prtry (a code of the bank's own)."""
        return self.text(f"{step}/Cd", 35) or self.text(f"{step}/Prtry", 35)

    def one_of(self, step: str, *values: str) -> str:
        value = self.need_text(step)
        if value not in values:
            raise BadInput("element_malformed", f"{value[:35]!r} is none of {', '.join(values)}", where=self.at(step))
        return value

    def flag(self, step: str) -> bool:
        """An indicator; false where it is absent."""
        found = self.child(step)
        return found is not None and self.one_of(step, "true", "false", "1", "0") in ("true", "1")

    def number(self, step: str) -> int | None:
        value = self.text(step)
        if value is None:
            return None
        if not re.fullmatch(r"[0-9]{1,18}", value):
            raise BadInput("element_malformed", f"{value[:35]!r} is no whole number", where=self.at(step))
        return int(value)

    def moment(self, step: str, zone: tzinfo) -> datetime | None:
        """A date and time as seen in ``zone``; one without an offset is local time there."""
        value = self.text(step)
        if value is None:
            return None
        found = _MOMENT.fullmatch(value)
        try:
            if found:
                return _moment(found[1], found[3], zone)
        except (ValueError, OverflowError):
            pass
        raise self._no_date(step, value)

    def day(self, step: str, zone: tzinfo) -> date | None:
        """The day at ``step``/Dt, or the one in ``zone`` at the time ``step``/DtTm."""
        found = self.child(step)
        if found is None:
            return None
        stated, moment = found.text("Dt"), found.moment("DtTm", zone)
        if moment is not None and stated is None:
            return moment.date()
        if moment is not None or stated is None:
            raise BadInput("date_malformed", "either a date or a date and time belongs here", where=found.where)
        plain = _DATE.fullmatch(stated)
        try:
            if plain:
                return date.fromisoformat(plain[1])
        except ValueError:
            pass
        raise found._no_date("Dt", stated)

    def _no_date(self, step: str, value: str) -> BadInput:
        return BadInput("date_malformed", f"{value[:35]!r} is no date", where=self.at(step))

    def money(self, step: str, currency: str) -> Money:
        """The amount at ``step``, not below zero, exactly in minor units of ``currency`` and of no other."""
        found = self.need(step)
        value, stated = found.own_text(), found.element.get("Ccy")
        if value is None:
            raise self.missing(step)
        if not stated:
            raise BadInput("currency_missing", "the amount names no currency", where=f"{found.where}/@Ccy")
        amount = Money.parse(value, stated, where=found.where)
        if stated != currency:
            raise BadInput("currency_mismatch", f"{stated} on an account in {currency}", where=f"{found.where}/@Ccy")
        if amount.minor < 0:
            raise BadInput("amount_negative", "an amount has no sign here; the indicator says it", where=found.where)
        return amount


def _moment(local: str, offset: str | None, zone: tzinfo) -> datetime:
    # XML writes the end of a day as its hour 24.
    late = local.endswith("T24:00:00")
    text = local.replace("T24:", "T00:") if late else local
    found = datetime.fromisoformat(text + ("" if offset is None else offset.replace("Z", "+00:00")))
    found = found.replace(tzinfo=zone) if offset is None else found.astimezone(zone)
    return found + timedelta(days=1) if late else found
