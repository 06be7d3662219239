"""The compiled passes against plain NumPy: every shape at which their loops could end wrongly."""

import platform
from itertools import pairwise

import numpy as np
import pytest

from snnviz.compiling import CompilerError, compiled
from snnviz.metrics import tallying
from snnviz.metrics.similarity import squared_error, structural_similarity
from snnviz.records.spikes import SpikeRecord

# Images, maps, height, width: tiles of 4 rows and of 64 bytes that are not full, a map larger than
# what is multiplied, and than what is summed, at once; one map; single cells.
SHAPES = [
    (9, 5, 4, 6),
    (3, 8, 16, 16),
    (2, 3, 70, 90),
    (1, 6, 100, 101),
    (7, 1, 9, 7),
    (5, 9, 1, 1),
]


# 2 * 64 * 255 is the most that 16 bits hold of two products of bytes; steps 16 and 64 are the first
# that take one part of a table more.
@pytest.fixture(params=[1, 8, 16, 64, 127])
def T(request):
    return request.param


@pytest.fixture(params=SHAPES, ids=str)
def record(request, rng, T):
    """Times of all levels; the first map is silent, the last one saturated."""
    first = rng.integers(0, T + 1, request.param)
    first[:, 0], first[:, -1] = T, 0
    return SpikeRecord.from_first_spike(first, T)


@pytest.fixture
def images(rng, record):
    n, _, height, width = record.shape
    return rng.integers(0, 256, (n, height, width), np.uint8) | np.uint8(129)


@pytest.fixture(params=["", "-mno-avx512vnni", "-mno-avx512f", "-mno-avx2"])
def processor(request, monkeypatch):
    """This processor, and ones that can less: of each, passes of its own."""
    if request.param:
        if platform.machine() != "x86_64":
            pytest.skip("another kind of processor")
        plain = compiled(tallying._SOURCE, *tallying._FLAGS, request.param)
        monkeypatch.setattr(tallying, "library", lambda: plain)


def flat(record, t):
    """Counts up to step t, one row a map: [K, n H W]."""
    counts = record.count(t).astype(np.int64)
    return counts.swapaxes(0, 1).reshape(record.shape[1], -1)


@pytest.mark.usefixtures("processor")
def test_products_at_some_steps(record, images):
    steps = np.unique([0, record.T // 2, record.T - 1])
    products, with_grey, sums = tallying.step_products(record, images, steps)
    for place, t in enumerate(steps):
        rows = flat(record, t)
        assert (products[place] == rows @ rows.T).all()
        assert (with_grey[place] == rows @ images.reshape(-1).astype(np.int64)).all()
        assert (sums[place] == rows.sum(1)).all()


def test_level_sums(record, rng):
    n, maps, height, width = record.shape
    values = rng.integers(1 << 16, 1 << 17, (n, 3, height * width))
    found = tallying.level_sums(record.first_spike, record.T + 1, values)
    times = record.first_spike.reshape(n, maps, 1, -1)
    for level in np.unique([0, record.T - 1, record.T]):
        expected = (values[:, np.newaxis] * (times == level)).sum((0, 3))
        assert (found[:, level] == expected).all()
    assert (found.sum(1) == values.sum((0, 2))).all()


@pytest.mark.parametrize("T", [1, 8, 13, 255])
def test_trains(rng, T):
    spikes = rng.random((T, 3, 5, 4, 6)) < 0.4
    spikes[:, :, 0], spikes[:, :, 1] = False, True
    packed = SpikeRecord.from_spikes(spikes).packed
    values = rng.integers(0, 1 << 17, (3, 2, 24))
    found = tallying.train_sums(packed, T, values)
    rows = spikes.reshape(T, 3, 5, 1, -1)
    assert (found == (rows * values[:, np.newaxis]).sum((1, 4))).all()
    counts = spikes.cumsum(0)
    squares, summed = tallying.train_squares(packed, T)
    assert (squares == (counts**2).sum((1, 3, 4))).all()
    assert (summed == (counts.sum(2) ** 2).sum((1, 2, 3))).all()


def test_histograms(record, images):
    bins = images // 16
    joint, by_image = tallying.histograms(record, bins, 16)
    n, maps = record.shape[:2]
    expected = np.zeros((n, maps, 16, record.T + 1), int)
    place = np.ogrid[:n, :maps, :1, :1]
    np.add.at(expected, (place[0], place[1], bins[:, np.newaxis], record.first_spike), 1)
    assert (joint == expected.sum(0)).all()
    assert (by_image == expected.sum(2)).all()
    assert (tallying.level_counts(record) == expected.sum((0, 2))).all()


@pytest.mark.parametrize(
    ("maps", "pixels", "T", "values"), [(5, 30, 8, 16), (3, 1, 127, 256), (1, 129, 1, 3)]
)
@pytest.mark.parametrize("per_pixel", [True, False])
def test_histograms_of_each_neuron(rng, maps, pixels, T, values, per_pixel):
    times = rng.integers(0, T + 1, (7, maps * pixels)).astype(np.uint8)
    codes = rng.integers(0, values, (7, pixels if per_pixel else 1)).astype(np.uint8)
    codes[0] = values - 1
    total = np.ones((values, maps * pixels, T + 1), np.int64)
    expected = total.copy()
    for image, neuron in np.ndindex(times.shape):
        code = codes[image, neuron % pixels if per_pixel else 0]
        expected[code, neuron, times[image, neuron]] += 1
    tallying.add_neuron_histograms(times, codes, total)
    assert (total == expected).all()


@pytest.mark.parametrize(("T", "neurons"), [(1, 3), (5, 4099), (255, 9001)])
def test_changes_of_first_spikes(rng, T, neurons):
    before, after = rng.integers(0, T + 1, (2, 4, neurons)).astype(np.uint8)
    before[1] = after[1] = T  # silent twice
    before[2], after[2] = T, 0  # begins to fire
    after[3] = before[3]
    same, fires, moved = tallying.first_spike_changes(before, after, T)
    images = zip(before.tolist(), after.tolist(), strict=True)
    pairs = [list(zip(*image, strict=True)) for image in images]
    assert same.tolist() == [sum(a == b < T for a, b in image) for image in pairs]
    assert fires.tolist() == [sum(min(pair) < T for pair in image) for image in pairs]
    assert moved.tolist() == [sum(abs(a - b) for a, b in image) for image in pairs]


def test_squares_of_the_sum_over_maps(record):
    found = tallying.summed_squares(record)
    assert found.tolist() == [(flat(record, t).sum(0) ** 2).sum() for t in range(record.T)]


def test_more_maps_than_a_byte_counts():
    record = SpikeRecord.from_first_spike(np.zeros((1, 300, 2, 3), int), 2)
    assert tallying.summed_squares(record).tolist() == [6 * 300**2, 6 * 600**2]


def test_pooled_bits(record):
    words = np.arange(record.T + 1, dtype=np.uint64) * np.uint64(3)
    n, maps, height, width = record.shape
    found = tallying.pooled_bits(record, words)
    assert found.shape == (height // 2, width // 2)
    cells = words[record.first_spike][:, :, : height // 2 * 2, : width // 2 * 2]
    cells = cells.reshape(n, maps, height // 2, 2, width // 2, 2)
    joined = np.bitwise_or.reduce(np.bitwise_or.reduce(cells, 5), 3)
    assert (found == np.bitwise_count(joined).sum((0, 1))).all()


def test_moments(record):
    counts = record.count(record.T - 1)
    by_neuron, by_image = tallying.moments(counts)
    whole = counts.astype(np.int64)
    assert (by_neuron == [whole.sum(0), (whole**2).sum(0)]).all()
    assert (by_image == [whole.sum((1, 2, 3)), (whole**2).sum((1, 2, 3))]).all()


@pytest.mark.parametrize("side", [1, 3, 4])
def test_cells_of_sides_that_do_not_divide(rng, side):
    counts = rng.integers(0, 256, (3, 2, 7, 4), np.uint8)
    rows, columns = (np.arange(side + 1) * length // side for length in (7, 4))
    expected = [
        [counts[:, :, top:bottom, left:right].sum((2, 3)) for left, right in pairwise(columns)]
        for top, bottom in pairwise(rows)
    ]
    assert (tallying.cell_sums(counts, side) == np.transpose(expected, (2, 3, 0, 1))).all()


def test_reading(record, rng):
    """Quarters, whose sums are exact, with halves to be rounded to even and sums beyond a byte."""
    maps = record.shape[1]
    table = rng.integers(-200, 400, (maps, record.T + 1, record.T)) / 4
    bias = rng.integers(-40, 40, record.T) / 2
    read = tallying.read_levels(record, table, bias)
    times = record.first_spike.astype(np.intp)
    for t in np.unique([0, record.T - 1]):
        sums = sum(table[k, times[:, k], t] for k in range(maps)) + bias[t]
        assert (read[t] == np.clip(np.rint(sums), 0, 255)).all()


@pytest.mark.parametrize("size", [(7, 7), (9, 20), (28, 28), (6, 30)])
@pytest.mark.parametrize("each", [5, 1])
def test_likenesses_are_those_of_numpy_bit_for_bit(rng, size, each):
    images = rng.integers(0, 256, (5, *size), np.uint8)
    read = rng.integers(0, 256, (3, each, *size), np.uint8)
    images[1], read[0, 0] = 0, 0
    read[1, 0] = images[0]
    errors, ssim = tallying.likenesses(images, read)
    assert (errors == squared_error(images, read)).all()
    np.testing.assert_array_equal(ssim, structural_similarity(images, read))


@pytest.mark.parametrize("most", [1, 8, 127])
@pytest.mark.parametrize("shape", [(1, 1), (5, 64), (9, 4097), (4, 9000)])
@pytest.mark.usefixtures("processor")
def test_inner_products(rng, shape, most):
    rows = rng.integers(0, most + 1, shape, np.uint8)
    rows[0] = most
    wide = rows.astype(np.int64)
    assert (tallying.gram(rows) == wide @ wide.T).all()


@pytest.mark.parametrize("most", [1, 400, tallying.MOST_FEATURE])
@pytest.mark.parametrize("count", [1, 31, 70])
@pytest.mark.usefixtures("processor")
def test_products_of_features(rng, most, count):
    features = rng.integers(0, most, (300, count))
    features[:, 0] = most - 1
    total = np.full((count, count), 5)
    tallying.add_feature_products(features, total)
    tallying.complete(total)
    assert (total == 5 + features.T @ features).all()


class TestWorth:
    @pytest.fixture(autouse=True)
    def nothing_yet(self, monkeypatch):
        monkeypatch.setattr(tallying, "_Ledger", type("_Ledger", (), vars(tallying._Ledger).copy()))
        tallying._Ledger.tallied, tallying._Ledger.hopeless = 0, False
        self.compiled = []
        library = lambda: self.compiled.append(1)  # noqa: E731 - gets an attribute
        library.cache_info = lambda: type("Info", (), {"currsize": len(self.compiled)})
        monkeypatch.setattr(tallying, "library", library)
        monkeypatch.setattr(tallying, "_is_kept", lambda: False)

    def test_a_few_images_compile_nothing(self):
        assert not tallying.is_worth(1 << 20)
        assert not self.compiled

    def test_many_small_calls_add_up(self):
        assert [tallying.is_worth(1 << 26) for _ in range(3)] == [False, True, True]
        assert len(self.compiled) == 1

    def test_what_was_kept_is_taken_at_once(self, monkeypatch):
        monkeypatch.setattr(tallying, "_is_kept", lambda: True)
        assert tallying.is_worth(1)

    def test_without_a_compiler_it_is_not_asked_again(self, monkeypatch):
        def none():
            self.compiled.append(1)
            raise CompilerError("none")

        none.cache_info = lambda: type("Info", (), {"currsize": 0})
        monkeypatch.setattr(tallying, "library", none)
        assert [tallying.is_worth(1 << 30) for _ in range(2)] == [False, False]
        assert len(self.compiled) == 1
