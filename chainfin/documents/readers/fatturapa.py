"""FatturaPA, Italy's invoice (FPA12 to administrations, FPR12 between companies), read into the canonical form.

Facts as in the format's specification (1.2, Agenzia delle Entrate). What is Italian about it decides about money: tax
that the buyer keeps back (ritenuta) or pays to the treasury itself (EsigibilitaIVA "S") is withheld; contributions to a
pension fund are charges. Errors: as of UBL; a file with several invoices is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from lxml import etree

from chainfin.documents.model import (
    Billing,
    Breach,
    Document,
    DocumentKind,
    Instalment,
    LegalId,
    Line,
    Party,
    Price,
    References,
    TaxPart,
)
from chainfin.documents.node import Node, known_currency, plain_quantity
from chainfin.documents.readers import bill, words
from chainfin.documents.readers.bill import MAX_PRICE_DECIMALS, added, unique
from chainfin.documents.sums import Stated, StatedTotals
from chainfin.errors import BadInput
from chainfin.values.money import Money, Rounding

_TYPES: Final = {
    "TD01": "380", "TD02": "386", "TD03": "386", "TD04": "381", "TD05": "383", "TD06": "380", "TD24": "380",
    "TD25": "380", "TD26": "380",
}  # fmt: skip
"""TipoDocumento as UN/EDIFACT 1001. Others (self-billing for the tax authority) keep their name: no claims."""

_GENERAL: Final = "DatiGenerali/DatiGeneraliDocumento"
_GOODS: Final = "DatiBeniServizi"
_PAYMENT: Final = "DatiPagamento/DettaglioPagamento"
_GTIN: Final = frozenset({"EAN", "GTIN"})
_UNITS: Final = {"nr": "C62", "n": "C62", "n.": "C62", "pz": "C62", "pezzi": "C62", "ore": "HUR", "gg": "DAY"}


def read(root: etree._Element, *, source: str) -> Document:
    """The document at ``root``."""
    node = Node(root, "/FatturaElettronica", source)
    bodies = node.children("FatturaElettronicaBody")
    if len(bodies) > 1:
        message = f"the file holds {len(bodies)} invoices: send each in a file of its own"
        raise BadInput("document_inconsistent", message, where=node.where)
    body = node.need("FatturaElettronicaBody")
    return bill.document(_Bill(node, body, _ordered(body)))


def _ordered(body: Node) -> dict[str, tuple[str | None, str | None]]:
    """The order, and its line, that the invoice names for a line; nothing where it names several."""
    found: dict[str, list[tuple[str | None, str | None]]] = {}
    for order in body.children("DatiGenerali/DatiOrdineAcquisto"):
        for place in order.children("RiferimentoNumeroLinea"):
            found.setdefault(place.own_text() or "", []).append((order.text("IdDocumento"), order.text("NumItem")))
    return {line: named[0] for line, named in found.items() if len(named) == 1}


@dataclass(frozen=True, slots=True)
class _Bill:
    """Where a FatturaElettronica has its facts."""

    node: Node
    body: Node
    ordered: Mapping[str, tuple[str | None, str | None]]

    @property
    def where(self) -> str:
        return self.body.where

    def _type(self) -> str:
        stated = self.body.need_text(f"{_GENERAL}/TipoDocumento")
        return _TYPES.get(stated, stated)

    def kind(self) -> DocumentKind:
        return DocumentKind.CREDIT_NOTE if self._type() == "381" else DocumentKind.INVOICE

    def head(self) -> tuple[str, date]:
        return self.body.need_text(f"{_GENERAL}/Numero"), self.body.need_date(f"{_GENERAL}/Data")

    def seller(self) -> Party:
        return _party(self.node.need("FatturaElettronicaHeader/CedentePrestatore"))

    def buyer(self) -> Party:
        return _party(self.node.need("FatturaElettronicaHeader/CessionarioCommittente"))

    def currency(self) -> str:
        step = f"{_GENERAL}/Divisa"
        return known_currency(self.body.need_text(step), self.body.at(step))

    def lines(self) -> Sequence[Node]:
        found = self.body.children(f"{_GOODS}/DettaglioLinee")
        if not found:
            raise self.body.incomplete(f"{_GOODS}/DettaglioLinee")
        return bill.not_too_many(found, self.where)

    def line(self, place: Node, currency: str) -> Line:
        number = place.need_text("NumeroLinea")
        order, order_line = self.ordered.get(number, (None, None))
        quantity = _quantity(place)
        price = place.child("PrezzoUnitario")
        amount = None if price is None else price.decimal()
        codes = {code.need_text("CodiceTipo"): code.text("CodiceValore") for code in place.children("CodiceArticolo")}
        gtin = next((value for kind, value in codes.items() if kind.upper() in _GTIN), None)
        others = [value for kind, value in codes.items() if kind.upper() not in _GTIN and value is not None]
        return Line(
            id=number,
            order_line_ref=order_line,
            order_ref=order,
            sellers_item_id=others[0] if others else None,
            standard_item_id=gtin,
            description=place.text("Descrizione"),
            quantity=quantity,
            unit_code=None if quantity is None else words.unit(place.text("UnitaMisura"), _UNITS),
            price=None
            if price is None or amount is None
            else Price(plain_quantity(amount, price.where, MAX_PRICE_DECIMALS), Decimal(1)),
            line_amount=place.need_amount("PrezzoTotale", currency),
            adjustment=None if amount is None else _adjustment(place, amount, quantity or Decimal(1), currency),
        )

    def _charges(self, currency: str) -> list[Money]:
        funds = self.body.children(f"{_GENERAL}/DatiCassaPrevidenziale")
        found = [place.need_amount("ImportoContributoCassa", currency) for place in funds]
        besides = (place.amount("SpeseAccessorie", currency) for place in self.body.children(f"{_GOODS}/DatiRiepilogo"))
        return [*found, *(each for each in besides if each is not None), *self._listed("MG", currency)]

    def _listed(self, kind: str, currency: str) -> list[Money]:
        """Discounts (SC) or surcharges (MG) on the whole, where they are stated as amounts."""
        found = self.body.children(f"{_GENERAL}/ScontoMaggiorazione")
        amounts = (place.amount("Importo", currency) for place in found if place.text("Tipo") == kind)
        return [each for each in amounts if each is not None]

    def totals(self, currency: str) -> StatedTotals:
        parts = self._taxes(currency)
        general = self.body.need(_GENERAL)
        gross = general.amount("ImportoTotaleDocumento", currency)
        paid = [place.need_amount("ImportoPagamento", currency) for place in self.body.children(_PAYMENT)]
        net = added(part.taxable for part in parts if part.taxable is not None)
        tax = added(part.tax for part in parts)
        payable = added(paid) or gross
        if payable is None and net is not None and tax is not None:
            payable = net + tax  # neither the total nor a payment need be stated
        if payable is None:
            raise self.body.incomplete(f"{_GOODS}/DatiRiepilogo")
        summary = self.body.at(f"{_GOODS}/DatiRiepilogo")
        at = general.at("ImportoTotaleDocumento")
        nothing = Stated(None, at)
        return StatedTotals(
            lines=nothing,
            allowance=Stated(added(self._listed("SC", currency)), general.at("ScontoMaggiorazione")),
            charge=Stated(added(self._charges(currency)), general.at("DatiCassaPrevidenziale")),
            net=Stated(net, summary),
            tax=Stated(tax, summary),
            gross=Stated(gross, at),
            prepaid=nothing,
            rounding=Stated(general.amount("Arrotondamento", currency), general.at("Arrotondamento")),
            payable=Stated(payable, self.body.at(_PAYMENT) if paid else at),
        )

    def billing(self, currency: str) -> Billing:
        kept = [
            place.need_amount("ImportoRitenuta", currency) for place in self.body.children(f"{_GENERAL}/DatiRitenuta")
        ]
        split = [
            place.need_amount("Imposta", currency)
            for place in self.body.children(f"{_GOODS}/DatiRiepilogo")
            if place.text("EsigibilitaIVA") == "S"
        ]
        return Billing(
            type_code=self._type(),
            payee=self._payee(),
            withheld=added([*kept, *split]),
            allowances=added(self._listed("SC", currency)),
            charges=added(self._charges(currency)),
            taxes=self._taxes(currency),
            instalments=self._instalments(currency),
        )

    def _instalments(self, currency: str) -> tuple[Instalment, ...]:
        """Only where there are several days: every payment states its amount."""
        due = [(day, place.amount("ImportoPagamento", currency)) for day, place in self._due()]
        return bill.instalments(due) if len({day for day, _ in due}) > 1 else ()

    def _payee(self) -> Party | None:
        names = unique(place.text("Beneficiario") for place in self.body.children(_PAYMENT))
        return bill.payee_of(self.seller(), [Party(name) for name in names])

    def _taxes(self, currency: str) -> tuple[TaxPart, ...]:
        return tuple(_tax_part(place, currency) for place in self.body.children(f"{_GOODS}/DatiRiepilogo"))

    def _due(self) -> Iterator[tuple[date, Node]]:
        for place in self.body.children(_PAYMENT):
            day, start = place.date("DataScadenzaPagamento"), place.date("DataRiferimentoTerminiPagamento")
            days = place.text("GiorniTerminiPagamento")
            if day is None and start is not None and days is not None and days.isdecimal() and len(days) < 5:
                day = start + timedelta(days=int(days))
            if day is not None:
                yield day, place

    def due_date(self) -> date | None:
        days = {day for day, _ in self._due()}
        return days.pop() if len(days) == 1 else None  # several are instalments

    def terms(self) -> str | None:
        return None

    def breaches(self) -> tuple[Breach, ...]:
        """EN 16931 has no rules for this format's figures."""
        return ()

    def references(self) -> References:
        def named(step: str) -> tuple[str, ...]:
            return unique(place.own_text() for place in self.body.children(f"DatiGenerali/{step}"))

        return References(
            orders=named("DatiOrdineAcquisto/IdDocumento"),
            invoices=named("DatiFattureCollegate/IdDocumento"),
            despatches=named("DatiDDT/NumeroDDT"),
            receipts=named("DatiRicezione/IdDocumento"),
        )


def _party(holder: Node) -> Party:
    """Known by its VAT number (with the country in front) and its codice fiscale."""
    body = holder.need("DatiAnagrafici")
    vat, code = body.child("IdFiscaleIVA"), body.text("CodiceFiscale")
    numbers = [] if vat is None else [vat.need_text("IdPaese") + vat.need_text("IdCodice")]
    if code is not None:
        numbers.append(code)
    parts = (body.text("Anagrafica/Nome"), body.text("Anagrafica/Cognome"))
    person = " ".join(part for part in parts if part is not None)
    name = body.text("Anagrafica/Denominazione") or person or None
    if name is None and not numbers:
        raise body.incomplete("Anagrafica/Denominazione", "the party's name or an identifier")
    ids = tuple(LegalId("tax", number) for number in dict.fromkeys(numbers))
    return Party(name, ids, holder.text("Sede/Nazione"))


def _quantity(place: Node) -> Decimal | None:
    found = place.child("Quantita")
    return None if found is None else plain_quantity(found.decimal(), found.where)


def _adjustment(place: Node, price: Decimal, quantity: Decimal, currency: str) -> Money | None:
    """What discounts and surcharges, one after the other and for each unit, make of the line."""
    found = place.children("ScontoMaggiorazione")
    if not found:
        return None
    after = price
    for each in found:
        amount, percent = each.child("Importo"), each.child("Percentuale")
        change = Decimal(0)
        if amount is not None:
            change = amount.decimal()
        elif percent is not None:
            change = after * percent.decimal() / 100
        after += change if each.need_text("Tipo") == "MG" else -change
    return Money.parse("1", currency).times((after - price) * quantity, Rounding.HALF_EVEN)


def _tax_part(place: Node, currency: str) -> TaxPart:
    rate = place.need("AliquotaIVA")
    percent = plain_quantity(rate.decimal(), rate.where)
    return TaxPart(
        category=place.text("Natura") or "S",
        percent=percent,
        taxable=place.need_amount("ImponibileImporto", currency),
        tax=place.need_amount("Imposta", currency),
    )
