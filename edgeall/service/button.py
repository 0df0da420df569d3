"""A button or foot switch on a GPIO pin that takes a field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from edgeall.service.signals import load_gpio, open_pin

if TYPE_CHECKING:
    from collections.abc import Callable

_BOUNCE_S = 0.05


def open_button(pin: int, pressed: Callable[[], None]) -> Any:
    """Call ``pressed`` at each press; close what is returned to end that.

    Raises
    ------
    MissingExtraError
        gpiozero is not installed.
    UsageError
        The pin cannot be used.
    """
    module = load_gpio()
    button = open_pin(pin, lambda number: module.Button(number, bounce_time=_BOUNCE_S))
    button.when_pressed = pressed
    return button
