from __future__ import annotations

import json

import pytest

from edgeall.service.control import Answer, Ask, ControlServer
from edgeall.service.status import Counts, Status

READING = Status(
    state="reading",
    sentence="Reading slide S-1: 2 fields, 5 cells. Move the stage to the next field.",
    slide="S-1",
    counts=Counts(fields=2, cells=5),
    bundle="tiny 1",
    source="auto",
)


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "edgeall.toml"
    path.write_text(f'[service]\ncontrol = "{tmp_path}/control.sock"\n')
    return path


@pytest.fixture
def service(tmp_path):
    """Return what is asked of a service that answers as told."""
    asked: list[Ask] = []
    answers: list[Answer] = []

    def answer(ask: Ask) -> Answer:
        asked.append(ask)
        return answers.pop(0)

    server = ControlServer(tmp_path / "control.sock", answer)
    server.start()
    yield asked, answers
    server.close()


@pytest.mark.parametrize("order", ["begin", "pause", "resume", "take"])
def test_an_order_reaches_the_service_and_its_sentence_is_printed(
    edgeall, settings, service, order
):
    asked, answers = service
    answers.append(Answer(status=READING))
    identity = ["S-1"] if order == "begin" else []
    ended = edgeall("slide", order, *identity, "--settings", settings)
    assert (ended.code, ended.stdout.strip()) == (0, READING.sentence)
    assert (asked[0].do, asked[0].slide) == (order, "S-1" if identity else None)


def test_an_ended_slide_shows_its_reading_and_what_it_is_worth(edgeall, settings, service):
    asked, answers = service
    answers.append(Answer(status=READING, reading=(("cells counted", "5"), ("flags", "none"))))
    ended = edgeall("slide", "end", "--operator", "ada", "--settings", settings)
    assert "cells counted" in ended.stdout
    assert "does not replace, a skilled morphologist" in ended.stdout
    assert asked[0].operator == "ada"


def test_a_refusal_is_its_sentence_and_its_code(edgeall, settings, service):
    service[1].append(Answer(refused="No slide is open; begin one first.", exit_code=2))
    ended = edgeall("slide", "end", "--settings", settings)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr == "edgeall: No slide is open; begin one first.\n"


def test_the_status_is_one_sentence_or_json(edgeall, settings, service):
    service[1].extend([Answer(status=READING), Answer(status=READING)])
    assert edgeall("status", "--settings", settings).stdout.strip() == READING.sentence
    shown = json.loads(edgeall("status", "--json", "--settings", settings).stdout)
    assert (shown["state"], shown["counts"]["cells"]) == ("reading", 5)


def test_without_a_service_it_is_said_how_to_start_one(edgeall, settings):
    ended = edgeall("status", "--settings", settings)
    assert ended.code == 2
    assert "systemctl start edgeall" in ended.stderr
