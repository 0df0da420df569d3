"""Sealing what leaves the device: nobody reads or alters it without the passphrase.

Each object is sealed for itself with ChaCha20-Poly1305 (RFC 8439), which boards
without AES instructions compute fastest. The key comes from the passphrase by
scrypt (RFC 7914) with a salt of its own for every repository. An object's name
is an HMAC of its content's hash: the same content has the same name, and the
name tells a stranger nothing. The name is sealed with the object, so that no
object passes for another.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from msgspec import Meta

from edgeall.errors import MissingExtraError, StoreError, UsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_BYTES = 32
_SALT_BYTES = 16
_CHECK_NAME = "check"
_CHECKED = b"edgeall"

OVERHEAD = _NONCE_BYTES + _TAG_BYTES
"""Bytes by which a sealed object is longer than its content."""


class NotWholeError(StoreError):
    """What was sealed was altered, cut short, or sealed under another name or passphrase."""


class Header(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a repository tells everybody: how its key is made from the passphrase.

    Its limits bound what a foreign stick can make this device compute: 256 MB, some seconds.
    """

    format: Literal[1]
    salt: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    check: Annotated[str, Meta(pattern="^[0-9a-f]{70}$")]
    n: Annotated[int, Meta(ge=2**14, le=2**18)] = 2**15
    r: Literal[8] = 8
    p: Annotated[int, Meta(ge=1, le=4)] = 1


class Seal:
    """A repository's keys, made from its passphrase."""

    def __init__(self, sealing_key: bytes, naming_key: bytes) -> None:
        self._cipher = _cipher(sealing_key)
        self._naming_key = naming_key

    def name_of(self, kind: str, sha256: str) -> str:
        """Return the name of an object: 64 hexadecimal digits that only a keyholder computes."""
        return hmac.new(self._naming_key, f"{kind}:{sha256}".encode(), "sha256").hexdigest()

    def seal(self, name: str, content: bytes) -> bytes:
        """Return a content sealed under a name, each time differently; `OVERHEAD` longer."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return the content of what was sealed under a name.

        Raises
        ------
        NotWholeError
            A bit of it is not as it was sealed, or it belongs to another name or passphrase.
        """
        from cryptography.exceptions import InvalidTag

        nonce, rest = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        try:
            # Shorter than a nonce and a tag it is refused before the cipher sees it.
            if len(rest) < _TAG_BYTES:
                raise InvalidTag
            return self._cipher.decrypt(nonce, rest, name.encode())
        except InvalidTag:
            raise NotWholeError(
                f"{name[:12]}: what was sealed is damaged, or was sealed with another passphrase; "
                "use another copy."
            ) from None


def begin(passphrase: bytes) -> tuple[Header, Seal]:
    """Return the header and the keys of a new repository."""
    salt = os.urandom(_SALT_BYTES)
    blank = Header(format=1, salt=salt.hex(), check="0" * 2 * (OVERHEAD + len(_CHECKED)))
    seal = _derive(blank, passphrase)
    check = seal.seal(_CHECK_NAME, _CHECKED).hex()
    return msgspec.structs.replace(blank, check=check), seal


def unlock(header: Header, passphrase: bytes) -> Seal:
    """Return the keys of a repository.

    Raises
    ------
    UsageError
        The passphrase is another one.
    """
    seal = _derive(header, passphrase)
    try:
        seal.open(_CHECK_NAME, bytes.fromhex(header.check))
    except NotWholeError:
        raise UsageError(
            "the backups were sealed with another passphrase; give the file with that one "
            "(backup.passphrase_file), or take another stick."
        ) from None
    return seal


def read_passphrase(path: Path | None) -> bytes:
    """Return the passphrase in a file, without blanks and line ends around it.

    Raises
    ------
    UsageError
        No file is named, it cannot be read, or it holds none.
    """
    if path is None:
        raise UsageError(
            "no passphrase is set, and no backup leaves this device unsealed; write one to a file "
            "and name it as backup.passphrase_file in the settings, or with --passphrase-file."
        )
    try:
        passphrase = path.read_bytes().strip()
    except OSError as error:
        raise UsageError(
            f"{path}: the passphrase cannot be read ({error.strerror}); check the file and whose "
            "it is."
        ) from error
    if not passphrase:
        raise UsageError(f"{path}: this file holds no passphrase; write one into it.")
    return passphrase


def _derive(header: Header, passphrase: bytes) -> Seal:
    keys = hashlib.scrypt(
        passphrase,
        salt=bytes.fromhex(header.salt),
        n=header.n,
        r=header.r,
        p=header.p,
        dklen=2 * _KEY_BYTES,
        # OpenSSL refuses what needs more than it is told; n * r * 128 bytes, and some.
        maxmem=header.n * header.r * 128 + (1 << 20) * (1 + header.p),
    )
    return Seal(keys[:_KEY_BYTES], keys[_KEY_BYTES:])


def _cipher(key: bytes) -> ChaCha20Poly1305:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    except ModuleNotFoundError:
        raise MissingExtraError(
            "backups need the package cryptography; install it with: pip install cryptography"
        ) from None
    return ChaCha20Poly1305(key)
