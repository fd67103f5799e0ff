"""The rule that is proved is the rule that runs: every public rule is come to from a route, a command or a loop."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.architecture.reach import Program

BOOK = "waits for the services of the loan book: bad loans, provisions, corrections, a lender's portfolio"

WAITING = {
    "chainfin.rules.facility.check_concentration": BOOK,
    "chainfin.rules.postings.recovery": BOOK,
    "chainfin.rules.ledger.reverse": BOOK,
    "chainfin.rules.postings.write_off": BOOK,
    "chainfin.rules.loan.life.recover": BOOK,
    "chainfin.rules.loan.life.restructure": BOOK,
    "chainfin.rules.loan.life.write_off": BOOK,
    "chainfin.rules.loan.value.Loan.due_now": BOOK,
}
"""Rules that nothing comes to yet, each with what it waits for. What waits for nothing is deleted."""


def test_rules__each_public_one__is_come_to_or_waits_for_a_reason() -> None:
    program = Program()
    unreached = program.public("chainfin.rules", "chainfin.values") - program.reached()
    unreached |= program.unused_members("chainfin.rules", "chainfin.values")
    assert {".".join(name) for name in unreached} == WAITING.keys()


def test_members__of_a_rule_that_nothing_asks_for__are_seen(tmp_path: Path) -> None:
    rule = "class A:\n  @property\n  def asked(self): ...\n  def never(self): return self.no\n  def _own(self): ..."
    for path, text in {
        "chainfin/rules/money.py": rule,
        "chainfin/service.py": "def f(a): return a.asked",
        "api/app.py": "",
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert Program(tmp_path).unused_members("chainfin.rules") == {("chainfin.rules.money", "A.never")}


@pytest.mark.parametrize(
    ("rule", "service", "come_to"),
    [
        ("def used() -> None: ...", "from chainfin.rules import money\nmoney.used()", True),
        ("def used() -> None: ...", "from chainfin.rules.money import used as other\nTABLE = {1: other}", False),
        ("def used() -> None: ...", "from chainfin.rules import money as m\n@app.get('/')\ndef f(): m.used()", True),
        ("def used() -> None: ...", "def f(): used()", False),
        ("def used() -> None: ...", "from chainfin.rules.money import used\n\ndef f(): used()\nf()", True),
    ],
)
def test_program__small_ones__tell_what_is_come_to(tmp_path: Path, rule: str, service: str, come_to: bool) -> None:
    """The measure itself: a module alias, a table nobody reads, a route, a name of another module, a chain of calls."""
    for path, text in {
        "chainfin/__init__.py": "",
        "chainfin/rules/__init__.py": "",
        "chainfin/rules/money.py": rule,
        "chainfin/service.py": service,
    }.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    program = Program(tmp_path)
    assert (("chainfin.rules.money", "used") in program.reached()) is come_to
