"""What each line of an order or invoice is worth with its part of tax, allowances and charges."""

from __future__ import annotations

from chainfin.documents.model import Document, money_of
from chainfin.values.money import Money


def line_values(document: Document) -> dict[str, Money]:
    """The gross value of each line by its id: the parts add up to the document's gross value exactly.

    Tax follows the lines' own tax where every line states it and these add up; all else is pro rata by net amount.
    """
    totals = document.totals
    if totals is None:
        raise ValueError("only a document with amounts has line values")
    if not document.lines:
        return {}
    nets = [money_of(line).minor for line in document.lines]
    weights = nets if sum(nets) > 0 else [1] * len(nets)
    adjusted = totals.charge - totals.allowance + totals.rounding
    base = totals.gross + totals.rounding
    taxes = [line.tax.minor for line in document.lines if line.tax is not None]
    if len(taxes) == len(nets) and sum(taxes) == totals.tax.minor and adjusted.minor == 0:
        # Line totals may differ from their stated sum by rounding; then the simple split below is the safe one.
        values = [net + tax for net, tax in zip(nets, taxes, strict=True)]
        if sum(values) == base.minor:
            return {line.id: Money(value, base.currency) for line, value in zip(document.lines, values, strict=True)}
    parts = base.allocate(weights)
    return {line.id: part for line, part in zip(document.lines, parts, strict=True)}
