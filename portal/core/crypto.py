"""What must not leak: keys, sealed columns, keyed indexes, passwords.

A sealed value is AES-256-GCM; its first byte is the format, the second the number of the key; the associated data is
the family of the table, the column and the row's uuid, so a value cannot be moved to another row, and a version may
copy its member's.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

FORMAT = 1
NONCE_BYTES = 12
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"  # no letter that is mistaken for a digit on paper


class KeyProblem(Exception):
    """The keys are missing or do not fit the data: the start refuses."""


@dataclass(frozen=True)
class Keys:
    """The ring of master keys: `current` seals, every number in `ring` opens."""

    current: int
    ring: dict[int, bytes]

    @classmethod
    def fresh(cls) -> Self:
        """Return a ring with one random key."""
        return cls(1, {1: secrets.token_bytes(32)})

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the ring written in `text` (JSON). Raises KeyProblem with a Chinese sentence."""
        try:
            data = json.loads(text)
            ring = {int(number): base64.b64decode(key) for number, key in data["ring"].items()}
            current = int(data["current"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyProblem("密钥文件无法读取，请用备份的密钥文件恢复") from error
        if current not in ring or any(len(key) != 32 for key in ring.values()):
            raise KeyProblem("密钥文件不完整，请用备份的密钥文件恢复")
        return cls(current, ring)

    def written(self) -> str:
        """Return the ring as JSON."""
        ring = {str(number): base64.b64encode(key).decode() for number, key in self.ring.items()}
        return json.dumps({"current": self.current, "ring": ring}, indent=1)

    def derive(self, purpose: str, number: int | None = None) -> bytes:
        """Return 32 bytes for one `purpose`, from key `number` (None: the first, which outlives rotation)."""
        master = self.ring[number if number is not None else min(self.ring)]
        return HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(master)


def keys_at(path: Path) -> Keys | None:
    """Return the ring stored at `path`, or None where no file is. Raises KeyProblem."""
    if not path.exists():
        return None
    return Keys.read(path.read_text("utf-8"))


def store_keys(path: Path, keys: Keys) -> None:
    """Write the ring to `path`, readable by its owner alone, whole or not at all."""
    partial = path.with_suffix(".partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(keys.written())
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)


_keys: Keys | None = None
_first = 0  # the number of its oldest key, which outlives rotation
_derived: dict[tuple[str, int], bytes] = {}
_ciphers: dict[int, AESGCM] = {}  # by key number; they hold no state between two calls


def use(keys: Keys) -> None:
    """Make `keys` the ring of this process."""
    global _keys, _first
    _keys, _first = keys, min(keys.ring)
    _derived.clear()
    _ciphers.clear()


def _key(purpose: str, number: int) -> bytes:
    if _keys is None:
        raise KeyProblem("密钥尚未加载")
    if number not in _keys.ring:
        raise KeyProblem(f"缺少第 {number} 号密钥，请用备份的密钥文件恢复")
    if (purpose, number) not in _derived:
        _derived[purpose, number] = _keys.derive(purpose, number)
    return _derived[purpose, number]


def _lasting_key(purpose: str) -> bytes:
    if _keys is None:
        raise KeyProblem("密钥尚未加载")
    return _derived.get((purpose, _first)) or _key(purpose, _first)


def _cipher(number: int) -> AESGCM:
    if number not in _ciphers:
        _ciphers[number] = AESGCM(_key("seal", number))
    return _ciphers[number]


def seal(plain: bytes, *, bound_to: str) -> bytes:
    """Return `plain` sealed with the current key and bound to the place `bound_to` (family|column|uuid)."""
    if _keys is None:
        raise KeyProblem("密钥尚未加载")
    nonce = secrets.token_bytes(NONCE_BYTES)
    body = _cipher(_keys.current).encrypt(nonce, plain, bound_to.encode())
    return bytes((FORMAT, _keys.current)) + nonce + body


def open_sealed(sealed_value: bytes, *, bound_to: str) -> bytes:
    """Return what was sealed. Raises KeyProblem if the key or the place is another."""
    if sealed_value[0] != FORMAT:
        raise KeyProblem("密文格式无法识别")
    nonce, body = sealed_value[2 : 2 + NONCE_BYTES], sealed_value[2 + NONCE_BYTES :]
    try:
        return _cipher(sealed_value[1]).decrypt(nonce, body, bound_to.encode())
    except InvalidTag as error:
        raise KeyProblem("密文与密钥不符，请用备份的密钥文件恢复") from error


class sealed:
    """A property over a sealed column: text in, text out. None stays None."""

    def __init__(self, column: str) -> None:
        self.column = column

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def _place(self, row: Any) -> str:
        return f"{row.SEAL_FAMILY}|{self.name}|{row.uuid}"

    def __get__(self, row: Any, owner: type | None = None) -> Any:
        if row is None:
            return self
        stored = getattr(row, self.column)
        return None if stored is None else self.decode(open_sealed(stored, bound_to=self._place(row)))

    def __set__(self, row: Any, value: Any) -> None:
        stored = None if value is None else seal(self.encode(value), bound_to=self._place(row))
        setattr(row, self.column, stored)

    def encode(self, value: Any) -> bytes:
        """Return the bytes that are sealed."""
        return str(value).encode()

    def decode(self, plain: bytes) -> Any:
        """Return the value from the opened bytes."""
        return plain.decode()


class sealed_json(sealed):
    """A sealed property of plain JSON values (lists, dictionaries, text, numbers)."""

    def encode(self, value: Any) -> bytes:
        """Return compact JSON."""
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()

    def decode(self, plain: bytes) -> Any:
        """Return the JSON value."""
        return json.loads(plain)


def index(purpose: str, text: str) -> str:
    """Return the keyed HMAC (hex) by which an exact `text` is found without being readable.

    `purpose` keeps indexes of different columns apart: "id_number", "id_tail", "mobile", "mobile_tail", "receipt",
    "session".
    """
    return hmac.digest(_lasting_key("index"), f"{purpose}|{text}".encode(), "sha256").hex()


def chain_mac(text: str) -> str:
    """Return the MAC (hex) that chains one event of the trace to the one before."""
    return hmac.new(_lasting_key("audit"), text.encode(), hashlib.sha256).hexdigest()


def card_mac(said: bytes) -> bytes:
    """Return the MAC (32 bytes) by which the code on an e-card is known as ours."""
    return hmac.new(_lasting_key("card"), said, hashlib.sha256).digest()


def app_secret() -> str:
    """Return the secret that signs Flask's cookies and CSRF tokens."""
    return _lasting_key("cookie").hex()


def random_token() -> str:
    """Return 128 random bits as 22 characters that an address may hold."""
    return secrets.token_urlsafe(16)


def start_password() -> str:
    """Return a random one-time password of 12 readable characters in three groups (59 bits)."""
    letters = "".join(secrets.choice(READABLE) for _ in range(12))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"


_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP's argon2id: 19 MiB, t=2
_decoy = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """Return the argon2id hash to store."""
    return _hasher.hash(password)


def check_password(stored: str | None, password: str) -> bool:
    """Whether `password` fits. A missing account costs the same time as a wrong password."""
    try:
        return _hasher.verify(stored or _decoy, password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
