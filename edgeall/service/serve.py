"""`edgeall serve`: the reader, its triggers and the control socket under one watch."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from edgeall.errors import EdgeallError, UsageError
from edgeall.report.rows import reading_rows
from edgeall.service.button import open_button
from edgeall.service.control import Answer, Ask, ControlServer
from edgeall.service.equipment import equip
from edgeall.service.events import EventLog, Level
from edgeall.service.health.doctor import examine_start
from edgeall.service.health.parts import check_camera_in_time
from edgeall.service.keys import Keyboard, Typing
from edgeall.service.notify import notify, watchdog_seconds
from edgeall.service.pulse import Pulse
from edgeall.service.reader import Reader
from edgeall.service.signals import Signals
from edgeall.store.store import Store

if TYPE_CHECKING:
    from edgeall.service.equipment import Equipment
    from edgeall.settings.sections import Settings

STUCK = 75
"""Exit code where a stage hung: a new process is what helps (EX_TEMPFAIL of sysexits.h)."""

_LOOK_EVERY_S = 0.5
_STUCK_AFTER_S = 20.0
_GIVE_UP_AFTER_S = 60.0
_END_WITHIN_S = 1.5


def serve(load: Callable[[], Settings]) -> NoReturn:
    """Serve until SIGTERM or Ctrl-C, then end the process; SIGHUP reads the settings again.

    Raises
    ------
    EdgeallError
        The service cannot start; the sentence says why.
    """
    settings = load()
    log = EventLog(settings.service.log)
    with ExitStack() as closing:
        store = closing.enter_context(Store.open(settings.store.folder))
        equipment = equip(settings, store)
        code = _Service(equipment, load, log, closing).run()
    # A thread that hangs in a camera's driver would crash the interpreter's own end.
    os._exit(code)


class _Service:
    """One running service; belongs to the main thread, which alone gets signals."""

    def __init__(
        self,
        equipment: Equipment,
        load: Callable[[], Settings],
        log: EventLog,
        closing: ExitStack,
    ) -> None:
        settings = equipment.settings
        self._equipment, self._load, self._log = equipment, load, log
        self._pulse = Pulse()
        self._stop, self._reload = threading.Event(), threading.Event()
        signals = Signals(settings.signal)
        closing.callback(signals.close)
        self._reader = Reader(equipment, log, self._pulse, signals)
        self._control = ControlServer(settings.service.control, self._answer)
        closing.callback(self._control.close)
        self._closing = closing

    def run(self) -> int:
        """Watch over the reader until the end is asked for."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked_to_stop)
        signal.signal(signal.SIGHUP, self._asked_to_reload)
        self._examine()
        self._reader.start()
        # Nobody may order before the slide that was open is open again.
        self._control.start()
        self._triggers(self._equipment.settings)
        self._log.write("info", "ready", bundle=self._equipment.bundle.title)
        notify(READY=1, STATUS=self._reader.status().sentence)
        code = self._watch()
        notify(STOPPING=1)
        self._log.write("info", "stopping")
        if not self._reader.stop(_END_WITHIN_S):
            # A disk that hangs in the kernel would keep this process for ever.
            self._log.write("warning", "left_hanging", stage=self._pulse.stuck(0) or "none")
            os._exit(code or STUCK)
        return code

    def _examine(self) -> None:
        """Log what is not well at the start; what forbids to read is found out by reading."""
        settings = self._equipment.settings
        for check in (*examine_start(settings), check_camera_in_time(settings)):
            if check.verdict != "good":
                level: Level = "error" if check.verdict == "failed" else "warning"
                self._log.write(level, "self_test", check=check.name, found=check.found)

    def _watch(self) -> int:
        beat = watchdog_seconds()
        told = ""
        while not self._stop.wait(_LOOK_EVERY_S):
            if self._reload.is_set():
                self._reload.clear()
                self._take_up_settings()
            if not self._reader.is_alive():
                self._log.write("error", "reader_ended")
                return STUCK
            if stage := self._pulse.stuck(_GIVE_UP_AFTER_S):
                self._log.write("error", "stuck", stage=stage)
                return STUCK
            # A stage that hangs lets systemd's watchdog run out, should this loop fail to act.
            if beat is not None and self._pulse.stuck(_STUCK_AFTER_S) is None:
                notify(WATCHDOG=1)
            sentence = _without_identity(self._reader)
            if sentence != told:
                notify(STATUS=sentence)
                told = sentence
        return 0

    def _triggers(self, settings: Settings) -> None:
        """Open the triggers that the settings name."""
        trigger, closing = settings.trigger, self._closing
        if trigger.button is not None:
            button = open_button(trigger.button, self._reader.requests.ask)
            closing.callback(button.close)
        if trigger.keyboard is not None:
            typing = Typing(self._reader.requests.ask, self._scanned)
            keyboard = Keyboard(trigger.keyboard, typing, self._keyboard_lost)
            closing.callback(keyboard.close)

    def _scanned(self, code: str) -> None:
        """Begin the slide of a code; the one that was open is ended first."""
        try:
            if self._reader.status().slide is not None:
                self._reader.order("end", origin="scanner")
            self._reader.order("begin", slide=code, origin="scanner")
        except EdgeallError as error:
            self._log.write("warning", "scan_refused", why=type(error).__name__)

    def _keyboard_lost(self, device: str) -> None:
        self._log.write("warning", "keyboard_lost", device=device)

    def _answer(self, ask: Ask) -> Answer:
        reading = None
        if ask.do != "status":
            reading = self._reader.order(
                ask.do, slide=ask.slide, operator=ask.operator, origin=ask.origin
            )
        rows = tuple(reading_rows(reading)) if reading else None
        return Answer(status=self._reader.status(), reading=rows)

    def _take_up_settings(self) -> None:
        """Read the settings again; those that do not fit leave the former ones in force."""
        notify(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)
        try:
            settings = self._load()
            if settings.store != self._equipment.settings.store:
                raise UsageError("The store cannot change under a running service; restart it.")
            self._equipment = self._renewed(settings)
            self._reader.use(self._equipment)
            self._log.least = settings.service.log
            self._log.write("info", "settings_taken_up")
        except EdgeallError as error:
            self._log.write("error", "settings_refused", why=str(error))
        notify(READY=1)

    def _renewed(self, settings: Settings) -> Equipment:
        if settings.model == self._equipment.settings.model:
            return replace(self._equipment, settings=settings)
        return equip(settings, self._equipment.store)

    def _asked_to_stop(self, number: int, frame: FrameType | None) -> None:
        self._stop.set()

    def _asked_to_reload(self, number: int, frame: FrameType | None) -> None:
        self._reload.set()


def _without_identity(reader: Reader) -> str:
    """Return the status for systemd, whose log must not name a slide."""
    status = reader.status()
    sentence = status.sentence
    if status.slide:
        sentence = sentence.replace(f"slide {status.slide}", "a slide")
        sentence = sentence.replace(f"Slide {status.slide}", "A slide")
    return sentence
