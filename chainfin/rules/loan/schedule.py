"""Repayment schedules: dates and amounts that follow from the terms, to the fen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Context, Decimal, localcontext
from functools import lru_cache

from chainfin.errors import BadInput
from chainfin.rules.loan.terms import LoanTerms, Method
from chainfin.values.calendar import add_months
from chainfin.values.money import Money, days_between, interest_on_product


@dataclass(frozen=True, slots=True)
class Instalment:
    """What falls due on ``due``; ``balance`` is the principal left after it."""

    number: int
    due: date
    principal: Money
    interest: Money
    fee: Money
    balance: Money

    @property
    def total(self) -> Money:
        return self.principal + self.interest + self.fee


@dataclass(frozen=True, slots=True)
class Schedule:
    """Instalments by ascending due date; their principal adds up to the loan's principal exactly."""

    instalments: tuple[Instalment, ...]

    @property
    def total(self) -> Money:
        first, *others = (instalment.total for instalment in self.instalments)
        return sum(others, first)

    @property
    def interest(self) -> Money:
        first, *others = (instalment.interest for instalment in self.instalments)
        return sum(others, first)

    @property
    def due_dates(self) -> tuple[date, ...]:
        return tuple(instalment.due for instalment in self.instalments)

    def principal_due(self, on: date) -> Money:
        """The principal of all instalments due on or before ``on``."""
        zero = Money.zero(self.instalments[0].principal.currency)
        return sum((instalment.principal for instalment in self.instalments if instalment.due <= on), zero)


@lru_cache(maxsize=4096)
def schedule(terms: LoanTerms) -> Schedule:
    """The schedule, as if the loan is paid out on ``terms.start`` and every instalment paid on its due date.

    Interest of an instalment is the rounded interest accrued to its date less that to the date before, so the
    instalments' interest adds up to what daily accrual posts. Principal that doesn't divide goes to the last one.
    Raises BadInput loan_terms_invalid when there is less than one fen of principal for each instalment.
    """
    dates = _due_dates(terms)
    if terms.principal.minor < len(dates):
        raise BadInput("loan_terms_invalid", f"{terms.principal} can't be cut into {len(dates)} instalments")
    wanted = _principal_parts(terms, dates)
    level = _level_payment(terms, dates) if terms.method is Method.EQUAL_INSTALMENTS else 0
    zero = Money.zero(terms.currency)
    balance, product, accrued, since = terms.principal.minor, 0, zero, terms.start
    instalments: list[Instalment] = []
    for place, due in enumerate(dates):
        product += balance * days_between(since, due)
        cumulative = interest_on_product(product, terms.annual_rate, terms.day_count, terms.currency)
        interest = cumulative - accrued
        later = len(dates) - place - 1
        if later == 0:
            principal = balance
        elif terms.method is Method.EQUAL_INSTALMENTS:
            # A fen stays for every later instalment, or rounding could close the loan one instalment early.
            principal = min(max(level - interest.minor, 1), balance - later)
        else:
            principal = wanted[place]
        balance -= principal
        fee = terms.fee_or_zero if place == 0 else zero
        parts = (Money(principal, terms.currency), interest, fee, Money(balance, terms.currency))
        instalments.append(Instalment(place + 1, due, *parts))
        accrued, since = cumulative, due
    return Schedule(tuple(instalments))


def _due_dates(terms: LoanTerms) -> tuple[date, ...]:
    final = terms.calendar.adjust(terms.maturity, terms.adjustment)
    if final <= terms.start:  # preceding may move a maturity of a few days onto the start
        final = terms.maturity
    if terms.method is Method.BULLET:
        return (final,)
    if terms.method is Method.SEASONAL:
        before: Sequence[date] = terms.seasonal_dates[:-1]
    else:
        # Each date is reckoned from the start, so the 31st isn't the 28th for ever after February.
        months = (terms.maturity.year - terms.start.year) * 12 + terms.maturity.month - terms.start.month
        steps = range(terms.period_months, months + 1, terms.period_months)
        before = [due for step in steps if (due := add_months(terms.start, step)) < terms.maturity]
    moved = sorted({terms.calendar.adjust(due, terms.adjustment) for due in before})
    # Two dates that a holiday pushes onto one day become one instalment.
    return (*(due for due in moved if terms.start < due < final), final)


def _principal_parts(terms: LoanTerms, dates: Sequence[date]) -> Sequence[int]:
    """Principal for each date but the last (which takes the rest), for the methods that fix it beforehand."""
    count, principal = len(dates), terms.principal.minor
    match terms.method:
        case Method.EQUAL_PRINCIPAL:
            return [principal // count] * count
        case Method.SEASONAL:
            weights = _weights(terms, dates)
            return [principal * weight // sum(weights) for weight in weights]
        case _:
            return [0] * count


def _weights(terms: LoanTerms, dates: Sequence[date]) -> list[int]:
    """A weight for each due date; seasons merged onto one day add theirs up."""
    given = terms.seasonal_weights or (1,) * len(terms.seasonal_dates)
    weights = [0] * len(dates)
    for season, weight in zip(terms.seasonal_dates, given, strict=True):
        day = terms.calendar.adjust(season, terms.adjustment)
        weights[next((place for place, due in enumerate(dates) if due >= day), len(dates) - 1)] += weight
    return weights


def _level_payment(terms: LoanTerms, dates: Sequence[date]) -> int:
    """The equal instalment in minor units, rounded down (the last one makes up for it).

    Periods have their actual days: payment = principal / Σ Π 1/(1 + rate × days / year), not the textbook's twelfths.
    """
    with localcontext(Context(prec=60)):
        factor, annuity, since = Decimal(1), Decimal(0), terms.start
        for due in dates:
            factor /= 1 + terms.annual_rate * days_between(since, due) / terms.day_count.year_days
            annuity += factor
            since = due
        return int((terms.principal.minor / annuity).to_integral_value(rounding=ROUND_DOWN))
