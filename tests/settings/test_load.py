from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import get_args, get_type_hints

import msgspec
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as profile
from hypothesis import strategies as st

from edgeall.errors import UsageError
from edgeall.settings import load as module
from edgeall.settings.load import load_settings
from edgeall.settings.sections import Settings, default_store
from edgeall.slide.tally import MIN_CELLS, TARGET_WIDTH


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch, tmp_path):
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for name in list(module.os.environ):
        if name.startswith("EDGEALL_"):
            monkeypatch.delenv(name)


@pytest.fixture
def write(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "settings.toml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_without_a_file_every_key_has_its_default(tmp_path):
    settings = load_settings(None)
    assert settings == Settings()
    assert settings.camera.source == "auto"
    assert settings.store.folder == tmp_path / "XDG_DATA_HOME/edgeall"
    assert (settings.reading.min_cells, settings.reading.target_width) == (MIN_CELLS, TARGET_WIDTH)


def test_every_key_has_a_default_and_a_sentence():
    for section in msgspec.structs.fields(Settings):
        hints = get_type_hints(section.type, include_extras=True)
        for key in msgspec.structs.fields(section.type):
            assert not key.required, key.name
            described = [
                meta.description for meta in get_args(hints[key.name])[1:] if meta.description
            ]
            assert len(described) == 1, key.name
            assert described[0].endswith("."), key.name


def test_a_file_sets_what_it_names_and_leaves_the_rest(write, tmp_path):
    path = write(
        "[camera]\nsource = 'v4l2:/dev/video0'\nwidth = 1296\nheight = 972\ngain = 2\n"
        "colour_gains = [1.8, 1.5]\n[store]\nfolder = 'findings'\n[model]\npath = '/opt/b.tflite'\n"
    )
    settings = load_settings(path)
    assert settings.camera.colour_gains == (1.8, 1.5)
    assert (settings.camera.width, settings.camera.gain) == (1296, 2.0)
    assert settings.camera.exposure_us is None
    assert settings.model.path == Path("/opt/b.tflite")
    assert settings.store.folder == tmp_path / "findings", "relative to the file"


def test_a_path_may_start_at_home(write, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    settings = load_settings(write("[store]\nfolder = '~/smears'\n"))
    assert settings.store.folder == Path("/home/ada/smears")


def test_the_users_file_is_found_before_the_machines(monkeypatch, tmp_path):
    mine = tmp_path / "config" / "edgeall" / "edgeall.toml"
    mine.parent.mkdir(parents=True)
    mine.write_text("[model]\nthreads = 3\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    assert module.usual_places() == (mine, Path("/etc/edgeall/edgeall.toml"))
    assert load_settings(None).model.threads == 3


def test_a_relative_xdg_folder_is_ignored(monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", "data")
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_store() == Path("/home/ada/.local/share/edgeall")


def test_the_environment_wins_over_the_file(write, monkeypatch, tmp_path):
    monkeypatch.setenv("EDGEALL_STORE_FOLDER", str(tmp_path / "other"))
    monkeypatch.setenv("EDGEALL_MODEL_THREADS", "2")
    monkeypatch.setenv("EDGEALL_CAMERA_COLOUR_GAINS", "[1.5, 2]")
    monkeypatch.setenv("EDGEALL_CAMERA_SOURCE", "123")
    settings = load_settings(write("[store]\nfolder = '/x'\n[model]\nthreads = 1\n"))
    assert settings.store.folder == tmp_path / "other"
    assert settings.model.threads == 2
    assert settings.camera.colour_gains == (1.5, 2.0)
    assert settings.camera.source == "123"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[camera]\nwidht = 3\n", r"widht is no key of \[camera\]; did you mean width\?"),
        ("[camra]\n", r"camra is no section; did you mean camera\?"),
        ("[zzz]\n", "did you mean camera or model or reading or store"),
        ("camera = 3\n", r"camera is a section; write \[camera\]"),
        ("[camera]\nwidth = 3.5\nheight = 9\n", r"camera\.width does not fit"),
        ("[camera]\ngain = nan\n", r"camera\.gain does not fit"),
        ("[camera]\ncolour_gains = [1.0]\n", r"camera\.colour_gains does not fit"),
        ("[camera]\ncolour_gains = [1.0, -1.0]\n", r"camera\.colour_gains.* does not fit"),
        ("[camera]\nwidth = 640\n", "width and camera.height go together"),
        ("[store]\nfolder = ''\n", r"store\.folder does not fit"),
        ("[store]\nfolder = 3\n", r"store\.folder does not fit"),
        ("[model]\nthreads = 0\n", r"model\.threads does not fit"),
        ("[model\n", "not valid TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named(write, text, said):
    path = write(text)
    with pytest.raises(UsageError, match=said) as raised:
        load_settings(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("EDGEALL_MODEL_THREDS", "2", "threds is no key .* did you mean threads"),
        ("EDGEALL_MODEL_THREADS", "many", "EDGEALL_MODEL_THREADS does not fit"),
        ("EDGEALL_MODEL_THREADS", "65", "EDGEALL_MODEL_THREADS does not fit"),
        ("EDGEALL_CAMERA_COLOUR_GAINS", "1.8,1.5", "EDGEALL_CAMERA_COLOUR_GAINS does not fit"),
        ("EDGEALL_STORE_FOLDER", "", "EDGEALL_STORE_FOLDER does not fit"),
    ],
)
def test_a_mistake_in_the_environment_is_named(monkeypatch, name, value, said):
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=said):
        load_settings(None)


def test_a_file_that_was_named_must_be_there(tmp_path):
    with pytest.raises(UsageError, match="no such settings file"):
        load_settings(tmp_path / "absent.toml")
    with pytest.raises(UsageError, match="cannot be read"):
        load_settings(tmp_path)


def test_a_file_that_is_no_text_is_named(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="not valid TOML"):
        load_settings(path)


@given(text=st.text(st.characters(exclude_categories=("Cs",)), max_size=60))
@profile(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_whatever_the_file_holds_it_loads_or_is_refused_in_words(write, text):
    with suppress(UsageError):
        load_settings(write(text))
