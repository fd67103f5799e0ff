"""Who is speaking: wallet sign-in (EIP-4361), client credentials, and the short tokens that both give.

Tokens run by the wall clock, not by business time: a sandbox that moves its business day must not end or prolong
anybody's session, and wallets stamp their messages with the real time (ADR 0171).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from sqlalchemy import update
from sqlmodel import Session, col, delete, select

from chainfin.errors import BadInput, Conflict, Forbidden, NotFound, Unauthenticated
from chainfin.eth.abi import from_hex, parse_address
from chainfin.eth.siwe import parse_siwe, siwe_message, verify_siwe
from chainfin.services.kernel import approvals, custody
from chainfin.services.kernel.context import Actor, Context, wall_clock
from chainfin.services.parties import confirming
from chainfin.services.parties.gate import active_party
from chainfin.services.views.parties import ClientView
from chainfin.storage.party_tables import ClientRow, PartyRow, PersonRow, SignInNonceRow
from chainfin.storage.store import Store
from chainfin.storage.types import new_id
from chainfin.values.party import OPERATOR_SUBJECT, PartyState, PersonState, Role, first_person

TOKEN_LIFETIME = timedelta(minutes=30)
NONCE_LIFETIME = timedelta(minutes=10)
ISSUER = "chainfin"
# RFC 9106 by way of OWASP's floor: 19 MiB, two passes. The secret has 256 random bits; the hash only slows a thief.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@dataclass(frozen=True, slots=True)
class Challenge:
    """What a wallet needs to sign in; ``message`` is ready to sign if the address was named."""

    nonce: str
    domain: str
    uri: str
    chain_id: int
    expires_at: datetime
    message: str | None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer token of a person; ``subject`` is its party's id or "operator"."""

    value: str
    subject: str
    person_id: str
    expires_in_s: int


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who speaks and how it came in: ``wallet`` or ``client``."""

    actor: Actor
    via: str

    @property
    def subject(self) -> str:
        """Whose keys of idempotency these are: the party's for its first person, else the person's own."""
        party_id, person_id = self.actor.party_id, self.actor.person_id
        if person_id is None or person_id == first_person(party_id):
            return party_id or OPERATOR_SUBJECT
        return person_id


@dataclass(frozen=True, slots=True)
class NewClient:
    """Fresh client credentials; the secret is shown this once."""

    client: ClientView
    secret: str


class SignIn:
    """Sign-in of one installation. ``domain`` is what wallet messages have to name, or else the ``address`` (host and
    port, without TLS) at which it listens; tokens are for the domain, so that they outlive a change of the port."""

    def __init__(
        self,
        ctx: Context,
        *,
        domain: str = "127.0.0.1",
        address: str | None = None,
        wall: Callable[[], datetime] = wall_clock,
    ) -> None:
        self._ctx = ctx
        self.domain = domain
        self._named = domain if address is None else address
        self._uri = f"{'https' if address is None else 'http'}://{self._named}/v1/auth/wallet"
        self._wall = wall
        self._key = OctKey.import_key(ctx.vault.derive("jwt"))
        # checked when the client is unknown, so that the time taken doesn't tell which ids exist
        self._decoy = _HASHER.hash(secrets.token_urlsafe(16))

    @property
    def store(self) -> Store:
        return self._ctx.store

    def on(self, store: Store) -> SignIn:
        """The same, writing through ``store``."""
        same = copy(self)
        same._ctx = replace(self._ctx, store=store)
        return same

    # wallet -------------------------------------------------------------------------------------------------------

    def challenge(self, address: str | None = None) -> Challenge:
        """Hand out a one-time nonce. Raises BadInput address_invalid."""
        now = self._wall()
        expires_at = now + NONCE_LIFETIME
        nonce = secrets.token_hex(16)
        message = None
        if address is not None:
            message = siwe_message(
                domain=self._named,
                address=parse_address(address, where="address"),
                uri=self._uri,
                chain_id=self._ctx.chain_id,
                nonce=nonce,
                issued_at=now.replace(microsecond=0),
                expires_at=expires_at.replace(microsecond=0),
                statement="Sign in to chainfin. This costs nothing and moves nothing.",
            )
        with self._ctx.store.begin() as session:
            session.exec(delete(SignInNonceRow).where(col(SignInNonceRow.expires_at) < now - NONCE_LIFETIME))
            session.add(SignInNonceRow(nonce=nonce, expires_at=expires_at))
        return Challenge(nonce, self._named, self._uri, self._ctx.chain_id, expires_at, message)

    def wallet(self, message: str, signature: str) -> Token:
        """A token for the key that signed ``message``: a party's or the operator's (its first person), or a person's
        own. The nonce is used up whether or not the signature holds.

        Raises BadInput siwe_malformed, signature_malformed; Unauthenticated nonce_unknown, siwe_domain_foreign,
        siwe_chain_foreign, siwe_expired, siwe_signature_foreign, key_unknown; Forbidden party_not_active,
        person_not_active.
        """
        now = self._wall()
        parsed = parse_siwe(message)
        raw = from_hex(signature, where="signature")
        with self._ctx.store.begin() as session:
            used = session.exec(
                update(SignInNonceRow)
                .where(
                    col(SignInNonceRow.nonce) == parsed.nonce,
                    col(SignInNonceRow.used_at).is_(None),
                    col(SignInNonceRow.expires_at) > now,
                )
                .values(used_at=now)
            )
            spent = used.rowcount == 1
        if not spent:
            raise Unauthenticated("nonce_unknown", "the nonce was not given out here, was used before or has expired")
        verify_siwe(message, raw, domain=self._named, nonce=parsed.nonce, chain_id=self._ctx.chain_id, now=now)
        with self._ctx.store.read() as session:
            person = self._holder(session, parsed.address)
            if person is None:
                raise Unauthenticated("key_unknown", f"{parsed.address} is nobody's key")
            _admitted(session, person)
        return self._token(person, via="wallet")

    def _holder(self, session: Session, address: str) -> PersonRow | None:
        """The person that signs in with a key."""
        if address == self._ctx.operator_address:
            return session.get(PersonRow, first_person(None))
        party_id = session.exec(select(PartyRow.id).where(PartyRow.address == address)).one_or_none()
        if party_id is not None:
            return session.get(PersonRow, first_person(party_id))
        return session.exec(select(PersonRow).where(PersonRow.address == address)).one_or_none()

    # client credentials -------------------------------------------------------------------------------------------

    def client(self, client_id: str, secret: str) -> Token:
        """A token for client credentials. Raises Unauthenticated client_unknown; Forbidden party_not_active,
        person_not_active."""
        with self._ctx.store.read() as session:
            row = session.get(ClientRow, client_id)
        known = row is not None and row.revoked_at is None
        try:
            _HASHER.verify(row.secret_hash if row is not None else self._decoy, secret)
        except (VerifyMismatchError, InvalidHashError):
            known = False
        if row is None or not known:
            raise Unauthenticated("client_unknown", "no such client, or another secret")
        with self._ctx.store.read() as session:
            person = session.get_one(PersonRow, row.person_id)
            _admitted(session, person)
        return self._token(person, via="client", client_id=client_id)

    def create_client(self, who: SignedIn, party_id: str | None) -> NewClient:
        """Credentials for oneself, by wallet; by the operator for itself (None) or for the first person of a party
        whose key is in custody. Others would let the operator speak for a party.

        Those that the operator makes for a party have a say in what takes two once another of the operator's persons
        confirms them. Raises Forbidden client_not_yours, wallet_needed, party_not_active, person_not_confirmed (of who
        makes them for another); NotFound party_unknown.
        """
        actor = who.actor
        if not actor.is_operator:
            if party_id not in (None, actor.party_id):
                raise Forbidden("client_not_yours", "clients are made for oneself")
            if who.via != "wallet":
                raise Forbidden("wallet_needed", "a client can't make further clients: sign in with the wallet")
            with self._ctx.store.read() as session:
                active_party(session, str(actor.party_id))
            return self._new_client(actor.party_id, actor.require_person(), actor)
        if party_id is not None:
            with self._ctx.store.read() as session:
                party = session.get(PartyRow, party_id)
                if party is None:
                    raise NotFound("party_unknown", f"there is no participant {party_id}")
                if custody.signer_of(session, self._ctx, party.address) is None:
                    raise Forbidden("client_not_yours", "a party with a key of its own makes its clients itself")
            return self._new_client(party_id, first_person(party_id), actor)
        return self._new_client(None, actor.require_person(), actor)

    def bootstrap_client(self) -> NewClient:
        """The operator's first client, made by whoever holds the machine (the CLI, the demo)."""
        with self._ctx.store.begin() as session:
            return self.at_the_machine(session, first_person(None))

    def at_the_machine(self, session: Session, person_id: str) -> NewClient:
        """A client of one of the operator's persons, made by whoever holds the machine."""
        row, secret = self._client(None, person_id)
        row.confirmed = True
        session.add(row)
        return NewClient(ClientView.of(row), secret)

    def client_of(self, person: PersonRow, actor: Actor) -> NewClient:
        """Credentials for a person; who may ask for them is asked in `persons`."""
        return self._new_client(person.party_id, person.id, actor)

    def _new_client(self, party_id: str | None, person_id: str, actor: Actor) -> NewClient:
        """Made for oneself they are as good as those that one came with; for another a second person confirms them."""
        row, secret = self._client(party_id, person_id)
        row.made_by = actor.require_person()
        with self._ctx.store.begin() as session:
            session.add(row)
            if row.made_by != person_id:
                confirming.ask_for_client(session, self._ctx, actor, row)
            else:
                row.confirmed = approvals.with_confirmed(session, actor)
            return NewClient(ClientView.of(row), secret)

    def _client(self, party_id: str | None, person_id: str) -> tuple[ClientRow, str]:
        """A row that isn't stored yet, and its secret."""
        secret = secrets.token_urlsafe(32)
        row = ClientRow(
            client_id=new_id("cli"),
            party_id=party_id,
            person_id=person_id,
            secret_hash=_HASHER.hash(secret),
            created_at=self._wall(),
        )
        return row, secret

    def clients(self, actor: Actor, *, after: str = "", limit: int = 50) -> list[ClientView]:
        """One's own clients; the operator and auditors see all."""
        query = select(ClientRow).where(ClientRow.client_id > after).order_by(col(ClientRow.client_id)).limit(limit)
        if not actor.sees_all:
            query = query.where(ClientRow.party_id == actor.party_id)
        with self._ctx.store.read() as session:
            return [ClientView.of(row) for row in session.exec(query)]

    def revoke_client(self, actor: Actor, client_id: str) -> ClientView:
        """End a client and every token it got. Raises NotFound client_unknown; Conflict client_revoked."""
        with self._ctx.store.begin() as session:
            row = session.get(ClientRow, client_id, with_for_update=True)
            if row is None or not (actor.is_operator or (actor.party_id and row.party_id == actor.party_id)):
                raise NotFound("client_unknown", f"there is no client {client_id}")
            if row.revoked_at is not None:
                raise Conflict("client_revoked", "the client was revoked before")
            row.revoked_at = self._wall()
            session.add(row)
            return ClientView.of(row)

    # tokens -------------------------------------------------------------------------------------------------------

    def _token(self, person: PersonRow, *, via: str, client_id: str | None = None) -> Token:
        subject = person.party_id or OPERATOR_SUBJECT
        now = int(self._wall().timestamp())
        lifetime = int(TOKEN_LIFETIME.total_seconds())
        claims: dict[str, object] = {
            "iss": ISSUER,
            "aud": self.domain,
            "sub": subject,
            "person": person.id,
            "iat": now,
            "exp": now + lifetime,
            "jti": secrets.token_hex(8),
            "via": via,
        }
        if client_id is not None:
            claims["client"] = client_id
        return Token(jwt.encode({"alg": "HS256"}, claims, self._key), subject, person.id, lifetime)

    def authenticate(self, token: str) -> SignedIn:
        """Who holds ``token``; roles and standing are those of this moment.

        Raises Unauthenticated token_invalid, token_expired, client_revoked, person_unknown; Forbidden party_not_active,
        person_not_active.
        """
        claims = self._claims(token)
        client_id = claims.get("client")
        with self._ctx.store.read() as session:
            if isinstance(client_id, str):
                client = session.get(ClientRow, client_id)
                if client is None or client.revoked_at is not None:
                    raise Unauthenticated("client_revoked", "the client of this token was revoked")
            person = session.get(PersonRow, str(claims["person"]))
            if person is None:
                raise Unauthenticated("person_unknown", "the token's person is not known here")
            party = _admitted(session, person)
        via, client_name = str(claims["via"]), client_id if isinstance(client_id, str) else None
        if party is None:
            return SignedIn(Actor("operator", None, person_id=person.id, client_id=client_name), via)
        roles = Role(party.roles)
        if party.status == PartyState.SUSPENDED:
            roles &= ~Role.AUDITOR  # it reads its own things and nobody else's
        return SignedIn(Actor("party", party.id, roles, person.id, client_name), via)

    def _claims(self, token: str) -> dict[str, object]:
        try:
            claims: dict[str, object] = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            registry = jwt.JWTClaimsRegistry(
                now=int(self._wall().timestamp()),
                iss={"essential": True, "value": ISSUER},
                aud={"essential": True, "value": self.domain},
                sub={"essential": True},
                person={"essential": True},
                exp={"essential": True},
                via={"essential": True},
            )
            registry.validate(claims)
        except (JoseError, ValueError) as error:
            if getattr(error, "error", "") == "expired_token":
                raise Unauthenticated("token_expired", "the token has expired: sign in again") from None
            raise Unauthenticated("token_invalid", "the token was not made here or was changed") from None
        return claims


def _admitted(session: Session, person: PersonRow) -> PartyRow | None:
    """The person's party (None: the operator), both of which may come in. Raises Forbidden party_not_active,
    person_not_active. A suspended party comes in: to see what it owes and to end it (ADR 0221); one that only reads
    has nothing to end."""
    if person.status != PersonState.ACTIVE:
        raise Forbidden("person_not_active", "the person's credentials have ended")
    if person.party_id is None:
        return None
    party = session.get_one(PartyRow, person.party_id)
    reads_only = party.roles == Role.AUDITOR
    if party.status == PartyState.PENDING or (party.status == PartyState.SUSPENDED and reads_only):
        raise Forbidden("party_not_active", f"the participant is {party.status}")
    return party


__all__ = ["BadInput", "Challenge", "NewClient", "SignIn", "SignedIn", "Token"]
