"""Keys held by a web3signer (or anything with its HTTP API for Ethereum 1 keys): they sign there and never leave it."""

from __future__ import annotations

import httpx

from chainfin.errors import BadInput, Unavailable
from chainfin.eth.abi import checksum, from_hex, parse_address
from chainfin.eth.keys import recover_digest
from chainfin.hashing import keccak


class Web3Signer:
    """One key of a web3signer at ``url``. Thread-safe."""

    def __init__(
        self, url: str, address: str, *, timeout_s: float = 10.0, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Raises Unavailable: signer_unreachable, signer_key_absent; BadInput address_invalid."""
        self._url = url
        self._address = parse_address(address, where="address")
        # trust_env off: what is to be signed goes to the signer named here, through nothing named elsewhere
        self._client = httpx.Client(base_url=url, timeout=timeout_s, transport=transport, trust_env=False)
        try:
            self._identifier = self._find()
        except BaseException:
            self._client.close()
            raise

    def close(self) -> None:
        self._client.close()

    @property
    def address(self) -> str:
        return self._address

    def _find(self) -> str:
        """The public key by which the server names ours."""
        try:
            keys = self._asked("GET", "/api/v1/eth1/publicKeys").json()
            for key in keys:
                if checksum(keccak(from_hex(key)[-64:])[-20:]) == self._address:
                    return str(key)
        except (ValueError, TypeError, BadInput) as error:
            raise Unavailable("signer_unreachable", f"no list of public keys: {error}"[:200], where=self._url) from None
        why = f"the signer doesn't hold the key of {self._address}"
        raise Unavailable("signer_key_absent", why, where=self._url)

    def sign(self, message: bytes) -> bytes:
        """As `Signer.sign`. Raises Unavailable: signer_unreachable, signer_answer_foreign (by another key)."""
        answer = self._asked("POST", f"/api/v1/eth1/sign/{self._identifier}", {"data": "0x" + message.hex()})
        try:
            signature = from_hex(answer.text.strip().strip('"'))
            found = recover_digest(keccak(message), signature)
        except BadInput as error:
            raise Unavailable("signer_answer_foreign", f"no signature: {error.message}", where=self._url) from None
        if found != self._address:
            raise Unavailable("signer_answer_foreign", f"signed by {found}, not {self._address}", where=self._url)
        return signature

    def _asked(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        try:
            answer = self._client.request(method, path, json=body)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            why = f"the signer doesn't answer: {error or type(error).__name__}"
            raise Unavailable("signer_unreachable", why[:200], where=self._url) from None
        return answer
