"""The manifest: every fact about a network that the device must not guess."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal, TypeAlias

import msgspec

from edgeall.errors import ManifestError

FORMAT = 1
"""The manifest format this edgeall writes; it reads this one and older ones."""

Unit: TypeAlias = Literal["field", "cell"]
"""What one example is: the whole frame, or one crop around one white cell."""

Background: TypeAlias = Literal["as-seen", "black"]
"""What surrounds the cell in a crop: the smear as seen, or black."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=0)]
Side = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Sha256 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
NonEmpty = Annotated[str, msgspec.Meta(min_length=1)]


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Which network this is, and what made it.

    ``created`` is ISO 8601 UTC. ``network_bytes`` first bytes of the file are the
    network, ``network_sha256`` is theirs. ``made_with`` maps package to version.
    """

    name: NonEmpty
    version: NonEmpty
    created: NonEmpty
    network_sha256: Sha256
    network_bytes: Annotated[int, msgspec.Meta(ge=8)]
    source_name: str
    source_sha256: Sha256
    made_with: dict[str, str]


class InputFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the network takes: uint8 RGB, ``(1, height, width, 3)``, 0 to 255.

    For ``unit: cell`` exactly one of the two scales is set. With ``um_per_pixel``
    a crop spans ``width`` pixels of that size on the specimen; with
    ``cell_diameter_px`` it is scaled so that the cell's own diameter becomes
    that many pixels of the crop. A field is resized as it is and may leave both unset.
    """

    height: Side
    width: Side
    unit: Unit
    um_per_pixel: Positive | None = None
    cell_diameter_px: Positive | None = None
    background: Background = "as-seen"
    resize: Literal["area", "linear"] = "area"
    colour: Literal["rgb"] = "rgb"


class OutputFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the network says, and how far it is to be believed.

    ``signature`` and ``tensor`` name the output to read (the order of outputs is
    not to be trusted). ``sigmoid`` has one output: the probability of ``labels[1]``.
    ``temperature`` divides the logarithms of the probabilities before they are
    normalised again; a confidence under ``unidentified_below`` is no label.
    """

    labels: Annotated[tuple[NonEmpty, ...], msgspec.Meta(min_length=2)]
    blasts: tuple[NonEmpty, ...]
    activation: Literal["softmax", "sigmoid"]
    signature: str = "serving_default"
    tensor: str = "output_0"
    temperature: Positive = 1.0
    unidentified_below: Share = 0.0


class Interval(msgspec.Struct, frozen=True, kw_only=True):
    """A measured share with its 95% interval."""

    value: Share
    low: Share
    high: Share


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one network (the float or the int8 one) scored on the held images."""

    accuracy: Interval
    balanced_accuracy: Share
    sensitivity: Interval | None = None
    specificity: Interval | None = None
    auroc: Share | None = None
    expected_calibration_error: Share | None = None


class Provenance(msgspec.Struct, frozen=True, kw_only=True):
    """Where the network comes from, how it was split and measured, and its limits.

    ``rung`` names the step of the quantization ladder that was used.
    ``agreement`` is the share of held images with the same top label in float and int8.
    """

    data: str = ""
    attribution: str = ""
    split: Literal["random", "block", "subject", "unknown"] = "unknown"
    rung: str = "default"
    float_operators: tuple[str, ...] = ()
    images: Count = 0
    agreement: Share | None = None
    float_metrics: Measured | None = None
    int8_metrics: Measured | None = None
    limits: tuple[str, ...] = ()


class ColourStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Colour of the training images: CIE L*a*b* (D65), L 0 to 100.

    Each image gives its mean colour (over the cell where the background is
    black, over the whole image otherwise); here are the mean and the standard
    deviation of those means over the set, augmentation included.
    """

    mean: tuple[float, float, float]
    deviation: tuple[Positive, Positive, Positive]
    images: Count


class Golden(msgspec.Struct, frozen=True, kw_only=True):
    """One example for the device's self-test.

    ``image`` names a PNG in the bundle's archive, already of the network's size;
    ``output`` holds the numbers that the workstation computed from it, as the
    network's output tensor has them (int8 steps, or float where the rung says so).
    """

    image: NonEmpty
    sha256: Sha256
    output: tuple[float, ...]


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """All facts of a bundle. ``seal`` is the sha256 of the rest; see `seal_of`."""

    format: Annotated[int, msgspec.Meta(ge=1)]
    identity: Identity
    input: InputFacts
    output: OutputFacts
    provenance: Provenance
    colour: ColourStatistics | None = None
    golden: tuple[Golden, ...] = ()
    seal: str = ""


def encode(manifest: Manifest) -> bytes:
    """Return the manifest as indented JSON, UTF-8."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=2)


def seal_of(manifest: Manifest) -> str:
    """Return the sha256 of the manifest without its seal, keys in order.

    A seal shows that nothing changed by accident or by hand since the gate let
    the bundle pass; it is no signature and proves no author.
    """
    # Read back once: a whole number given for a float is written 20 and read as 20.0.
    written = msgspec.json.encode(msgspec.structs.replace(manifest, seal=""))
    unsealed = msgspec.json.decode(written, type=Manifest)
    return hashlib.sha256(msgspec.json.encode(unsealed, order="sorted")).hexdigest()


def sealed(manifest: Manifest) -> Manifest:
    """Return the manifest with its seal set."""
    return msgspec.structs.replace(manifest, seal=seal_of(manifest))


def decode(data: bytes, path: str) -> Manifest:
    """Read and check a manifest; ``path`` names its bundle in errors.

    Raises
    ------
    ManifestError
        The JSON is malformed, a fact is missing or out of range, facts
        contradict each other, the format is newer, or the seal does not fit.
    """
    _refuse_newer_format(data, path)
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except msgspec.ValidationError as error:
        raise ManifestError(
            f"{path}: its manifest is not valid ({error}); convert the model again."
        ) from error
    if manifest.seal != seal_of(manifest):
        raise ManifestError(
            f"{path}: its manifest was changed after it was sealed; "
            "take the bundle from its source again."
        )
    for contradiction in contradictions(manifest):
        raise ManifestError(f"{path}: its manifest says that {contradiction}.")
    return manifest


def contradictions(manifest: Manifest) -> list[str]:
    """List what cannot be true together in a manifest, each as the end of a sentence."""
    found = []
    output, taken = manifest.output, manifest.input
    if len(set(output.labels)) != len(output.labels):
        found.append("two of its labels are the same")
    if strangers := set(output.blasts) - set(output.labels):
        found.append(f"{', '.join(sorted(strangers))} is a blast but not one of its labels")
    if output.activation == "sigmoid" and len(output.labels) != 2:
        found.append("one sigmoid output stands for other than two labels")
    if taken.unit == "cell" and (taken.um_per_pixel is None) == (taken.cell_diameter_px is None):
        found.append("a cell has not exactly one scale (um_per_pixel or cell_diameter_px)")
    return found


def _refuse_newer_format(data: bytes, path: str) -> None:
    class Versioned(msgspec.Struct):
        format: int = 0

    try:
        written = msgspec.json.decode(data, type=Versioned).format
    except msgspec.DecodeError as error:
        raise ManifestError(
            f"{path}: its manifest is not readable JSON ({error}); convert the model again."
        ) from error
    if written > FORMAT:
        raise ManifestError(
            f"{path}: its manifest has format {written}, this edgeall reads up to {FORMAT}; "
            "update edgeall."
        )
