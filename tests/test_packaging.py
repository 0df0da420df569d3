"""What is built and installed: the wheel, the command, and the older runtime."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from edgeall import __version__

ROOT = Path(__file__).parent.parent
OLD_RUNTIME = ROOT / ".venv-tflite-runtime"


def _run(*command: object, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=300, **more)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    done = _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", folder, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_both_halves_the_samples_and_the_licences(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for wanted in (
        "edgeall/samples/blast-normal.tflite",
        "edgeall/samples/card.md",
        "edgeall/samples/ATTRIBUTION.md",
        "edgeall/py.typed",
        "edgeall_convert/quantize/worker.py",
        "edgeall_convert/evaluate/page.html.jinja",
        f"edgeall-{__version__}.dist-info/licenses/LICENSE",
        f"edgeall-{__version__}.dist-info/licenses/NOTICE",
    ):
        assert wanted in names
    assert not [name for name in names if name.startswith(("tests/", "convert/"))]


def test_the_built_wheel_reads_the_samples(wheel, tmp_path):
    """Not the work tree: the wheel is unpacked elsewhere, and that copy runs."""
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import sys, edgeall; assert edgeall.__file__.startswith(sys.path[0]), edgeall.__file__\n"
        "from edgeall.__main__ import main; main()"
    )
    done = _run(
        sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r})\n{code}",
        "capture", "--classify", "--source", "samples", "--no-store", "--json",
        cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["reading"]["fields"] == 8


def test_a_device_without_the_workstation_half_says_how_to_install_it():
    python = OLD_RUNTIME / "bin" / "python"
    if not (OLD_RUNTIME / "installed").exists():
        pytest.skip("tflite-runtime has no wheel above Python 3.11, or `make test` was not used")
    done = _run(python, "-m", "edgeall", "convert", "model.keras")
    assert done.returncode == 2
    assert 'pip install "edgeall[convert]"' in done.stderr


def test_the_module_and_the_command_tell_the_version():
    command = Path(sys.executable).parent / "edgeall"
    for line in ([sys.executable, "-m", "edgeall"], [command]):
        assert _run(*line, "--version").stdout == f"edgeall {__version__}\n"


def test_the_shell_completes_commands():
    done = _run(
        Path(sys.executable).parent / "edgeall",
        env={
            **os.environ,
            "_EDGEALL_COMPLETE": "complete_bash",
            "COMP_WORDS": "edgeall cap",
            "COMP_CWORD": "1",
        },
    )
    assert done.stdout.split() == ["capture"]


def test_tflite_runtime_with_numpy_1_reads_the_samples_as_litert_does():
    python = OLD_RUNTIME / "bin" / "python"
    if not (OLD_RUNTIME / "installed").exists():
        pytest.skip("tflite-runtime has no wheel above Python 3.11, or `make test` was not used")
    command = ["-m", "edgeall", "capture", "--classify", "--source", "samples", "--no-store"]
    old, new = (
        json.loads(_run(which, *command, "--json").stdout) for which in (python, sys.executable)
    )
    names = _run(
        python, "-c",
        "import numpy; from edgeall.model.runtime import runtime_name, runtime_version\n"
        "print(numpy.__version__, runtime_name(), runtime_version())",
    )  # fmt: skip
    assert names.stdout.split()[0].startswith("1.")
    assert names.stdout.split()[1:] == ["tflite-runtime", "2.14.0"]
    for old_field, new_field in zip(old["fields"], new["fields"], strict=True):
        assert len(old_field["cells"]) == len(new_field["cells"])
        for old_cell, new_cell in zip(old_field["cells"], new_field["cells"], strict=True):
            assert old_cell["call"]["confidence"] == pytest.approx(
                new_cell["call"]["confidence"], abs=0.05
            )
