"""The process apart: what it says is heard, and how it ends is told."""

from __future__ import annotations

import sys

import msgspec
import pytest

from edgeall.errors import EdgeallError, InputError
from edgeall_convert.process.follow import follow
from edgeall_convert.process.messages import Stage


class Asked(msgspec.Struct, frozen=True):
    """Python that the process runs in place of work."""

    code: str


WORKER = """
import os, signal, sys
import msgspec
from edgeall.errors import InputError
from edgeall_convert.process.messages import Stage
from edgeall_convert.process.serve import serve

class Asked(msgspec.Struct):
    code: str

class Found(msgspec.Struct):
    number: int

def work(asked, say):
    scope = dict(globals(), say=say)
    exec(asked.code, scope)
    return scope["found"]

serve(Asked, work, lambda asked: "too little memory")
"""


@pytest.fixture
def worker(tmp_path, monkeypatch):
    (tmp_path / "a_worker.py").write_text(WORKER)
    monkeypatch.setenv("PYTHONPATH", ":".join([str(tmp_path), *sys.path]))

    def run(code):
        heard = []
        report = follow("a_worker", Asked(code), heard.append, "it was killed")
        return report, heard

    return run


def test_stages_and_the_report_are_heard(worker):
    report, heard = worker(
        "print('noise'); say(Stage(what='a', done=1, total=2)); found = Found(7)"
    )
    assert report == {"number": 7}
    assert heard == [Stage(what="starting TensorFlow"), Stage(what="a", done=1, total=2)]


def test_an_error_keeps_its_class_and_its_sentence(worker):
    with pytest.raises(InputError, match=r"^a\.png is none$"):
        worker("raise InputError('a.png is none')")


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "it was killed"),
        ("print('std::bad_alloc', flush=True); os.abort()", "it was killed"),
        ("raise MemoryError", "too little memory"),
        ("sys.exit(3)", r"ended by itself with code 3"),
        ("os.abort()", r"ended by itself with code -6"),
    ],
)
def test_every_end_is_one_sentence(worker, code, sentence):
    with pytest.raises(EdgeallError, match=sentence):
        worker(code)
