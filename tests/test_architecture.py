"""The architecture of the tree, held by a test: imports run one way."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from pathlib import Path

import edgeall

ROOT = Path(__file__).parent.parent

BLOCKER = """
import importlib, importlib.abc, pkgutil, sys
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in {"tensorflow", "keras", "tf_keras", "edgeall_convert"}:
            raise ImportError(f"{name} must not be imported on a device")
sys.meta_path.insert(0, Block())
import edgeall
for module in pkgutil.walk_packages(edgeall.__path__, "edgeall."):
    if module.name not in ("edgeall.__main__",):
        importlib.import_module(module.name)
        print(module.name)
"""


def test_every_module_of_the_device_imports_without_the_workstation():
    done = subprocess.run([sys.executable, "-c", BLOCKER], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    named = {m.name for m in pkgutil.walk_packages(edgeall.__path__, "edgeall.")}
    assert set(done.stdout.split()) == named - {"edgeall.__main__"}


def test_imports_between_the_stages_run_one_way():
    """A stage that imports a later one would tie the camera to the store; see pyproject.toml."""
    lint = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([lint, "--no-cache"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout


def test_the_help_loads_nothing_heavy():
    script = (
        "import sys; sys.argv = ['edgeall', '--help']\n"
        "from edgeall.__main__ import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'cv2', 'PIL', 'rich', 'msgspec', 'ai_edge_litert', 'tflite_runtime'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr.strip() == "[]"


def test_no_file_outgrows_its_one_idea():
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("edgeall", "convert")
        for path in (ROOT / folder).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert long == {}
