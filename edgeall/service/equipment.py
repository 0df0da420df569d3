"""The equipment of a running service: what is opened once and used for every slide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edgeall.camera.source import CameraSettings
from edgeall.model.bundle import Bundle, open_bundle
from edgeall.model.classifier import Classifier
from edgeall.model.selftest import self_test
from edgeall.samples import paths
from edgeall.store.store import Store

if TYPE_CHECKING:
    from edgeall.settings.sections import Settings


@dataclass(frozen=True, slots=True)
class Equipment:
    """The settings in force, the bundle that passed its self-test, the store."""

    settings: Settings
    bundle: Bundle
    classifier: Classifier
    store: Store


def equip(settings: Settings, store: Store | None = None) -> Equipment:
    """Open all that the service needs; a store that is open already stays.

    Raises
    ------
    BundleError
        The bundle cannot be used or fails its self-test.
    StoreError
        The store cannot be opened.
    """
    bundle = open_bundle(settings.model.path or paths.model_path())
    classifier = Classifier(bundle, threads=settings.model.threads)
    self_test(bundle, classifier)
    return Equipment(settings, bundle, classifier, store or Store.open(settings.store.folder))


def camera_settings(settings: Settings) -> CameraSettings:
    """Return what the settings ask of the camera."""
    camera = settings.camera
    return CameraSettings(
        width=camera.width,
        height=camera.height,
        exposure_us=camera.exposure_us,
        gain=camera.gain,
        colour_gains=camera.colour_gains,
        um_per_pixel=camera.um_per_pixel,
    )
