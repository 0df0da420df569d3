"""The boot partition: the kit's lines go in, contradict nothing, and come out without a trace."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

KIT = Path(__file__).parents[2] / "firmware-config"
TREES = Path(__file__).parent / "trees"

_spec = importlib.util.spec_from_file_location("edgeall_boot_merge", KIT / "boot" / "merge.py")
merge = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(merge)

_TYPICAL = (
    "camera_auto_detect=1", "dtoverlay=imx219", "  dtoverlay = imx708,vcm=off", "start_x=1",
    "dtoverlay=vc4-kms-v3d", "dtparam=audio=on", "dtparam=watchdog=off", "[pi4]", "[all]", "",
    "# a comment", "#dtoverlay=imx477", "arm_64bit=1",
)  # fmt: skip
_any_line = st.text(st.characters(max_codepoint=255, exclude_characters="\n"), max_size=20)
_lines = st.lists(st.sampled_from(_TYPICAL) | _any_line, max_size=12)
_ends = st.sampled_from(["\n", "\r\n"])
configs = st.builds(
    lambda lines, end, last: end.join(lines) + (end if last else ""), _lines, _ends, st.booleans()
).filter(lambda text: merge.COMMENT not in text and "edgeall" not in text)
cameras = st.sampled_from(merge.CAMERAS)
boards = st.sampled_from((*merge.BOARDS, "auto"))

_tokens = st.sampled_from(
    ["console=tty1", "root=PARTUUID=1-02", "rootwait", "quiet", "panic=3", "overlayroot=tmpfs",
     'x="a b"', "overlayroot=disabled"]
) | st.text(st.characters(min_codepoint=33, max_codepoint=255), min_size=1, max_size=8)  # fmt: skip
cmdlines = st.builds(
    lambda tokens, gaps, tail: "".join(map("".join, zip(tokens, gaps, strict=False)))[:-1] + tail,
    st.lists(_tokens, min_size=1, max_size=8).filter(lambda each: each[0] != "--"),
    st.lists(st.sampled_from([" ", "  "]), min_size=8, max_size=8),
    st.sampled_from(["", "\n", " \n", "\r\n"]),
).filter(lambda text: "edgeall" not in text and text.strip(" \t\r\n"))  # fmt: skip
parameters = st.sampled_from([["panic=10"], ["panic=10", "overlayroot=tmpfs:recurse=0"], []])


def _config(text, camera, board):
    lines = merge.config_lines(KIT / "boot" / "config.txt.d", camera, board, [])
    return merge.merge_config(text, lines, camera)[0]


@given(configs, cameras, boards)
def test_config_txt_comes_back_byte_for_byte(text, camera, board):
    assert merge.restore_config(_config(text, camera, board)) == text


@given(configs, cameras, boards, cameras, boards)
def test_a_second_merge_replaces_the_first(text, camera, board, earlier_camera, earlier_board):
    earlier = _config(text, earlier_camera, earlier_board)
    assert _config(earlier, camera, board) == _config(text, camera, board)
    assert _config(earlier, camera, board).count(merge.END) == 1


@given(configs, cameras, boards, _lines)
def test_lines_written_after_the_block_stay_and_stay_after_it(text, camera, board, later):
    added = "".join(line + "\n" for line in later if "edgeall" not in line)
    merged = _config(text, camera, board) + added
    again = _config(merged, camera, board)
    assert _config(again, camera, board) == again
    assert merge.restore_config(again).endswith(added)


@given(configs, cameras)
def test_nothing_outside_the_block_contradicts_it(text, camera):
    merged = _config(text, camera, "4").split(merge.BEGIN)[0]
    live = [line.strip() for line in merged.split("\n")]
    assert "dtparam=watchdog=off" not in live
    if camera != "none":
        assert not [line for line in live if line.startswith(("camera_auto_detect", "start_x"))]
        assert "dtoverlay=imx219" not in live


@given(cmdlines, parameters)
def test_cmdline_txt_comes_back_byte_for_byte(text, wanted):
    assert merge.restore_cmdline(merge.merge_cmdline(text, wanted)) == text


@given(cmdlines, parameters)
def test_cmdline_txt_stays_one_line_and_each_parameter_comes_once(text, wanted):
    once = merge.merge_cmdline(text, wanted)
    assert merge.merge_cmdline(once, wanted) == once
    assert once.count("\n") == text.count("\n")
    assert "\n" not in once.rstrip("\r\n")
    for each in wanted:
        name = each.partition("=")[0]
        assert len([token for token in once.split(" ") if token.startswith(name + "=")]) >= 1
    if any(each.startswith("overlayroot") for each in wanted):
        assert [t for t in once.split() if t.startswith("overlayroot=")] == [wanted[-1]]


def test_parameters_come_before_those_of_init():
    merged = merge.merge_cmdline("root=/dev/sda1 -- single\n", ["panic=10"])
    assert merged == f"root=/dev/sda1 {merge.FIRST} panic=10 {merge.LAST} -- single\n"
    assert merge.restore_cmdline(merged) == "root=/dev/sda1 -- single\n"


@pytest.mark.parametrize("text", ["", "\n", "console=tty1\nroot=/dev/sda1\n"])
def test_a_cmdline_that_is_not_one_line_is_refused(text):
    with pytest.raises(merge.MergeError, match="exactly one line"):
        merge.merge_cmdline(text, ["panic=10"])


@pytest.mark.parametrize(
    "text",
    [
        merge.BEGIN + "\ndtoverlay=imx477\n",
        "dtparam=audio=on\n" + merge.END + "\n",
        (merge.BEGIN + "\n" + merge.END + "\n") * 2,
        merge.COMMENT + "camera_auto_detect=1\n",
    ],
)
def test_damaged_markers_are_refused_and_not_guessed(text):
    with pytest.raises(merge.MergeError, match="edgeall"):
        merge.merge_config(text, [], "none")


def test_a_32_bit_boot_is_refused():
    with pytest.raises(merge.MergeError, match="64-bit"):
        merge.merge_config("arm_64bit=0\n", [], "none")


def test_an_included_file_is_named():
    assert merge.merge_config("include more.txt\n", [], "none")[1] == [
        "config.txt includes more.txt, which was not looked into."
    ]


@pytest.mark.parametrize("release", ["bookworm", "trixie"])
def test_a_raspberry_pi_os_gets_its_camera(release):
    before = (TREES / release / "boot/firmware/config.txt").read_text()
    after = _config(before, "imx477", "zero2w")
    assert "\n#edgeall# camera_auto_detect=1\n" in after
    assert "\ndtoverlay=vc4-kms-v3d\n" in after
    assert after.endswith(
        "[all]\ndtparam=watchdog=on\ncamera_auto_detect=0\ndtoverlay=imx477\n"
        f"[pi02]\ndtoverlay=disable-bt\n[all]\n{merge.END}\n"
    )


def test_a_missing_boot_partition_is_one_sentence_and_an_exit_code(tmp_path):
    done = subprocess.run(
        [sys.executable, KIT / "boot" / "merge.py", "apply", tmp_path],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr == (
        f"{tmp_path}/config.txt: No such file or directory; is this a boot partition?\n"
    )
