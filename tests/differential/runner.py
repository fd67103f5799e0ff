"""Model and contracts in step: the same act to both, and every difference at once, with the steps that lead to it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tests.differential.act import Act
from tests.differential.expected import Expected, differences, seen, unlike
from tests.differential.generate import Generator
from tests.differential.model import Model
from tests.differential.model_receivables import PREFIX
from tests.differential.reasons import REASONS, same
from tests.differential.replay import Replay
from tests.differential.system import System

SHOWN = 25
SHRINK_SECONDS = 60.0


class Disagreement(AssertionError):
    """The rules and the contracts don't say the same."""


@dataclass
class Run:
    """One sequence of acts on a fresh model and fresh contracts. ``met``: how often each act had which end."""

    system: System
    model: Model = field(default_factory=Model)
    done: list[Act] = field(default_factory=list)
    refused: set[int] = field(default_factory=set)
    """Places in `done` of acts that both sides refused: they have left no trace."""
    met: Counter[tuple[str, str]] = field(default_factory=Counter)
    another_first: int = 0
    """Acts with several faults of which the two sides named different ones."""

    def __post_init__(self) -> None:
        self.system.reset()
        self.model.book.now = self.system.now

    @property
    def expected(self) -> Expected:
        return Expected(self.model.book, self.system.numbers)

    def step(self, act: Act) -> list[str]:
        """Both sides carry it out: what they disagree about."""
        self.done.append(act)
        if act.wait:
            self.system.move_to(self.system.now + act.wait)
        self.system.make_room()
        code = self.model.apply(act, self.system.now)
        self.met[act.name, code or "done"] += 1
        outcome = self.system.send(act)
        if (code is None) != (outcome.error is None):
            return [f"rules: {code or 'done'}; contract: {outcome.error or 'done'} {dict(outcome.details) or ''}"]
        if code is None:
            wrong = [text for each in self.expected.touched(act) for text in unlike(self.expected, self.system, each)]
            return wrong + (self._parts(act.params["id"]) if act.function == "split" else [])
        self.refused.add(len(self.done) - 1)
        error = str(outcome.error)
        if same(act.name, code, error):
            return []
        # more than one thing is wrong with it: which check comes first is no promise of either side
        reasons = self.model.reasons(act, self.system.now)
        if any(same(act.name, each, error) for each in reasons):
            self.another_first += 1
            return []
        known = "" if any(outcome.error in errors for errors in REASONS.values()) else " (not in the table of reasons)"
        return [f"both refuse, rules: {code}; contract: {outcome.error} {dict(outcome.details)}{known}"]

    def finish(self) -> list[str]:
        """At the end: everything in the model, in storage and from the events alone; what was confirmed of orders."""
        expected, wrong = self.expected, []
        replay = Replay(self.system.entries)
        things = set(expected.things())
        if things != set(replay.state):
            wrong.append(f"the events tell of {len(replay.state)} things, the model of {len(things)}")
        for thing in things:
            found = seen(self.system, thing)
            name = f"{thing[0]} {thing[1].hex()[:8]}"
            wrong += [f"{name}, model and storage: {text}" for text in differences(expected.of(thing), found)]
            reply = replay.state.get(thing, {})
            wrong += [f"{name}, events and storage: {text}" for text in differences(reply, found)]
        for who, number in self.system.numbers.items():
            if number in replay.parties:
                found = self.system.view("Participants", "party", number)
                wrong += [f"{who}: {text}" for text in differences(replay.parties[number], found)]
        if replay.paused != self.system.view("Participants", "paused"):
            wrong.append(f"the events say that {replay.paused} is paused")
        return wrong + replay.wrong + self._children(replay) + self._confirmed() + self._lines(replay)

    def _lines(self, replay: Replay) -> list[str]:
        """Each party's line: in the model, in storage, from the events; each lender's share."""
        wrong = []
        for who in self.model.book.roles:
            number, line = self.system.numbers[who], self.model.book.line(who)
            stored = self.system.view("Receivables", "line", number)
            reply = replay.lines.get(number, (0, 0))
            if not tuple(stored) == reply == (line.limit, line.used):
                wrong.append(f"line of {who}: {line} in the model, {stored} in storage, {reply} in the events")
        for (lender, debtor), share in self.model.book.shares.items():
            found = self.system.view("Receivables", "lineOf", self.system.numbers[lender], self.system.numbers[debtor])
            if found != share:
                wrong.append(f"line of {debtor} by {lender}: {share} in the model, {found} in storage")
        return wrong

    def _children(self, replay: Replay) -> list[str]:
        wrong = []
        for key, debt in self.model.book.receivables.items():
            wrong += self._parts(key)
            if debt.parts != replay.children.get(key, 0):
                wrong.append(f"receivable {key.hex()[:8]}: {debt.parts} parts in the model, others in the events")
        return wrong

    def _parts(self, key: bytes) -> list[str]:
        ours, stored = self.model.book.receivables[key].parts, self.system.view("Receivables", "childCount", key)
        return [f"receivable {key.hex()[:8]}: {ours} parts in the model, {stored} in storage"] if ours != stored else []

    def _confirmed(self) -> list[str]:
        """Confirmed ≤ invoiced ≤ received ≤ despatched ≤ ordered, the first from the receivables in storage."""
        wrong = []
        confirmed: Counter[str] = Counter()
        for key, debt in self.model.book.receivables.items():
            found = self.system.view("Receivables", "receivable", key)
            parts = (found[name] for name in ("free", "pledged", "splitAway", "settled", "diluted"))
            if sum(parts) != found["face"]:
                wrong.append(f"receivable {key.hex()[:8]}: its amounts don't add up to its face")
            if found["confirmed"] and not found["part"]:
                confirmed[debt.order_id] += found["face"]
        for key, entry in self.model.book.orders.items():
            stored = self.system.view("Orders", "order", key)
            steps = (
                confirmed[key.hex()],
                *(stored[name] for name in ("invoiced", "received", "despatched", "ordered")),
            )
            if list(steps) != sorted(steps) or steps[0] != entry.order.confirmed:
                wrong.append(f"order {key.hex()[:8]}: {steps}, {entry.order.confirmed} confirmed in the model")
        return wrong


def run(system: System, seed: int, steps: int, *, seconds: float | None = None) -> Run:
    """``steps`` generated acts, or what fits into ``seconds``.

    Raises Disagreement with the seed and the shortest sequence that was found.
    """
    made = Run(system)
    generator = Generator(made.model.book, seed)
    until = None if seconds is None else time.monotonic() + seconds
    for number in range(steps):
        if until is not None and time.monotonic() > until:
            break
        act = generator.act()
        wrong = made.step(act)
        if wrong:
            raise Disagreement(_told(system, seed, number, made, wrong))
        made.model.book.now = system.now
    wrong = made.finish()
    if wrong:
        raise Disagreement(f"seed {seed}, after {steps} steps:\n" + "\n".join(wrong[:SHOWN]))
    return made


def replayed(system: System, acts: Sequence[Act]) -> list[str]:
    """What the last of these acts disagrees about, on fresh contracts; an earlier disagreement counts too."""
    made = Run(system)
    for act in acts:
        wrong = made.step(act)
        if wrong:
            return wrong
    return []


def shrink(system: System, acts: Sequence[Act], seconds: float) -> list[Act]:
    """Fewer acts that still disagree: first those about other things go, then ever smaller pieces."""
    until = time.monotonic() + seconds
    kept = list(acts)
    related = _related(kept)
    if len(related) < len(kept) and replayed(system, related):
        kept = related
    size = max(1, len(kept) // 2)
    while size and time.monotonic() < until:
        start = 0
        while start < len(kept) - 1 and time.monotonic() < until:
            fewer = _without(kept, start, min(start + size, len(kept) - 1))
            if replayed(system, fewer):
                kept = fewer
            else:
                start += size
        size //= 2
    return kept


def _related(acts: Sequence[Act]) -> list[Act]:
    """The last act and those before it that share an id with it, directly or not; and the operator's."""
    ids = _ids(acts[-1])
    if any(each.startswith(PREFIX) for each in ids):  # a part: any split, enforcement or buy-back may have made it
        ids |= {each for act in acts if act.function in ("split", "enforce", "buyBack") for each in _ids(act)}
    for _ in range(3):  # ids of earlier acts lead to further ones: orders, then their receivables, then their pledges
        for act in acts:
            if _ids(act) & ids:
                ids |= _ids(act)
    lasting = ("Participants", "revokeNonces")
    return _kept(acts, lambda _, act: bool(_ids(act) & ids) or act.contract in lasting or act.function in lasting)


def _kept(acts: Sequence[Act], wanted: Callable[[int, Act], bool]) -> list[Act]:
    """Some of the acts, at the same times."""
    kept: list[Act] = []
    waited = 0
    for place, act in enumerate(acts):
        waited += act.wait
        if wanted(place, act):
            kept.append(replace(act, wait=waited))
            waited = 0
    return kept


def _ids(act: Act) -> set[bytes]:
    names = ("orderId", "id", "assetId", "pledgeId", "soldPledgeId", "goodsId", "receivableId")
    named = {act.params[name] for name in names if name in act.params}
    return named.union(act.params.get("pledgeIds", ())) - {bytes(32)}


def _without(acts: Sequence[Act], start: int, end: int) -> list[Act]:
    """The acts but for these; the time that they waited stays."""
    waited = sum(act.wait for act in acts[start:end])
    rest = list(acts[end:])
    rest[0] = replace(rest[0], wait=rest[0].wait + waited)
    return [*acts[:start], *rest]


def _told(system: System, seed: int, number: int, made: Run, wrong: Sequence[str]) -> str:
    acts = _kept(made.done, lambda place, _: place not in made.refused or place == len(made.done) - 1)
    short = shrink(system, acts, SHRINK_SECONDS)
    still = replayed(system, short)
    lines = [f"seed {seed}, step {number}: {acts[-1]}", *wrong[:SHOWN], f"the same in {len(short)} acts:"]
    lines += [f"  {act}" for act in short[-SHOWN:]]
    return "\n".join([*lines, *(still if still != list(wrong) else [])])
