"""One installation put together: store, keys, chain, drivers, sandbox – and taken apart again.

Everything that waits for the network is a driver here; services only write rows. Opening an installation finishes
what a crash left under way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType

import structlog
from sqlmodel import Session

from chainfin.chain.decode import Decoder
from chainfin.chain.deploy import Deployment, deploy
from chainfin.chain.driver import ChainDriver
from chainfin.chain.embedded import EmbeddedNode
from chainfin.chain.indexer import Finality, Indexer
from chainfin.chain.node import Node
from chainfin.chain.rpc import RpcNode
from chainfin.chain.sender import Policy, Sender
from chainfin.chain.web3signer import Web3Signer
from chainfin.connectors.bank_folder import BankFolder, agent
from chainfin.connectors.outcome import Done, Outcome, Refused, Unknown
from chainfin.connectors.partners import Endpoint, Partners, connect
from chainfin.connectors.payment_rail import Incoming, IncomingPage, Line
from chainfin.connectors.sandbox import PARTNERS, Played, Sandbox, World, start_sandbox
from chainfin.connectors.watch import IncomingWatch
from chainfin.connectors.webhooks import BACKOFF, WebhookSender
from chainfin.connectors.worker import Worker
from chainfin.errors import Refusal
from chainfin.eth.signer import Signer
from chainfin.rules import catalogue
from chainfin.runtime import backup, holidays
from chainfin.runtime.housekeeping import Housekeeper
from chainfin.runtime.loop import Loop
from chainfin.runtime.metrics import Metrics
from chainfin.runtime.tracing import Tracing
from chainfin.services.kernel import announcing, commands, custody, parking
from chainfin.services.kernel.context import Clock, Context
from chainfin.services.oversight.parked import Retry
from chainfin.services.parties import admission
from chainfin.services.payments import (
    bank_line,
    booked_line,
    incoming,
    pay_again,
    statements,
    unmatched,
    unpaid,
    unsettled,
)
from chainfin.services.payments.allocation import Arrival
from chainfin.services.payments.bank_line import StatementLine
from chainfin.services.reactions import act_outcomes, chain_events, partner_outcomes, partner_results
from chainfin.settings import Partner, Settings
from chainfin.storage.chain_tables import ChainEvent
from chainfin.storage.ledger_tables import OutboxRow
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault
from chainfin.values.calendar import Calendar

_log = structlog.get_logger("chainfin.acts")


class ActReports:
    """`act_outcomes` with the context bound, as the sender wants it."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    def now(self) -> datetime:
        return self._ctx.clock.now()

    def sent(self, session: Session, act_id: str, tx_hash: str) -> None:
        act_outcomes.sent(session, self._ctx, act_id, tx_hash)
        _log.info("act_sent", act_id=act_id, tx_hash=tx_hash)

    def refused(self, session: Session, act_id: str, code: str, message: str) -> None:
        act_outcomes.refused(session, self._ctx, act_id, code, message)
        _log.info("act_refused", act_id=act_id, code=code)

    def code(self, error_name: str) -> str:
        return act_outcomes.chain_code(error_name)


class Installation(AbstractContextManager["Installation"]):
    """A running installation. Use as a context manager, or `close` it."""

    def __init__(
        self, settings: Settings, *, start_at: datetime | None = None, faults: bool = False, drive: bool = True
    ) -> None:
        """``start_at``: where the business clock of a *fresh* embedded installation begins. ``drive`` False: no drivers
        run (for reading commands and tests that step them by hand).

        Raises Unavailable: chain_…, schema_outdated, database_unreachable, restore_incomplete.
        """
        self.settings = settings
        self._closing: list[Callable[[], None]] = []
        try:
            self._open(settings, start_at, faults, drive)
        except BaseException:
            self.close()
            raise

    def _open(self, settings: Settings, start_at: datetime | None, faults: bool, drive: bool) -> None:
        self.tracing = Tracing(settings.otel_endpoint)
        self._closing.append(self.tracing.close)
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        backup.refuse_half(settings.home)
        calendar = holidays.calendar_of(settings)
        catalogue.check()
        self.store = Store(settings.database_url)
        self._closing.append(self.store.close)
        if settings.chain_url is not None:  # the embedded chain is held by one process as it is
            self._closing.append(self.store.serve_alone())
        with self.store.installing():
            vault, keys = self._install(settings, calendar, start_at)
        self.sandbox: Sandbox | None = None
        self.played = Played()  # by the sandbox
        self.partners = self._partners(settings, faults)
        self._drivers(vault, keys, drive)

    def _install(
        self, settings: Settings, calendar: Calendar, start_at: datetime | None
    ) -> tuple[Vault, Mapping[str, str]]:
        """What exists once: tables, keys, contracts. One process at a time; returns what opens the sealed, and the
        service's own addresses."""
        embedded = settings.chain_url is None
        fresh = self.store.is_empty()
        if fresh:
            self.store.upgrade()
        self.store.check_schema()
        with self.store.read() as session:
            sealed = bool(custody.own_addresses(session))
        vault = Vault.open(settings.home, fresh=not sealed)
        self.clock = Clock(self.store, movable=embedded, zone=settings.time_zone)
        if fresh and start_at is not None:
            self.clock.start_at(start_at)
        keys = _own_keys(self.store, vault, self.clock)
        with self.store.begin() as session:
            custody.check_vault(session, vault)
            session.merge(FactRow(name=custody.CHECK_VALUE, value={"sha256": vault.check_value}))
        self.relayer = self._relayer(settings, vault, keys["relayer"])
        keys["relayer"] = self.relayer.address
        self.node: Node = self._node(settings, keys)
        self._closing.append(self.node.close)
        self.deployment = self._deploy(keys)
        self.ctx = Context(
            store=self.store,
            vault=vault,
            clock=self.clock,
            cell=settings.cell,
            calendar=calendar,
            chain_id=self.deployment.chain_id,
            contracts=self.deployment.contracts,
            operator_address=keys["operator"],
            registrar_address=keys["registrar"],
            platform=settings.platform,
            release_patience=timedelta(hours=settings.release_hours),
            private_webhooks=settings.private_webhooks,
            real_money=settings.rail is not None or settings.bank is not None,
            signed_feed=settings.bank is None,
        )
        self.store.before_commit(lambda session: announcing.write(session, self.ctx))
        admission.admit_registrar(self.ctx)
        return vault, keys

    def _relayer(self, settings: Settings, vault: Vault, sealed: str) -> Signer:
        """Who pays for gas and signs transactions: a key in a web3signer if one is named, else the sealed one."""
        if settings.relayer_signer is not None:
            remote = Web3Signer(*settings.relayer_signer)
            self._closing.append(remote.close)
            return remote
        with self.store.read() as session:
            return custody.own_signer(session, vault, sealed)

    def _node(self, settings: Settings, keys: Mapping[str, str]) -> Node:
        if settings.chain_url is None:
            # the operator announces changes of governance itself: no relayer can
            return EmbeddedNode(settings.home, self.clock.now, funded=[keys["relayer"], keys["operator"]])
        return RpcNode(settings.chain_url, expected_chain_id=settings.chain_id)

    def _deploy(self, keys: Mapping[str, str]) -> Deployment:
        with self.store.read() as session:
            fact = session.get(FactRow, "deployment")
        recorded = None if fact is None else Deployment.from_json(fact.value)
        made = deploy(self.node, self.relayer, operator=keys["operator"], recorded=recorded)
        if recorded is None:
            with self.store.begin() as session:
                session.merge(FactRow(name="deployment", value=made.as_json()))
        return made

    def _partners(self, settings: Settings, faults: bool) -> Partners:
        """Real partners where they are named (each with its own key), the sandbox for those that aren't."""
        named: tuple[Partner | None, ...] = (settings.rail, settings.registry, settings.partner)
        if any(each is None for each in named):
            self.sandbox = start_sandbox(settings.home, now=self.clock.now, faults=faults)
            self._closing.append(self.sandbox.stop)
            world = World(self.sandbox)
            self._closing.append(world.close)
            real = {"bank": settings.rail or settings.bank, "registry": settings.registry, "data": settings.partner}
            self.played = Played(world, tuple(partner for partner in PARTNERS if real[partner] is None))
            own = (self.sandbox.rail_url, self.sandbox.registry_url, self.sandbox.partner_url)
            key = self.sandbox.public_key
            named = tuple(each or Partner(url, key) for each, url in zip(named, own, strict=True))
        rail, registry, data = (Endpoint(each.url, (each.key,)) for each in named if each is not None)
        made = connect(rail, registry, data)
        self._closing.append(made.close)
        return made

    def _drivers(self, vault: Vault, keys: Mapping[str, str], drive: bool) -> None:
        ctx = self.ctx
        depth = self.settings.finality_depth
        self.sender = Sender(
            self.store,
            self.node,
            ctx.contracts,
            self.relayer,
            ActReports(ctx),
            policy=Policy(check_first=self.settings.chain_url is not None),
            worker=f"sender-{self.relayer.address[:10]}",
            finality_depth=depth,
        )

        def project(session: Session, event: ChainEvent) -> None:
            chain_events.apply(session, ctx, event)

        self.indexer = Indexer(
            self.store,
            self.node,
            Decoder(ctx.contracts),
            project,
            start_block=self.deployment.start_block,
            finality=Finality(depth),
        )
        self.chain = ChainDriver(self.sender, self.indexer)
        # whoever holds the embedded chain's lock runs the only drivers of this installation
        alone = self.settings.chain_url is None
        self.files = None if self.settings.bank is None else self._bank_folder(*self.settings.bank)
        handlers = {**self.partners.handlers(), **({} if self.files is None else self.files.handlers())}
        self.worker = Worker(self.store, handlers, self._on_result, self._on_parked, now=ctx.clock.now, alone=alone)
        self.incoming = IncomingWatch(self.partners.rail, lambda: incoming.cursor(ctx), self._on_incoming, rest_s=0.5)
        self.sender_of_events = WebhookSender(self.store, vault, ctx.clock.now, private=ctx.private_webhooks)
        self._closing.append(self.sender_of_events.close)
        # of its own, so that parties that answer slowly keep no money waiting
        self.webhooks = Worker(
            self.store,
            self.sender_of_events.handlers(),
            self._on_result,
            self._on_parked,
            now=ctx.clock.now,
            alone=alone,
            backoff=BACKOFF,
        )
        self.housekeeper = Housekeeper(ctx)
        self.loops = {
            "chain": Loop("chain", self.chain),
            "worker": Loop("worker", self.worker),
            # a bank that doesn't answer delays money that comes in; everything else goes on
            "incoming": Loop("incoming", self.incoming, patient=True),
            "housekeeping": Loop("housekeeping", self.housekeeper),
            "webhooks": Loop("webhooks", self.webhooks, patient=True),
        }
        if self.files is not None:
            del self.loops["incoming"]  # the bank tells by its files what came in
            self.loops["bank"] = Loop("bank", self.files, patient=True)
        self.metrics = Metrics(self.store, list(self.loops.values()), self.indexer, ctx.clock.now)
        if not drive:
            return
        # the worker listens for its own topics
        self.store.on_commit(self.loops["chain"].wake, about=[commands.SendAct.TOPIC])
        for loop in self.loops.values():
            loop.start()
            self._closing.append(loop.stop)

    def _bank_folder(self, folder: Path, bank: str) -> BankFolder:
        return BankFolder(self.ctx, folder, agent(bank))

    def _on_result(self, session: Session, row: OutboxRow, outcome: Outcome[dict[str, object]]) -> None:
        if isinstance(outcome, Done):
            partner_outcomes.done(session, self.ctx, row, outcome.value)
            self.metrics.command_done(session, row.topic, row.payload)
        elif isinstance(outcome, Refused):
            partner_outcomes.refused(session, self.ctx, row, outcome.code, outcome.message)

    def _on_parked(self, session: Session, row: OutboxRow, why: Unknown, said: Mapping[str, object] | None) -> None:
        partner_results.park(session, self.ctx, row, why.code, why.message, said)

    def _on_incoming(self, page: IncomingPage) -> None:
        lines = [_statement_line(line, self.clock) for line in page.lines]
        incoming.take_in(self.ctx, lines, page.next_cursor, through=page.through)

    def retries(self) -> Mapping[str, Retry]:
        """How parked items are taken in again, by their source."""

        def line(session: Session, payload: str) -> None:
            read = self.partners.rail.line(json.loads(payload))
            incoming.take_again(session, self.ctx, _statement_line(read, self.clock))

        def waiting(session: Session, payload: str) -> None:
            incoming.retry(session, self.ctx, json.loads(payload))

        def nameless(session: Session, payload: str) -> None:
            unmatched.place_again(session, self.ctx, json.loads(payload))

        def booked(session: Session, payload: str) -> None:
            incoming.take_again(session, self.ctx, booked_line.again(payload))

        def asked(session: Session, payload: str) -> None:
            partner_results.ask_again(session, self.ctx, payload)

        def unsigned(session: Session, payload: str) -> None:
            unsettled.again(session, self.ctx, payload)

        def refused(session: Session, payload: str) -> None:
            pay_again.order(session, self.ctx, payload)

        return {
            bank_line.SOURCE: line,
            unpaid.SOURCE: refused,
            partner_results.SOURCE: asked,
            incoming.WAITING: waiting,
            incoming.UNMATCHED: nameless,
            unsettled.SOURCE: unsigned,
            statements.LINES: booked,
        }

    def ready(self) -> Mapping[str, Callable[[], None]]:
        """What has to work for the service to be ready, by name: its loops."""
        return {name: loop.check for name, loop in self.loops.items()}

    def close(self) -> None:
        """Stop drivers, then what they stand on."""
        while self._closing:
            self._closing.pop()()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _statement_line(line: Line, clock: Clock) -> StatementLine:
    """A line of the rail as the services take it in."""
    content = line.content
    arrival = _arrival(content, clock) if isinstance(content, Incoming) else content
    return StatementLine(parking.as_payload(line.raw), line.reference, arrival)


def _arrival(paid: Incoming, clock: Clock) -> Arrival | Refusal:
    try:
        received_on = clock.day_of(paid.received_at)
    except OverflowError:
        # the first and the last day that there are, which are another one in our zone
        return Refusal("value_date_implausible", f"the bank dates this payment {paid.received_at.isoformat()}")
    return Arrival(
        bank_ref=paid.bank_reference,
        sequence=paid.sequence,
        payer_account=paid.payer_account,
        payee_account=paid.payee_account,
        amount=paid.amount,
        remittance=paid.remittance,
        received_on=received_on,
        evidence=paid.evidence.as_json(),
    )


def _own_keys(store: Store, vault: Vault, clock: Clock) -> dict[str, str]:
    """The service's own keys by purpose, made on first use."""
    with store.begin() as session:
        found = custody.own_addresses(session)
        for purpose in custody.OWN:
            if purpose not in found:
                found[purpose] = custody.create(session, vault, purpose, None, clock.now())
    return found
