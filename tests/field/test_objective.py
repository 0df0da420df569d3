from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeall.errors import UsageError
from edgeall.field.objective import SENSORS, scale_of_objective


def test_an_oil_objective_on_the_high_quality_camera():
    assert scale_of_objective(100, "imx477", 4056, 0.5) == pytest.approx(0.031)
    assert scale_of_objective(100, "imx477", 2028, 0.5) == pytest.approx(0.062), "binned 2 x 2"


@given(
    st.sampled_from(sorted(SENSORS)), st.floats(1, 150), st.floats(0.3, 2), st.integers(16, 4000)
)
def test_the_field_of_view_does_not_depend_on_the_frame_size(sensor, objective, adapter, width):
    view = scale_of_objective(objective, sensor, width, adapter) * width
    assert view == pytest.approx(
        SENSORS[sensor].pitch_um * SENSORS[sensor].width / objective / adapter
    )


@pytest.mark.parametrize(
    ("objective", "sensor", "adapter", "named"),
    [
        (100, "imx999", 1, "imx999"),
        (0, "imx477", 1, "--objective"),
        (100, "imx477", -1, "--adapter"),
    ],
)
def test_what_is_engraved_on_no_microscope_is_refused(objective, sensor, adapter, named):
    with pytest.raises(UsageError, match=named):
        scale_of_objective(objective, sensor, 1000, adapter)
