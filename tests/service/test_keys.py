from __future__ import annotations

import string
import sys
import threading
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import MissingExtraError, UsageError
from edgeall.service.keys import Keyboard, Typing, sign_of

_BASE = {
    **{letter: (f"KEY_{letter.upper()}", False) for letter in string.ascii_lowercase},
    **{letter: (f"KEY_{letter}", True) for letter in string.ascii_uppercase},
    **{digit: (f"KEY_{digit}", False) for digit in string.digits},
    "-": ("KEY_MINUS", False),
    "_": ("KEY_MINUS", True),
    "/": ("KEY_SLASH", False),
    ".": ("KEY_DOT", False),
    ":": ("KEY_SEMICOLON", True),
    "#": ("KEY_3", True),
}


class Heard:
    """What the typing meant."""

    def __init__(self) -> None:
        self.taken = 0
        self.codes: list[str] = []

    def take(self) -> None:
        self.taken += 1


def typed(typing: Typing, text: str) -> None:
    for sign in text:
        name, shift = _BASE[sign]
        if shift:
            typing.key("KEY_LEFTSHIFT", True)
        typing.key(name, True)
        typing.key(name, False)
        if shift:
            typing.key("KEY_LEFTSHIFT", False)


@given(st.text(st.sampled_from(sorted(_BASE)), min_size=1, max_size=60))
def test_any_code_is_read_as_it_was_scanned(code):
    heard = Heard()
    typing = Typing(heard.take, heard.codes.append)
    typed(typing, code)
    typing.key("KEY_ENTER", True)
    assert heard.codes == [code]
    assert heard.taken == 0


def test_a_space_takes_a_field_and_enter_alone_does_nothing():
    heard = Heard()
    typing = Typing(heard.take, heard.codes.append)
    typing.key("KEY_SPACE", True)
    typing.key("KEY_SPACE", False)
    typing.key("KEY_ENTER", True)
    assert (heard.taken, heard.codes) == (1, [])


def test_a_space_inside_a_code_belongs_to_it():
    heard = Heard()
    typing = Typing(heard.take, heard.codes.append)
    typed(typing, "A")
    typing.key("KEY_SPACE", True)
    typed(typing, "7")
    typing.key("KEY_ENTER", True)
    assert (heard.taken, heard.codes) == (0, ["A 7"])


def test_keys_without_a_sign_say_nothing():
    assert sign_of("KEY_F5", False) == sign_of("KEY_LEFTCTRL", True) == ""


class Device:
    """An input device's wire: events in, then unplugged."""

    path = "/dev/input/event7"

    def __init__(self, names: list[str]) -> None:
        self._names, self.grabbed = names, False

    def capabilities(self) -> dict[int, list[int]]:
        return {1: [30, 28]}

    def grab(self) -> None:
        self.grabbed = True

    def read_loop(self):
        for name in self._names:
            yield SimpleNamespace(type=1, code=name, value=1)
            yield SimpleNamespace(type=1, code=name, value=2)
            yield SimpleNamespace(type=1, code=name, value=0)
        raise OSError(19, "No such device")

    def close(self) -> None:
        pass


def module(device: Device | None) -> SimpleNamespace:
    class Names(dict):
        def get(self, code, default=None):
            return [code, "KEY_OTHER"] if code == "KEY_A" else code

    return SimpleNamespace(
        InputDevice=lambda path: device,
        list_devices=lambda: [device.path] if device else [],
        ecodes=SimpleNamespace(KEY=Names(), EV_KEY=1, KEY_A=30, KEY_ENTER=28),
    )


def test_a_scanner_is_found_listened_to_and_its_loss_is_told(monkeypatch):
    device = Device(["KEY_A", "KEY_1", "KEY_ENTER"])
    monkeypatch.setitem(sys.modules, "evdev", module(device))
    heard, lost, told = Heard(), [], threading.Event()

    def unplugged(path: str) -> None:
        lost.append(path)
        told.set()

    Keyboard("auto", Typing(heard.take, heard.codes.append), unplugged)
    assert told.wait(5)
    assert heard.codes == ["a1"]
    assert device.grabbed
    assert lost == ["/dev/input/event7"]


def test_no_keyboard_and_no_library_are_sentences(monkeypatch):
    typing = Typing(lambda: None, lambda code: None)
    monkeypatch.setitem(sys.modules, "evdev", module(None))
    with pytest.raises(UsageError, match="plug one in"):
        Keyboard("auto", typing, lambda path: None)
    monkeypatch.setitem(sys.modules, "evdev", None)
    with pytest.raises(MissingExtraError, match="python3-evdev"):
        Keyboard("auto", typing, lambda path: None)
