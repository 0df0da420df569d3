"""Signals: a light or a sound that says taken, or not taken, to somebody at the eyepiece."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from edgeall.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgeall.settings.sections import Signal

_LIT_S = 0.4
_BEEP_S = 0.08


class Signals:
    """The lights and the buzzer that the settings name; without any, it does nothing.

    Raises
    ------
    MissingExtraError
        gpiozero is not installed.
    UsageError
        A pin cannot be used.
    """

    def __init__(self, signal: Signal) -> None:
        pins = (signal.taken, signal.refused, signal.buzzer)
        module = load_gpio() if any(pin is not None for pin in pins) else None
        self._taken, self._refused, self._buzzer = (
            None if pin is None else open_pin(pin, getattr(module, kind))
            for pin, kind in zip(pins, ("LED", "LED", "Buzzer"), strict=True)
        )

    def taken(self) -> None:
        """Say that a field was taken and stored."""
        _blink(self._taken, _LIT_S, 1)
        _blink(self._buzzer, _BEEP_S, 1)

    def refused(self) -> None:
        """Say that a field was not taken, or that the device does not read now."""
        _blink(self._refused, _LIT_S, 1)
        _blink(self._buzzer, _BEEP_S, 2)

    def close(self) -> None:
        """Let the pins go."""
        for device in (self._taken, self._refused, self._buzzer):
            if device is not None:
                device.close()


def load_gpio() -> Any:
    """Return gpiozero.

    Raises
    ------
    MissingExtraError
        It is not installed, or this environment does not see it.
    """
    try:
        return importlib.import_module("gpiozero")
    except ImportError as error:
        raise MissingExtraError(
            f"gpiozero cannot be imported ({error}); install it with: sudo apt install "
            "python3-gpiozero python3-lgpio, or take the GPIO numbers out of the settings."
        ) from error


def open_pin(pin: int, kind: Callable[[int], Any]) -> Any:
    """Return a device of gpiozero on a pin.

    Raises
    ------
    UsageError
        The pin is in use, or this machine has none.
    """
    try:
        return kind(pin)
    except Exception as error:  # gpiozero's errors share no base with those of its back ends
        raise UsageError(
            f"GPIO {pin} cannot be used ({error}); check the number in the settings."
        ) from error


def _blink(device: Any, seconds: float, times: int) -> None:
    if device is not None:
        device.blink(on_time=seconds, off_time=seconds, n=times, background=True)
