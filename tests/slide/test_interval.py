from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from edgeall.slide.interval import cells_for_width, clopper_pearson, proportion, wilson

counts = st.integers(1, 3000).flatmap(
    lambda total: st.tuples(st.integers(0, total), st.just(total))
)


@given(counts)
def test_the_exact_interval_is_scipys(counted: tuple[int, int]) -> None:
    count, total = counted
    expected = binomtest(count, total).proportion_ci(method="exact")
    assert clopper_pearson(count, total) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(counts)
def test_the_score_interval_is_scipys(counted: tuple[int, int]) -> None:
    count, total = counted
    expected = binomtest(count, total).proportion_ci(method="wilson")
    assert wilson(count, total) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(counts)
def test_the_exact_interval_contains_the_share(counted: tuple[int, int]) -> None:
    share = proportion(*counted)
    assert 0 <= share.low <= share.value <= share.high <= 1


@given(st.integers(0, 20), st.sampled_from([0.05, 0.1, 0.2]))
def test_the_cells_asked_for_narrow_the_interval_enough(twentieths: int, width: float) -> None:
    share = twentieths / 20
    total = cells_for_width(share, width)
    low, high = clopper_pearson(round(share * total), total)
    assert high - low <= width


@pytest.mark.parametrize(("count", "total"), [(-1, 3), (4, 3), (0, 0)])
def test_an_impossible_share_is_refused(count: int, total: int) -> None:
    with pytest.raises(ValueError, match=f"{count} out of {total}"):
        clopper_pearson(count, total)
