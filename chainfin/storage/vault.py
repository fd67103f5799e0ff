"""Secrets at rest: sealed with AES-256-GCM under a master key that lies beside the database, mode 0600."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chainfin.errors import Unavailable


class Vault:
    """Seals and opens small secrets; derives the installation's other keys by purpose (HKDF-SHA256)."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._aead = AESGCM(self.derive("seal"))

    @classmethod
    def open(cls, home: Path, *, fresh: bool = True) -> Vault:
        """The master key of ``home``; made where there is none and the installation is ``fresh``.

        Raises Unavailable: master_key_missing, master_key_exposed (others on the machine may read it),
        master_key_damaged.
        """
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = home / "master.key"
        if not path.exists() and not fresh:
            # another one would open nothing that is sealed, and hide that the right one is gone
            why = f"{path} is gone: put it back from where it was saved"
            raise Unavailable("master_key_missing", why, where=str(path))
        if not path.exists():
            # Written under another name and linked into place, so that a crash leaves no half key and of two
            # processes that start together one wins.
            draft = home / f".master.{secrets.token_hex(4)}"
            with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(secrets.token_bytes(32))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        if path.stat().st_mode & 0o077:
            raise Unavailable("master_key_exposed", f"others may read {path}: chmod 600", where=str(path))
        master = path.read_bytes()
        if len(master) != 32:
            raise Unavailable("master_key_damaged", f"{path} must hold 32 bytes", where=str(path))
        return cls(master)

    @property
    def check_value(self) -> str:
        """By which the key is known again; it tells nothing of the key."""
        return self.derive("check value").hex()

    def derive(self, purpose: str) -> bytes:
        """32 bytes for ``purpose``; the same each time."""
        return HKDF(hashes.SHA256(), 32, salt=b"chainfin", info=purpose.encode()).derive(self._master)

    def seal(self, secret: bytes, *, context: str) -> str:
        """Encrypt; ``context`` (e.g. the row's id) has to be given again to open."""
        nonce = secrets.token_bytes(12)
        return base64.b64encode(nonce + self._aead.encrypt(nonce, secret, context.encode())).decode()

    def unseal(self, sealed: str, *, context: str) -> bytes:
        """Decrypt. Raises Unavailable secret_unreadable if the key or the context is another."""
        blob = base64.b64decode(sealed)
        try:
            return self._aead.decrypt(blob[:12], blob[12:], context.encode())
        except InvalidTag:
            raise Unavailable("secret_unreadable", "a stored secret does not open with this master key") from None
