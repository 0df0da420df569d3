from __future__ import annotations

import json
import re
import shlex

import pytest

from edgeall.store.store import DATABASE


def test_slides_are_listed_the_last_one_at_the_end(edgeall, store_folder):
    listed = edgeall("results", "--store", store_folder)
    assert listed.code == 0
    order = [listed.stdout.index(slide) for slide in ("S-0001", "S-0002", "=cut", "Jürgen 7")]
    assert order == sorted(order)
    assert "100.0%, 2.5% to 100.0%" in listed.stdout
    assert "one run without a reading" in listed.stdout
    assert "edgeall results 'Jürgen 7'" in listed.stdout, "the next command, quoted for a shell"


def test_a_slide_is_shown_in_full(edgeall, store_folder):
    shown = edgeall("results", "S-0001", "--store", store_folder)
    assert shown.code == 0
    assert "1 of 1: 100.0% (95% interval 2.5% to 100.0%)" in shown.stdout
    assert re.search(
        r"Reading 1, \d{4}-\d\d-\d\d \d\d:\d\d\??? UTC by ada, from samples", shown.stdout
    )
    assert "does not replace" in shown.stdout


def test_a_slide_that_was_cut_off_says_so(edgeall, store_folder):
    shown = edgeall("results", "=cut", "--store", store_folder)
    assert shown.code == 0
    assert "One run of this slide without a reading" in shown.stdout


def test_json_is_one_document(edgeall, store_folder):
    listed = json.loads(edgeall("results", "--json", "--store", store_folder).stdout)
    assert len(listed["slides"]) == 4
    assert listed["slides"][2]["latest"] is None
    shown = json.loads(edgeall("results", "S-0002", "--json", "--store", store_folder).stdout)
    assert shown["slide"]["cells"] == 2
    assert shown["readings"][0]["reading"]["blasts"]["low"] == 0.025


@pytest.mark.parametrize(
    ("asked", "named"), [("s-0001", "S-0001"), ("S0002", "S-0002"), ("Jurgen 7", "Jürgen 7")]
)
def test_an_unknown_slide_is_answered_with_the_nearest(edgeall, store_folder, asked, named):
    refused = edgeall("results", asked, "--store", store_folder)
    assert refused.code == 2
    assert refused.stdout == ""
    assert re.fullmatch(
        rf"edgeall: .*no slide is called {asked}; did you mean .*{named}.*\?\n", refused.stderr
    )


def test_a_slide_like_no_other_is_answered_with_the_list(edgeall, store_folder):
    refused = edgeall("results", "zzzzzzzz", "--store", store_folder)
    assert "edgeall results lists the slides" in refused.stderr


def test_an_empty_store_says_so_and_what_to_type(edgeall, tmp_path):
    empty = edgeall("results")
    assert empty.code == 0
    assert str(tmp_path / "data" / "edgeall") in empty.stdout
    command = empty.stdout.splitlines()[-1].strip()
    assert shlex.split(command)[:3] == ["edgeall", "capture", "--classify"]
    assert not (tmp_path / "data").exists(), "looking makes nothing"
    assert json.loads(edgeall("results", "--json").stdout) == {"slides": []}


def test_a_slide_of_an_empty_store_is_an_error(edgeall, tmp_path):
    refused = edgeall("results", "S-1", "--store", tmp_path / "store")
    assert refused.code == 5
    assert "nothing is stored there yet" in refused.stderr


def test_the_settings_name_the_store(edgeall, store_folder, tmp_path, monkeypatch):
    (tmp_path / "mine.toml").write_text("[store]\nfolder = 'store'\n")
    assert "S-0001" in edgeall("results", "--settings", tmp_path / "mine.toml").stdout
    monkeypatch.setenv("EDGEALL_STORE_FOLDER", str(store_folder))
    assert "S-0001" in edgeall("results").stdout


def test_a_damaged_store_is_one_sentence(edgeall, store_folder):
    (store_folder / DATABASE).write_bytes(b"not a database at all" * 100)
    refused = edgeall("results", "--store", store_folder)
    assert refused.code == 5
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
