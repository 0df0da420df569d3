#!/usr/bin/env python3
"""Merge the kit's fragments into config.txt and cmdline.txt, and take them out again.

Nothing of what was there is lost. In config.txt the kit owns the lines between
two markers; a line elsewhere that contradicts them is commented out behind
``#edgeall# ``. In cmdline.txt, which is one line, the kit's parameters stand
between ``edgeall.begin=1`` and ``edgeall.end=1``, and one that contradicts them
is renamed to ``edgeall.was=``: the kernel ignores a parameter with a dot that
belongs to no module. ``restore`` gives back what was there, byte for byte.

Only the standard library: it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from pathlib import Path

BEGIN = "# edgeall begin: replaced by install.sh, write your own lines outside"
JOINED = " (the line above had no end)"
END = "# edgeall end"
COMMENT = "#edgeall# "

_SPACE = " \t\r\n"

FIRST, LAST, WAS = "edgeall.begin=1", "edgeall.end=1", "edgeall.was="

CSI = ("imx477", "imx708", "imx296", "imx219", "ov5647")
CAMERAS = (*CSI, "usb", "none")
BOARDS = ("zero2w", "3", "4", "5")

# Overlays of other sensors: one of them beside ours claims the same connector.
_SENSORS = (
    "imx219|imx258|imx283|imx290|imx296|imx327|imx378|imx415|imx462|imx477|imx500|imx519|imx708"
    "|ov2311|ov5647|ov64a40|ov7251|ov9281|arducam[-\\w]*|camera-mux[-\\w]*"
)
_CONTRADICTS = {
    "camera": re.compile(
        rf"\s*(camera_auto_detect\s*=|dtoverlay\s*=\s*({_SENSORS})\b|start_x\s*=)"
    ),
    "watchdog": re.compile(r"\s*dtparam\s*=\s*watchdog\s*=\s*off\b"),
}
_OTHER_FILE = re.compile(r"\s*include\s+(\S+)")
_32_BIT = re.compile(r"\s*arm_64bit\s*=\s*0\b")


class MergeError(Exception):
    """A file cannot be merged safely; the message says what a person must do."""


def merge_config(text: str, fragments: list[str], camera: str) -> tuple[str, list[str]]:
    """Return config.txt with the kit's block, and what a person should know.

    Parameters
    ----------
    text
        The file; a block that it already has is replaced where it stands.
    fragments
        Lines of the block, without line ends.
    camera
        One of ``CAMERAS``; with "none" a camera that is set elsewhere stays.

    Raises
    ------
    MergeError
        The markers are damaged, or the file boots a 32-bit system.
    """
    before, after = _outside_block(text)
    active = [_CONTRADICTS["watchdog"]]
    if camera != "none":
        active.append(_CONTRADICTS["camera"])
    notes = _notes(before + after)
    joined = before != "" and not before.endswith("\n")
    # The firmware's filters hold until the next one: ours start and end with [all].
    block = [BEGIN + (JOINED if joined else ""), "[all]", *fragments, "[all]", END]
    return (
        _commented(before, active)
        + ("\n" if joined else "")
        + "\n".join(block)
        + "\n"
        + _commented(after, active)
    ), notes


def restore_config(text: str) -> str:
    """Return config.txt as it was without the kit, with later additions of others kept."""
    before, after = _outside_block(text)
    return before + after


def merge_cmdline(text: str, parameters: list[str]) -> str:
    """Return cmdline.txt with the kit's parameters, each once, still one line.

    A parameter that the file already has under the same name stays as it is,
    but for ``overlayroot``: two of them would contradict each other.

    Raises
    ------
    MergeError
        The file has no line, or more than one.
    """
    text = restore_cmdline(text)
    line = text.rstrip(_SPACE)
    if not line or "\n" in line:
        raise MergeError(
            "cmdline.txt must have exactly one line, the firmware reads no other; correct it."
        )
    wanted = [_name(parameter) for parameter in parameters]
    if "overlayroot" in wanted:
        line = re.sub(r"(?<!\S)overlayroot=", WAS + "overlayroot=", line)
    there = {_name(parameter) for parameter in line.split()}
    ours = [each for each in parameters if _name(each) not in there]
    if not ours:
        return text
    middle = " ".join([FIRST, *ours, LAST])
    # What follows "--" is for init, not for the kernel.
    if dashes := re.search(r"(?<!\S)--(?!\S)", line):
        merged = f"{line[: dashes.start()]}{middle} {line[dashes.start() :]}"
    else:
        merged = f"{line} {middle}"
    return merged + text[len(text.rstrip(_SPACE)) :]


def restore_cmdline(text: str) -> str:
    """Return cmdline.txt without the kit's parameters, byte for byte."""
    if text.count(FIRST) != text.count(LAST) or text.count(FIRST) > 1:
        raise MergeError(
            f"cmdline.txt has {FIRST} without {LAST}; remove both and what stands between them."
        )
    text = re.sub(
        rf"(^| ){re.escape(FIRST)} (?:\S+ )*?{re.escape(LAST)}( ?)",
        lambda found: found[2] if found[1] else "",
        text,
    )
    return re.sub(rf"(?<!\S){re.escape(WAS)}", "", text)


def _name(parameter: str) -> str:
    return parameter.partition("=")[0]


def _outside_block(text: str) -> tuple[str, str]:
    """Return what stands before and after the kit's block, with nothing commented out."""
    lines = _lines(text)
    begins = [n for n, line in enumerate(lines) if line.startswith(BEGIN)]
    ends = [n for n, line in enumerate(lines) if line.rstrip("\r\n") == END]
    if not begins and not ends:
        if any(line.startswith(COMMENT) for line in lines):
            raise MergeError(
                f"config.txt has lines behind '{COMMENT}' but no block of the kit; "
                "remove these marks, or these lines."
            )
        return text, ""
    if len(begins) != 1 or len(ends) != 1 or ends[0] < begins[0]:
        raise MergeError(
            "config.txt has damaged edgeall markers; remove the lines from the first "
            f"'# edgeall begin' to the last '{END}'."
        )
    before = "".join(lines[: begins[0]])
    after = "".join(lines[ends[0] + 1 :])
    if JOINED in lines[begins[0]] and not after:
        before = before.removesuffix("\n")
    return _uncommented(before), _uncommented(after)


def _lines(text: str) -> list[str]:
    """Return lines with their ends; unlike splitlines, only a newline ends one."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _commented(text: str, contradictions: list[re.Pattern[str]]) -> str:
    return "".join(
        COMMENT + line if any(pattern.match(line) for pattern in contradictions) else line
        for line in _lines(text)
    )


def _uncommented(text: str) -> str:
    return re.sub(rf"^{re.escape(COMMENT)}", "", text, flags=re.MULTILINE)


def _notes(text: str) -> list[str]:
    notes = []
    for line in text.split("\n"):
        if _32_BIT.match(line):
            raise MergeError(
                "config.txt has arm_64bit=0, and a 32-bit system has no runtime for the network; "
                "remove that line, or start from the 64-bit Raspberry Pi OS."
            )
        if found := _OTHER_FILE.match(line):
            notes.append(f"config.txt includes {found[1]}, which was not looked into.")
    return notes


def read_fragment(path: Path) -> list[str]:
    """Return a fragment's lines, without comments and empty ones."""
    lines = (line.strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line and not line.startswith("#")]


def config_lines(folder: Path, camera: str, board: str, extras: list[str]) -> list[str]:
    """Return the lines of config.txt's block; an unknown board gets each board's, filtered."""
    lines = read_fragment(folder / "all.txt")
    lines += read_fragment(folder / f"camera-{camera}.txt")
    for each in BOARDS if board == "auto" else (board,):
        lines += read_fragment(folder / f"board-{each}.txt")
    for extra in extras:
        lines += read_fragment(folder / f"{extra}.txt")
    return lines


def _read(path: Path) -> str:
    # Latin-1 gives every byte back as it was, whatever the file's encoding.
    return path.read_bytes().decode("latin-1")


def _write(path: Path, text: str) -> None:
    """Replace a file so that a power cut leaves the old or the new one."""
    aside = path.with_name(path.name + ".edgeall-new")
    with aside.open("wb") as file:
        file.write(text.encode("latin-1"))
        file.flush()
        os.fsync(file.fileno())
    os.replace(aside, path)


def _change(path: Path, text: str, dry_run: bool) -> None:
    if text == _read(path):
        return
    print(f"{'would change' if dry_run else 'changed'} {path}")
    if not dry_run:
        _write(path, text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Merge the kit into a boot partition.")
    parser.add_argument("action", choices=("apply", "restore"))
    parser.add_argument("boot", type=Path, help="folder with config.txt and cmdline.txt")
    parser.add_argument("--camera", choices=CAMERAS, default="none")
    parser.add_argument("--board", choices=(*BOARDS, "auto"), default="auto")
    parser.add_argument("--extra", action="append", default=[], help="a further config fragment")
    parser.add_argument("--parameter", action="append", default=[], help="for cmdline.txt")
    parser.add_argument("--dry-run", action="store_true")
    return parser


def main() -> int:
    """Run the command line; 1 and one sentence where a file cannot be merged."""
    given = _parser().parse_args()
    here = Path(__file__).resolve().parent
    notes: list[str] = []
    config, cmdline = given.boot / "config.txt", given.boot / "cmdline.txt"
    try:
        if given.action == "restore":
            new_config = restore_config(_read(config))
            new_cmdline = restore_cmdline(_read(cmdline))
        else:
            lines = config_lines(here / "config.txt.d", given.camera, given.board, given.extra)
            new_config, notes = merge_config(_read(config), lines, given.camera)
            parameters = read_fragment(here / "cmdline.txt.d" / "all.txt") + given.parameter
            new_cmdline = merge_cmdline(_read(cmdline), parameters)
    except MergeError as error:
        print(f"{given.boot}: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename}: {error.strerror}; is this a boot partition?", file=sys.stderr)
        return 1
    _change(config, new_config, given.dry_run)
    _change(cmdline, new_cmdline, given.dry_run)
    for note in notes:
        print(f"note: {note}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
