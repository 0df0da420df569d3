"""Keys and barcode scanners on USB: a space takes a field, a code and Enter begin its slide.

A scanner is a keyboard that types fast. Codes are read as on a US keyboard,
which is what scanners speak unless they were told otherwise.
"""

from __future__ import annotations

import importlib
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgeall.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_ROWS = {
    "KEY_MINUS": "-_", "KEY_EQUAL": "=+", "KEY_DOT": ".>", "KEY_SLASH": "/?",
    "KEY_SEMICOLON": ";:", "KEY_COMMA": ",<", "KEY_APOSTROPHE": "'\"",
}  # fmt: skip
_SHIFTED_DIGITS = ")!@#$%^&*("
_LONGEST_CODE = 64
_TAKE = frozenset({"KEY_SPACE", "KEY_KPPLUS", "KEY_PAGEDOWN"})
_ENTER = frozenset({"KEY_ENTER", "KEY_KPENTER", "KEY_TAB"})
_SHIFT = frozenset({"KEY_LEFTSHIFT", "KEY_RIGHTSHIFT"})


class Typing:
    """Turns keys into what they mean: a field to take, or a scanned code."""

    def __init__(self, take: Callable[[], None], scanned: Callable[[str], None]) -> None:
        self._take, self._scanned = take, scanned
        self._code = ""
        self._shift = False

    def key(self, name: str, is_down: bool) -> None:
        """Take a key by its kernel name going down or up."""
        if name in _SHIFT:
            self._shift = is_down
        elif not is_down:
            return
        elif name in _ENTER:
            code, self._code = self._code, ""
            if code:
                self._scanned(code)
        elif name in _TAKE and not self._code:
            self._take()
        else:
            self._code = (self._code + sign_of(name, self._shift))[-_LONGEST_CODE:]


def sign_of(name: str, shift: bool) -> str:
    """Return the sign of a key by its kernel name, as ``KEY_A``; empty where it has none."""
    key = name.removeprefix("KEY_").removeprefix("KP")
    if len(key) == 1 and key.isdigit():
        return _SHIFTED_DIGITS[int(key)] if shift and not name.startswith("KEY_KP") else key
    if len(key) == 1 and key.isalpha():
        return key.upper() if shift else key.lower()
    if name == "KEY_SPACE":
        return " "
    return _ROWS[name][shift] if name in _ROWS else ""


class Keyboard:
    """Listens to an input device in a thread of its own.

    Raises
    ------
    MissingExtraError
        evdev is not installed.
    UsageError
        There is no such device.
    """

    def __init__(
        self,
        spec: str,
        typing: Typing,
        lost: Callable[[str], None],
    ) -> None:
        module = _load()
        self._device = _open(module, spec)
        self._names: dict[int, Any] = module.ecodes.KEY
        self._key_event: int = module.ecodes.EV_KEY
        self._typing, self._lost = typing, lost
        # What is scanned must not be typed into a console, too.
        with suppress(OSError):
            self._device.grab()
        threading.Thread(target=self._run, name="keys", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        self._device.close()

    def _run(self) -> None:
        try:
            for event in self._device.read_loop():
                # 2 is a key that repeats because it is held down.
                if event.type == self._key_event and event.value != 2:
                    name = self._names.get(event.code, "")
                    one = name[0] if isinstance(name, list | tuple) else name
                    self._typing.key(str(one), event.value == 1)
        except (OSError, ValueError):
            self._lost(str(self._device.path))


def _load() -> Any:
    try:
        return importlib.import_module("evdev")
    except ImportError as error:
        raise MissingExtraError(
            f"evdev cannot be imported ({error}); install it with: sudo apt install "
            "python3-evdev, or take trigger.keyboard out of the settings."
        ) from error


def _open(module: Any, spec: str) -> Any:
    for path in [spec] if spec != "auto" else sorted(module.list_devices()):
        try:
            device = module.InputDevice(path)
        except OSError as error:
            if spec != "auto":
                raise UsageError(
                    f"{path}: this input device cannot be used ({error.strerror}); plug it in, "
                    "or correct trigger.keyboard."
                ) from error
            continue
        if spec != "auto" or _types(module, device):
            return device
        device.close()
    listed = "none" if not Path("/dev/input").is_dir() else "no keyboard"
    raise UsageError(
        f"trigger.keyboard is auto, and {listed} was found under /dev/input; plug one in."
    )


def _types(module: Any, device: Any) -> bool:
    """Tell a keyboard or scanner from a mouse or a power button: it has letters and Enter."""
    keys = device.capabilities().get(module.ecodes.EV_KEY, [])
    return {module.ecodes.KEY_A, module.ecodes.KEY_ENTER} <= set(keys)
