"""An installation opened to be read, beside the service that runs on it: no drivers, no sandbox, nothing deployed."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from chainfin.chain.deploy import Deployment, check
from chainfin.chain.embedded import EmbeddedNode
from chainfin.chain.node import Node
from chainfin.chain.prover import ChainProver
from chainfin.chain.rpc import RpcNode
from chainfin.chain.views import ContractViews
from chainfin.connectors.http import HttpClient
from chainfin.connectors.registry import Registry
from chainfin.connectors.registry_view import RegistryLookup
from chainfin.connectors.sandbox import start_sandbox
from chainfin.connectors.signature import Verifier
from chainfin.errors import Unavailable
from chainfin.progress import Step, silent
from chainfin.runtime import backup, holidays
from chainfin.services.kernel import custody
from chainfin.services.kernel.context import Actor, Clock, Context
from chainfin.services.oversight import reconcile
from chainfin.services.oversight.findings import Reconciliation
from chainfin.settings import Partner, Settings
from chainfin.storage.party_tables import FactRow
from chainfin.storage.store import Store
from chainfin.storage.vault import Vault


class Reading(AbstractContextManager["Reading"]):
    """Store, chain and context for one command. The end of day, which only writes rows, runs on it too."""

    def __init__(self, settings: Settings) -> None:
        """Raises Unavailable: not_installed, schema_outdated, chain_…, restore_incomplete."""
        self.settings = settings
        backup.refuse_half(settings.home)
        if settings.chain_url is None and not (settings.home / "chain" / "chain.db").exists():
            raise Unavailable("not_installed", backup.not_installed(settings.home))
        calendar = holidays.calendar_of(settings)
        self.store = Store(settings.database_url)
        try:
            self.store.check_schema()
            self.clock = Clock(self.store, movable=settings.chain_url is None, zone=settings.time_zone)
            with self.store.read() as session:
                fact = session.get(FactRow, "deployment")
                own = custody.own_addresses(session)
                if fact is None or not own:
                    raise Unavailable("not_installed", "no contracts were deployed by this installation yet")
                vault = Vault.open(settings.home, fresh=False)
                custody.check_vault(session, vault)
            self.deployment = Deployment.from_json(fact.value)
            self.node: Node = self._open_node()
        except BaseException:
            self.store.close()
            raise
        self.ctx = Context(
            store=self.store,
            vault=vault,
            clock=self.clock,
            cell=settings.cell,
            calendar=calendar,
            chain_id=self.deployment.chain_id,
            contracts=self.deployment.contracts,
            operator_address=own["operator"],
            registrar_address=own["registrar"],
            platform=settings.platform,
            real_money=settings.rail is not None or settings.bank is not None,
        )
        self.prover = ChainProver(self.node, self.deployment)

    def _open_node(self) -> Node:
        settings = self.settings
        if settings.chain_url is None:
            return EmbeddedNode(settings.home, self.clock.now, read_only=True)
        node = RpcNode(settings.chain_url, expected_chain_id=settings.chain_id)
        check(node, self.deployment)
        return node

    def reconcile(self, actor: Actor, progress: Step = silent) -> Reconciliation:
        """Chain, registry, projection and ledger held against each other. Raises what `services.reconcile.run` raises.

        Without a real registry the sandbox of this home is asked, through a second server on the same file.
        """
        partner, sandbox = self.settings.registry, None
        if partner is None:
            sandbox = start_sandbox(self.settings.home, now=self.clock.now)
            partner = Partner(sandbox.registry_url, sandbox.public_key)
        client = HttpClient(partner.url, Verifier([partner.key]))
        try:
            views = ContractViews(self.node, self.ctx.contracts)
            return reconcile.run(self.ctx, actor, views, RegistryLookup(Registry(client)), progress)
        finally:
            client.close()
            if sandbox is not None:
                sandbox.stop()

    def close(self) -> None:
        self.node.close()
        self.store.close()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
