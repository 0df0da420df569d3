"""The bundle: a network file whose manifest was found, checked and held against it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from edgeall.errors import BundleError, ManifestError
from edgeall.model.archive import Archive, read_archive
from edgeall.model.manifest import Manifest, decode

MANIFEST = "manifest.json"
LABELS = "labels.txt"
CARD = "card.md"

_IDENTIFIER = b"TFL3"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that may be run: its seal and the hash of its network fit."""

    path: Path
    manifest: Manifest
    archive: Archive

    @property
    def title(self) -> str:
        """Name, version and the first digits of the network's hash, for people."""
        identity = self.manifest.identity
        return f"{identity.name} {identity.version} ({identity.network_sha256[:12]})"

    def card(self) -> str:
        """Return the model card, or nothing where the bundle has none."""
        return self.archive.read(CARD).decode() if CARD in self.archive.names else ""


def open_bundle(path: Path) -> Bundle:
    """Open a bundle and check that it is whole.

    Raises
    ------
    BundleError
        The file is absent, unreadable, no TFLite file, or not the one that was sealed.
    ManifestError
        It has no manifest, or not a valid one.
    """
    check_is_network(path)
    archive = read_archive(path)
    if archive is None or MANIFEST not in archive.names:
        raise ManifestError(
            f"{path}: it carries no manifest, so its labels and its input are unknown; "
            "make a bundle of the trained model with edgeall convert."
        )
    manifest = decode(archive.read(MANIFEST), str(path))
    _check_network(path, manifest, archive)
    return Bundle(path, manifest, archive)


def check_is_network(path: Path) -> None:
    """Refuse what is no TFLite file, by its first bytes.

    Raises
    ------
    BundleError
        The file is absent, a folder, unreadable, empty or of another kind.
    """
    try:
        with path.open("rb") as opened:
            head = opened.read(8)
    except FileNotFoundError:
        raise BundleError(f"{path}: there is no such file; check the name.") from None
    except IsADirectoryError:
        raise BundleError(f"{path}: this is a folder; name the .tflite file in it.") from None
    except OSError as error:
        raise BundleError(
            f"{path}: it cannot be read ({error.strerror}); check its permissions and its disk."
        ) from error
    if not head:
        raise BundleError(f"{path}: the file is empty; take it from its source again.")
    if head[4:8] != _IDENTIFIER:
        raise BundleError(
            f"{path}: this is no TFLite file; a trained model becomes one with edgeall convert."
        )


def hash_of_network(path: Path, length: int) -> str:
    """Return the sha256 of the first ``length`` bytes of a file."""
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while length > 0 and (chunk := opened.read(min(length, _CHUNK))):
            digest.update(chunk)
            length -= len(chunk)
    return digest.hexdigest()


def _check_network(path: Path, manifest: Manifest, archive: Archive) -> None:
    identity = manifest.identity
    if (
        archive.network_bytes != identity.network_bytes
        or hash_of_network(path, identity.network_bytes) != identity.network_sha256
    ):
        raise BundleError(
            f"{path}: its network is not the one that its manifest was sealed for; "
            "the file was damaged or altered, so take it from its source again."
        )
