"""Layout and normalization against plain loops."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from snnviz.errors import ConfigError, ShapeError
from snnviz.grid import GAP, SATURATED, SILENT, choose_layout, compose, normalize_counts

T = 8


@pytest.mark.parametrize(
    ("count", "grid"),
    [
        (128, (8, 16)),
        (1, (1, 1)),
        (2, (1, 2)),
        (6, (2, 3)),
        (32, (4, 8)),
        (64, (8, 8)),
        (96, (8, 12)),
        (127, (8, 16)),
        (256, (16, 16)),
        (512, (16, 32)),
    ],
)
def test_the_grid_adapts_to_the_number_of_maps(count, grid):
    layout = choose_layout((count, 3, 5))
    assert (layout.rows, layout.columns) == grid


@given(st.integers(1, 600))
def test_every_map_has_a_place(count):
    layout = choose_layout((count, 3, 5))
    assert layout.rows * layout.columns >= count
    assert (layout.rows - 1) * layout.columns < count


def test_rows_or_columns_can_be_chosen():
    assert choose_layout((10, 3, 5), rows=2).columns == 5
    assert choose_layout((10, 3, 5), columns=4).rows == 3
    assert choose_layout((10, 3, 5), rows=4, columns=4).shape == (4 * 4 + 1, 4 * 6 + 1)
    with pytest.raises(ConfigError, match="10 feature maps do not fit into 3 rows and 3 columns"):
        choose_layout((10, 3, 5), rows=3, columns=3)
    for wrong in ({"rows": 0}, {"columns": -1}, {"rows": 0, "columns": 20}):
        with pytest.raises(ConfigError, match="at least 1"):
            choose_layout((10, 3, 5), **wrong)


@pytest.mark.parametrize("strip", [0, 2])
def test_compose_puts_each_map_in_its_place_and_gaps_around(strip):
    maps = np.arange(1, 6, dtype=np.float32)[:, None, None] * np.ones((5, 2, 3), np.float32)
    maps[:, 0, 0] = 0.25  # a corner, so that flips and transposes show
    layout = choose_layout((5, 2, 3), columns=3, strip=strip)
    canvas = compose(maps, layout)
    expected = np.full((1 + 2 * (2 + 1 + strip), 1 + 3 * 4), GAP, np.float32)
    for k in range(5):
        top, left = 1 + strip + (k // 3) * (3 + strip), 1 + (k % 3) * 4
        for i in range(2):
            for j in range(3):
                expected[top + i, left + j] = maps[k, i, j]
    np.testing.assert_array_equal(canvas, expected)
    assert np.isnan(canvas[:, 0]).all()
    assert np.isnan(canvas[-1]).all()
    assert np.isnan(canvas[layout.corner(3)[0] :, layout.corner(2)[1] :]).all()  # no sixth map


def loop_normalize(counts, t, T, normalize):
    out = np.zeros(counts.shape, np.float64)
    for k, feature_map in enumerate(counts):
        if feature_map.max() == 0:
            out[k] = SILENT
        elif feature_map.min() == t + 1:
            out[k] = SATURATED
        elif normalize == "shared":
            out[k] = feature_map / T
        elif normalize == "none" or feature_map.min() == feature_map.max():
            out[k] = feature_map / (t + 1)
        else:
            low, high = float(feature_map.min()), float(feature_map.max())
            out[k] = (feature_map - low) / (high - low)
    return out


@pytest.mark.parametrize("normalize", ["map", "shared", "none"])
@given(data=st.data(), t=st.sampled_from([0, 3, 7]))
def test_normalization(normalize, data, t):
    counts = data.draw(hnp.arrays(np.uint8, (6, 3, 4), elements=st.integers(0, t + 1)))
    counts[0], counts[1], counts[2] = 0, t + 1, (t + 1) // 2
    scaled = normalize_counts(counts, t=t, T=T, normalize=normalize)
    np.testing.assert_allclose(scaled, loop_normalize(counts, t, T, normalize), rtol=1e-6)


@pytest.mark.parametrize("normalize", ["map", "shared", "none"])
def test_no_map_changes_how_another_looks(normalize, rng):
    counts = rng.integers(0, 6, (4, 3, 4))
    alone = normalize_counts(counts, t=7, T=8, normalize=normalize)
    for other in (0, 3, 8):
        changed = counts.copy()
        changed[2] = other
        scaled = normalize_counts(changed, t=7, T=8, normalize=normalize)
        np.testing.assert_array_equal(scaled[[0, 1, 3]], alone[[0, 1, 3]])


def test_many_steps_do_not_overflow_the_counts_type():
    counts = np.full((1, 2, 2), 200, np.uint8)
    counts[0, 0, 0] = 0
    scaled = normalize_counts(counts, t=299, T=300, normalize="shared")
    assert scaled[0, 1, 1] == pytest.approx(2 / 3)


def test_wrong_input_is_refused():
    counts = np.zeros((2, 3, 4), int)
    with pytest.raises(ShapeError, match=r"\[K, H, W\]"):
        normalize_counts(counts[0], t=0, T=1)
    with pytest.raises(ShapeError, match="ints"):
        normalize_counts(counts / 2, t=0, T=1)
    with pytest.raises(ShapeError, match=r"0\.\.1, got 0 to 2"):
        normalize_counts(counts + np.arange(3)[:, None], t=0, T=1)
    with pytest.raises(ConfigError, match=r"0\.\.0"):
        normalize_counts(counts, t=1, T=1)
    with pytest.raises(ConfigError, match="normalize"):
        normalize_counts(counts, t=0, T=1, normalize="log")  # type: ignore[arg-type]
