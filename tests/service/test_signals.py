from __future__ import annotations

import sys
import time

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from edgeall.errors import MissingExtraError, UsageError
from edgeall.service.button import open_button
from edgeall.service.signals import Signals
from edgeall.settings.sections import Signal


@pytest.fixture
def pins(monkeypatch):
    """Return gpiozero's own pins without a board."""
    factory = MockFactory()
    monkeypatch.setattr(Device, "pin_factory", factory)
    yield factory
    factory.reset()


def lit_within(pin, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if pin.state:
            return True
        time.sleep(0.005)
    return False


def test_taken_and_refused_light_their_own_lights(pins):
    signals = Signals(Signal(taken=17, refused=27))
    signals.taken()
    assert lit_within(pins.pin(17), 2)
    assert not pins.pin(27).state
    signals.refused()
    assert lit_within(pins.pin(27), 2)
    signals.close()


def test_without_pins_nothing_is_needed(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    signals = Signals(Signal())
    signals.taken()
    signals.refused()
    signals.close()


def test_pins_without_the_library_are_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(MissingExtraError, match="python3-gpiozero"):
        Signals(Signal(buzzer=4))


def test_a_pin_in_use_is_a_sentence(pins):
    with pytest.raises(UsageError, match="GPIO 17 cannot be used"):
        Signals(Signal(taken=17, refused=17))


def test_a_press_of_the_button_is_heard_once(pins):
    heard = []
    button = open_button(22, lambda: heard.append(1))
    pins.pin(22).drive_low()
    pins.pin(22).drive_high()
    assert heard == [1]
    button.close()
