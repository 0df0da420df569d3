"""A few real cells, decoded, for the trainings of the tests."""

from __future__ import annotations

import pytest

from edgeall.samples.paths import cells_folder
from edgeall_convert.datasets.examples import list_examples

LABELS = ("normal", "blast")


@pytest.fixture(scope="session")
def cells():
    from edgeall_convert.training.gallery import open_gallery, show_whole

    return open_gallery(list_examples(cells_folder()), LABELS, 48, show_whole)


@pytest.fixture(scope="session")
def found_cells():
    from edgeall_convert.training.gallery import open_gallery, show_cells

    return open_gallery(list_examples(cells_folder()), LABELS, 48, show_cells)
