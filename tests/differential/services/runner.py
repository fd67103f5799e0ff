"""Services and contracts in step: each deed to both, and every difference at once, with what led to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlmodel import col, select

from chainfin.errors import ChainfinError, Halted
from chainfin.eth import eip712
from chainfin.storage.chain_tables import ChainEventRow
from chainfin.storage.trade_tables import ActRow
from tests.differential.services import verdicts
from tests.differential.services.batches import Batches
from tests.differential.services.deed import Deed
from tests.differential.services.generate import Generator
from tests.differential.services.generate_batches import BatchDeed
from tests.differential.services.harness import Harness, Known
from tests.differential.services.rows import Rows
from tests.differential.services.verdicts import Standing

SHOWN = 20
TAKEN = "taken"


class Disagreement(AssertionError):
    """The services and the contracts don't say the same."""


@dataclass
class Run:
    """One sequence of deeds on one harness. ``met``: how often each act had which end, by the service's word."""

    harness: Harness
    done: list[str] = field(default_factory=list)
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    acts: int = 0
    """What was put to both sides: deeds that have a call, and each item of a batch."""
    items: int = 0
    """Acts that went in batches."""
    another_first: int = 0
    """Acts with several faults of which the two sides named different ones."""
    _block: int = 0

    def __post_init__(self) -> None:
        self.known: Known = self.harness.known()
        self._batches = Batches(self.harness)

    @property
    def batches(self) -> int:
        return self._batches.sent

    def step(self, deed: Deed | BatchDeed) -> list[str]:
        """Both sides carry it out: what they disagree about, and what the rows have otherwise than the contracts."""
        self.done.append(str(deed))
        try:
            wrong = self._alone(deed) if isinstance(deed, Deed) else self._batch(deed)
            return wrong + list(self._moved())
        except Halted as halted:
            return [f"the projection stands still: {halted}"]

    def _alone(self, deed: Deed) -> list[str]:
        standing = Standing.of(self.harness, deed)
        place, code = self.harness.newest_act(), None
        try:
            code = deed.ask()
        except ChainfinError as refused:
            code = refused.code
        # of what the service takes the contract speaks by the transaction itself; nothing has moved after a refusal
        error = self.harness.refusal(deed.by, deed.call) if deed.call is not None and code is not None else None
        made = self._driven(place)
        self._told(deed, code)
        self.acts += deed.call is not None
        wrong = [f"{act.function} came to nothing: {act.error_message}" for act in made if not _ended(act)]
        if deed.call is None:
            return wrong
        own = [act for act in made if act.function == deed.call.function]
        if code is not None:
            wrong += self._differ(deed, code, error, standing)
            wrong += [f"it was refused ({code}), and an act was made"] if own else []
        elif not own:
            wrong.append("it was taken, and no act was made")
        else:
            wrong += verdicts.said_otherwise(deed.call, own[0].params)
        return wrong

    def _driven(self, place: int) -> Sequence[ActRow]:
        """Everything that follows, to its end: the acts that were made since ``place``."""
        self.harness.drive()
        return self.harness.acts_since(place)

    def _batch(self, batch: BatchDeed) -> list[str]:
        place = self.harness.newest_act()
        standings = {id(deed): Standing.of(self.harness, deed) for deed in batch.deeds}
        items = self._batches.judged(batch.deeds)
        # what only the service refuses is asked of the contract alone: in the batch it would be taken past the service
        alone = [item for item in items if (item.name, item.code) in verdicts.STRICTER]
        for item in alone:
            assert item.deed.call is not None, "what has no call is no item"
            item.error = self.harness.refusal(item.deed.by, item.deed.call)
        together = [item for item in items if item not in alone]
        whole = self._batches.send(batch.function, batch.speaker, batch.pledgor, together) if together else None
        made = self._driven(place)
        self.items, self.acts = self.items + len(items), self.acts + len(items)
        wrong: list[str] = []
        for item in items:
            self._told(item.deed, item.code, batch.function)
            if whole is None or item.code is None:
                wrong += self._differ(item.deed, item.code, item.error, standings[id(item.deed)])
        ended = {item.act_id for item in items if item.error is not None}
        lost = [act for act in made if not _ended(act) and act.id not in ended]
        return wrong + [f"{act.function} came to nothing: {act.error_message}" for act in lost]

    def _told(self, deed: Deed, code: str | None, batch: str = "") -> None:
        self.done[-1] += f" → {code or TAKEN}"
        self.met[deed.name or deed.by, code or TAKEN] += 1
        if batch:
            self.met[batch, "refused" if code else TAKEN] += 1

    def _differ(self, deed: Deed, code: str | None, error: str | None, standing: Standing) -> list[str]:
        text = verdicts.difference(deed.name, code, error, standing)
        if text is None and code and error and not verdicts.same(deed.name, code, error):
            self.another_first += 1
        return [] if text is None else [text]

    def _moved(self) -> Iterator[str]:
        """What the rows have otherwise than the contracts, of all that the newest events name."""
        with self.harness.site.ctx.store.read() as session:
            events = session.exec(select(ChainEventRow).where(col(ChainEventRow.block_number) > self._block)).all()
        self.known = self.harness.known()
        if events:
            self._block = max(event.block_number for event in events)
            yield from Rows(self.harness, self.known).touched(events)

    def finish(self) -> list[str]:
        """Everything that there is."""
        return list(Rows(self.harness, self.known).all())


def run(harness: Harness, seed: int, acts: int, lacking: Sequence[str] = (), always: Sequence[str] = ()) -> Run:
    """Generated deeds until both sides were put ``acts``. Those ``lacking`` are led to until they are met, others
    ``always``. Raises Disagreement with the seed and what led to it."""
    made = Run(harness)
    generator = Generator(harness, seed)
    while made.acts < acts:
        missing = [*always, *(name for name in lacking if not made.met[name, TAKEN])]
        wrong = made.step(generator.next(made.known, missing, made.acts / acts))
        if wrong:
            raise Disagreement(_told(seed, made, wrong))
    wrong = made.finish()
    if wrong:
        raise Disagreement(_told(seed, made, wrong))
    return made


def _ended(act: ActRow) -> bool:
    """Whether it came to what it was for: a word that is kept as evidence never reaches the chain."""
    return act.status == ("signed" if act.function in eip712.KEPT else "final")


def _told(seed: int, made: Run, wrong: Sequence[str]) -> str:
    said = [f"seed {seed}, step {len(made.done)}, act {made.acts}:", *wrong[:SHOWN]]
    return "\n".join([*said, "what led to it:", *made.done[-SHOWN:]])
