from __future__ import annotations

import json
import tomllib

import msgspec

from edgeall.settings.sections import Settings


def test_every_setting_is_shown_with_its_origin_and_its_sentence(edgeall):
    shown = json.loads(edgeall("config", "--json").stdout)
    expected = {
        (section.name, key)
        for section in msgspec.structs.fields(Settings)
        for key in section.type.__struct_fields__
    }
    assert {(one["section"], one["key"]) for one in shown} == expected
    assert all(one["sentence"] for one in shown)
    assert {one["origin"] for one in shown} == {"default"}


def test_the_environment_wins_over_the_file_and_both_are_named(edgeall, tmp_path, monkeypatch):
    path = tmp_path / "device.toml"
    path.write_text("[camera]\ngain = 2.0\nexposure_us = 8000\n")
    monkeypatch.setenv("EDGEALL_CAMERA_GAIN", "3")
    shown = json.loads(edgeall("config", "--changed", "--json", "--settings", path).stdout)
    assert {(one["key"], one["value"], one["origin"]) for one in shown} == {
        ("gain", 3.0, "EDGEALL_CAMERA_GAIN"),
        ("exposure_us", 8000, str(path)),
    }


def test_what_is_printed_can_be_put_into_a_file(edgeall, tmp_path):
    printed = edgeall("config").stdout
    lines = [line for line in printed.splitlines() if " = unset " not in line]
    path = tmp_path / "copied.toml"
    path.write_text("\n".join(lines))
    assert tomllib.loads(path.read_text())["trigger"]["automatic"] is True
    assert edgeall("config", "--settings", path).code == 0


def test_a_wrong_key_is_a_sentence(edgeall, tmp_path):
    path = tmp_path / "wrong.toml"
    path.write_text("[camera]\ngian = 2.0\n")
    ended = edgeall("config", "--settings", path)
    assert (ended.code, ended.stdout) == (2, "")
    assert "did you mean gain" in ended.stderr
