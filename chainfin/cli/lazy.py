"""Commands that are loaded when they are called: to list them takes a line each, and none of their modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True, slots=True)
class Entry:
    """A command that isn't loaded yet: the module of chainfin.cli, the function in it, and a line for the list."""

    module: str
    function: str
    help: str

    def load(self, name: str) -> Any:
        """The command, with the arguments that the function takes."""
        alone = typer.Typer(add_completion=False)
        alone.command(name)(getattr(import_module(f"chainfin.cli.{self.module}"), self.function))
        return typer.main.get_command(alone)


class LazyGroup(TyperGroup):
    """A group of entries and of groups like it."""

    entries: Mapping[str, Entry] = {}

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        listed = {name: TyperCommand(name, help=entry.help) for name, entry in self.entries.items()}
        self.commands = {**listed, **self.commands}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is called, now whole."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, (self.whole(name) if name is not None and name in self.entries else command), rest

    def whole(self, name: str) -> Any:
        """A command with its arguments, or a group."""
        return self.entries[name].load(name) if name in self.entries else self.commands[name]


def group(help_: str, entries: Mapping[str, Entry]) -> typer.Typer:
    """A group of commands, by name."""
    made = type("Group", (LazyGroup,), {"entries": entries})
    return typer.Typer(cls=made, help=help_, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
