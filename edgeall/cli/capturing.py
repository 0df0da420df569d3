"""What ``capture --classify`` does with its flags: compose, show, print, say how it ended."""

from __future__ import annotations

import secrets
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from edgeall.camera.lock import camera_name
from edgeall.camera.open import open_camera
from edgeall.camera.source import CameraSettings, Source
from edgeall.cli.plain_facts import PlainFlags, has_manifest, open_whole_images
from edgeall.cli.printing import (
    DISCLAIMER,
    field_line,
    field_progress,
    plain_console,
    reading_table,
    warn,
)
from edgeall.errors import ImageError, UsageError
from edgeall.model.classifier import Classifier
from edgeall.model.selftest import self_test
from edgeall.samples import paths
from edgeall.service.annotating import AnnotatedPictures
from edgeall.service.calibrated import EvenlyLit, SlideLight, slide_light
from edgeall.service.device_flags import device_flags
from edgeall.service.keep import NoKeeper, StoreKeeper
from edgeall.service.listing import ListedField
from edgeall.service.pipeline import Limits, ReadField
from edgeall.service.smear import Smear, read_smear, slide_facts
from edgeall.settings.load import load_settings
from edgeall.settings.sections import Settings
from edgeall.store.store import Store

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from edgeall.model.bundle import Bundle
    from edgeall.model.manifest import Unit
    from edgeall.service.keep import Keeper
    from edgeall.service.prepare import Cropping
    from edgeall.slide.reading import Flag

Listed: TypeAlias = list[ListedField]

REFUSED_SOME = 1
STOPPED_BY_HAND = 130


@dataclass(frozen=True, slots=True)
class CameraWishes:
    """What was typed about the camera, not yet parsed."""

    size: str | None
    exposure_us: int | None
    gain: float | None
    colour_gains: str | None
    um_per_pixel: float | None


@dataclass(frozen=True, slots=True)
class Request:
    """All that was typed after ``edgeall capture``."""

    source: str | None
    model: Path | None
    slide: str | None
    operator: str
    limits: Limits
    unit: Unit | None
    cropping: Cropping
    camera: CameraWishes
    threads: int | None
    store: Path | None
    no_store: bool
    annotate: Path | None
    save: Path | None
    csv: Path | None
    as_json: bool
    plain: PlainFlags
    settings: Path | None


@dataclass(slots=True)
class _Shown:
    """What the terminal and the JSON document have been told; filled from the keep thread."""

    console: Console
    progress: Progress
    pictures: AnnotatedPictures | None
    keeps_fields: bool
    fields: list[ListedField] = field(default_factory=list)

    def show(self, item: ReadField | ImageError) -> None:
        if isinstance(item, ImageError):
            warn(str(item))
            return
        if self.pictures:
            self.pictures.add(item)
        if self.keeps_fields:
            self.fields.append(ListedField.of(item))
        self.console.print(field_line(item), markup=False)
        self.progress.advance(self.progress.task_ids[0])


def classify(request: Request) -> int:
    """Read a smear as asked, print it, and return the exit code."""
    settings = load_settings(request.settings)
    bundle, classifier = _open_model(request, settings)
    slide_id = request.slide or _new_slide_id()
    folder = None if request.no_store else request.store or settings.store.folder
    store = Store.open(folder) if folder else None
    try:
        spec = request.source or settings.camera.source
        asked = camera_settings(request.camera, settings)
        light = slide_light(store, camera_name(spec), settings.drift) if store else None
        source = open_camera(spec, light.locked(asked) if light else asked)
        # Files show light that was, on a slide that nobody can put back: only a camera is marked.
        light = light if source.is_live else None
        try:
            return _read(request, settings, bundle, classifier, slide_id, store, source, light)
        finally:
            source.close()
    finally:
        if store:
            store.close()


def _read(
    request: Request,
    settings: Settings,
    bundle: Bundle,
    classifier: Classifier,
    slide_id: str,
    store: Store | None,
    source: Source,
    light: SlideLight | None,
) -> int:
    def known() -> tuple[Flag, ...]:
        if light is None or store is None:
            return ()
        light.judge(store, None)
        return device_flags(store, settings, light, bundle)

    keeper: Keeper = (
        StoreKeeper(
            store, slide_id=slide_id, operator=request.operator, source=source.name, bundle=bundle
        )
        if store
        else NoKeeper()
    )
    console = plain_console(to_stderr=request.as_json)
    pictures = AnnotatedPictures.into(request.annotate) if request.annotate else None
    expected = source.frames_expected
    if request.limits.frames and expected:
        expected = min(expected, request.limits.frames)
    unlimited = request.limits == Limits()
    with field_progress(console, expected) as progress:
        shown = _Shown(console, progress, pictures, request.as_json or request.csv is not None)
        smear = read_smear(
            EvenlyLit(source, light) if light else source,
            bundle,
            classifier,
            keeper,
            shown.show,
            facts=slide_facts(slide_id, bundle, request.cropping, settings.reading),
            cropping=request.cropping,
            limits=request.limits,
            until_stopped=source.is_live and unlimited,
            known=known,
        )
    if request.csv and smear.reading:
        _write_csv(request.csv, slide_id, bundle, smear, shown.fields)
    if request.as_json:
        print(_json(smear, shown.fields, bundle, store))
    else:
        _print(console, smear, store, slide_id, pictures)
    return _end(smear, stopped_is_done=source.is_live and unlimited)


def _open_model(request: Request, settings: Settings) -> tuple[Bundle, Classifier]:
    path = request.model or settings.model.path or paths.model_path()
    if request.unit == "cell" and request.cropping == "find" and not has_manifest(path):
        raise UsageError(
            f"{path}: without a manifest the scale of its crops is not known; give pictures of "
            "single cells with --crop none, or make a bundle with edgeall convert."
        )
    bundle, preprocess = open_whole_images(path, request.plain, request.unit or "field")
    unit = bundle.manifest.input.unit
    if request.unit and request.unit != unit:
        raise UsageError(
            f"--unit {request.unit}: {bundle.path} was trained on a {unit} an example; "
            f"leave --unit away, or name a bundle of unit {request.unit} with --model."
        )
    threads = request.threads or settings.model.threads
    classifier = Classifier(bundle, threads=threads, preprocess=preprocess)
    if bundle.manifest.golden:
        self_test(bundle, classifier)
    return bundle, classifier


def camera_settings(wishes: CameraWishes, settings: Settings) -> CameraSettings:
    """Return what the camera is asked for: the flags', else the settings'.

    Raises
    ------
    UsageError
        A flag does not read as it should.
    """
    camera = settings.camera
    width, height = _numbers("--size", wishes.size, "x", "1296x972") or (
        camera.width,
        camera.height,
    )
    gains = _numbers("--colour-gains", wishes.colour_gains, ",", "1.8,1.5")
    return CameraSettings(
        width=int(width) if width else None,
        height=int(height) if height else None,
        exposure_us=wishes.exposure_us or camera.exposure_us,
        gain=wishes.gain or camera.gain,
        colour_gains=gains or camera.colour_gains,
        um_per_pixel=wishes.um_per_pixel or camera.um_per_pixel,
    )


def _numbers(
    flag: str, typed: str | None, between: str, example: str
) -> tuple[float, float] | None:
    if typed is None:
        return None
    try:
        one, other = (float(part) for part in typed.lower().split(between))
    except ValueError:
        one = other = 0.0
    if one <= 0 or other <= 0:
        raise UsageError(f"{flag} {typed}: it takes two numbers, as {example}.")
    return one, other


def _new_slide_id() -> str:
    """Name a slide that nobody named: by the clock, and by chance where the clock is wrong."""
    return f"slide-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def _write_csv(path: Path, slide_id: str, bundle: Bundle, smear: Smear, fields: Listed) -> None:
    from edgeall.report.csv import write_cells_csv
    from edgeall.service.listing import cell_rows

    write_cells_csv(path, cell_rows(slide_id, bundle, fields, smear.counted))


def _json(smear: Smear, fields: Listed, bundle: Bundle, store: Store | None) -> str:
    document: dict[str, Any] = {
        "reading": smear.reading,
        "fields": fields,
        "refused": [str(error) for error in smear.refused],
        "failure": str(smear.ended.failure) if smear.ended.failure else None,
        "store": str(store.path) if store else None,
        "bundle": bundle.title,
        "note": DISCLAIMER,
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _print(
    console: Console,
    smear: Smear,
    store: Store | None,
    slide_id: str,
    pictures: AnnotatedPictures | None,
) -> None:
    if smear.reading is None:
        return
    console.print()
    console.print(reading_table(smear.reading))
    console.print(DISCLAIMER, markup=False)
    if store:
        console.print(f"Stored in {store.path} as slide {slide_id}.", markup=False)
    else:
        console.print("Not stored (--no-store).")
    if pictures and pictures.written:
        console.print(f"Boxed pictures: {pictures.folder}, the first is {pictures.written[0]}")


def _end(smear: Smear, *, stopped_is_done: bool) -> int:
    if smear.ended.failure is not None:
        raise smear.ended.failure
    if smear.ended.by_hand and not stopped_is_done:
        print("edgeall: stopped; what was read before is kept.", file=sys.stderr)
        return STOPPED_BY_HAND
    if smear.reading is None:
        _raise_nothing_read(smear)
    return REFUSED_SOME if smear.refused else 0


def _raise_nothing_read(smear: Smear) -> None:
    if len(smear.refused) == 1:
        # Its own sentence was shown when it was refused; the code says the same.
        raise SystemExit(ImageError.exit_code)
    raise ImageError(
        f"None of {len(smear.refused)} pictures could be read; nothing was stored."
        if smear.refused
        else "The source gave no frame; nothing was stored."
    )
