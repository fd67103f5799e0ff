"""What the audience sees: a line for each thing as it happens, a node trail that fills itself, a summary at the end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass
class Report:
    """Prints to ``console`` and remembers. ``facts`` is the machine-readable summary (`--json`)."""

    console: Console
    facts: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    _chapter: float = field(default_factory=time.monotonic)

    def chapter(self, letter: str, title: str, title_zh: str) -> None:
        self._chapter = time.monotonic()
        self.console.print(f"\n[bold cyan]{letter}[/]  [bold]{title}[/]  [dim]{title_zh}[/]")

    def did(self, who: str, what: str, proof: str = "") -> None:
        """One thing that has really happened."""
        seconds = time.monotonic() - self._chapter
        shown = f"  [dim]{proof}[/]" if proof else ""
        self.console.print(
            f"   [green]✓[/] [dim]{seconds:5.2f}s[/]  {who}: {what}{shown}", highlight=False, soft_wrap=True
        )

    def node(self, node: dict[str, Any]) -> None:
        """A node of an application that has ended, as its event arrives."""
        seconds = float(node["seconds"])
        detail = ", ".join(f"{k} {_short(v)}" for k, v in node["detail"].items())
        name = node["node"].replace("_", " ")
        self.console.print(
            f"      [blue]▸[/] {name:<20} {seconds * 1000:7.1f} ms  {node['outcome'] or '':<9} [dim]{detail[:96]}[/]",
            highlight=False,
            soft_wrap=True,
        )

    def refused(self, what: str, code: str, message: str) -> None:
        """Something that must not work, and didn't."""
        self.console.print(
            f"   [red]✗[/] {what:<44} [yellow]{code}[/]  [dim]{message[:110]}[/]", highlight=False, soft_wrap=True
        )

    def note(self, text: str) -> None:
        self.console.print(f"      {text}", highlight=False, soft_wrap=True)

    def parts(self, title: str, rows: list[tuple[str, str]], total: tuple[str, str]) -> None:
        """Amounts that add up."""
        table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2))
        table.add_column(max_width=78)
        table.add_column(justify="right")
        for name, amount in rows:
            table.add_row(name, amount)
        table.add_section()
        table.add_row(f"[bold]{total[0]}[/]", f"[bold]{total[1]}[/]")
        self.console.print(table)

    def summary(self, rows: list[tuple[str, str]]) -> None:
        table = Table(title="What happened", title_justify="left", show_header=False, box=None, padding=(0, 2))
        for name, value in rows:
            table.add_row(name, value)
        self.console.print()
        self.console.print(table)


def _short(value: Any) -> str:
    text = str(value)
    return text[:12] + "…" if text.startswith("0x") and len(text) > 14 else text
