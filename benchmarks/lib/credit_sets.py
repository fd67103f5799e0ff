"""Public credit sets as CSV files that `chainfin risk train` reads: of the folder CHAINFIN_DATA, never copied here."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

SBA_LATER = ("ChgOffDate", "BalanceGross", "MIS_Status", "ChgOffPrinGr", "Recession", "Term", "daysterm", "xx")
"""What is known only once the loan has ended, or reckoned from it."""
SBA_NAMES = ("Selected", "LoanNr_ChkDgt", "Name", "City", "Zip")


@dataclass(frozen=True, slots=True)
class CreditSet:
    """One set: its file (below the data folder), how it becomes CSV, its outcome, what no model may see.

    ``published`` are the AUCs of the data folder's own baselines over the same five folds: (logistic, binned logistic,
    LightGBM).
    """

    file: str
    target: str
    bad: str
    exclude: tuple[str, ...]
    published: tuple[float, float | None, float]
    convert: Callable[[bytes], bytes] = bytes

    def read(self, folder: Path) -> bytes | None:
        """The set as CSV; None where the folder doesn't hold it."""
        path = folder / self.file
        return self.convert(path.read_bytes()) if path.is_file() else None


def from_arff(content: bytes) -> bytes:
    """Weka's attribute-relation file as CSV; of two attributes of one name the second gets a number."""
    head, _, rows = content.decode().partition("@data")
    names: list[str] = []
    for quoted, plain in re.findall(r"^@attribute\s+(?:'([^']*)'|(\S+))", head, re.MULTILINE):
        name = quoted or plain
        names.append(name if name not in names else f"{name} ({len(names) + 1})")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(line.split(",") for line in rows.strip().splitlines())
    return out.getvalue().encode()


@dataclass(frozen=True, slots=True)
class _Invoice:
    settled: date
    due: date
    late_days: int
    disputed: bool
    amount: float


def from_receivables(content: bytes) -> bytes:
    """Invoices as cases: paid late or not, by what was known of the customer on the day of the invoice.

    Known of an earlier invoice is how it was settled, if it was settled before that day, else whether it was overdue.
    """
    past: dict[str, list[_Invoice]] = defaultdict(list)
    cases: list[dict[str, object]] = []
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    for row in sorted(rows, key=lambda one: (_day(one["InvoiceDate"]), one["invoiceNumber"])):
        today, amount, late_days = _day(row["InvoiceDate"]), float(row["InvoiceAmount"]), int(row["DaysLate"])
        history = past[row["customerID"]]
        cases.append(
            {"amount": row["InvoiceAmount"], "paper": row["PaperlessBill"], "country": row["countryCode"]}
            | _known(history, today, amount)
            | {"invoiced": today.isoformat(), "late": int(late_days > 0)}
        )
        disputed = row["Disputed"] == "Yes"
        history.append(_Invoice(_day(row["SettledDate"]), _day(row["DueDate"]), late_days, disputed, amount))
    out = io.StringIO()
    writer = csv.DictWriter(out, list(cases[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(cases)
    return out.getvalue().encode()


def _known(history: list[_Invoice], today: date, amount: float) -> dict[str, object]:
    """The customer's history as it stood on ``today``; shares and means of nothing are blank."""
    settled = sorted((one for one in history if one.settled < today), key=lambda one: one.settled)
    still = [one for one in history if one.settled >= today]
    overdue = [(today - one.due).days for one in still if one.due < today]
    late = [one.late_days for one in settled] + overdue
    disputed = [one for one in settled if one.disputed]
    return {
        "settled": len(settled),
        "open": len(still),
        "overdue": len(overdue),
        "late_share": _mean([days > 0 for days in late]),
        "late_share_of_last_5": _mean([one.late_days > 0 for one in settled[-5:]]),
        "mean_days_late": _mean(late),
        "last_days_late": settled[-1].late_days if settled else "",
        "disputed_share": _mean([one.disputed for one in settled]),
        "mean_days_late_undisputed": _mean([one.late_days for one in settled if not one.disputed]),
        "mean_days_late_disputed": _mean([one.late_days for one in disputed]),
        "against_usual": f"{amount * len(settled) / sum(one.amount for one in settled):.3f}" if settled else "",
    }


def _mean(values: Sequence[float]) -> str:
    return f"{sum(values) / len(values):.4f}" if values else ""


def _day(text: str) -> date:
    return datetime.strptime(text, "%m/%d/%Y").date()  # noqa: DTZ007 - a date has no zone


SETS = {
    "german": CreditSet("credit/germancredit.csv", "creditability", "bad", (), (0.778, 0.793, 0.786)),
    "taiwan": CreditSet(
        "credit/UCI_Credit_Card.csv", "default-payment-next-month", "1", ("ID",), (0.736, 0.763, 0.784)
    ),
    "sba": CreditSet("credit/sba_case.csv", "Default", "1", SBA_NAMES + SBA_LATER, (0.835, 0.847, 0.861)),
    "polish": CreditSet("credit/5year.arff", "bankruptcy", "1", (), (0.875, 0.904, 0.960), from_arff),
    "late": CreditSet(
        "receivables/accounts_receivable.csv", "late", "1", ("invoiced",), (0.865, None, 0.864), from_receivables
    ),
}
