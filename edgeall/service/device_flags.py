"""What a reading must be marked with for reasons of the device, not of its fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgeall.store.controls import passed_today

if TYPE_CHECKING:
    from edgeall.model.bundle import Bundle
    from edgeall.service.calibrated import SlideLight
    from edgeall.settings.sections import Settings
    from edgeall.slide.reading import Flag
    from edgeall.store.store import Store


def device_flags(
    store: Store, settings: Settings, light: SlideLight | None, bundle: Bundle
) -> tuple[Flag, ...]:
    """Return the flags of calibration and control; ``light`` is None where no field was read.

    Raises
    ------
    StoreError
        The controls cannot be read.
    """
    flags = light.flags() if light else ()
    network = bundle.manifest.identity.network_sha256
    if settings.control.required and not passed_today(store, network):
        flags = (*flags, "no passed control")
    return flags
