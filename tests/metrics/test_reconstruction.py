"""Reading images back, against scikit-image and NumPy's least squares, and where it is known."""

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.metrics import (
    mean_squared_error,
    peak_signal_noise_ratio,
)
from skimage.metrics import (
    structural_similarity as scikit_ssim,
)

from snnviz.data import to_input
from snnviz.errors import DataError, ShapeError
from snnviz.metrics import (
    ReconstructionFit,
    ReconstructionScore,
    peak_signal_to_noise,
    squared_error,
    structural_similarity,
    tallying,
)
from snnviz.records.spikes import SpikeRecord
from snnviz.tutorial.encoder import load_encoder


def fit(record, images, **options):
    accumulator = ReconstructionFit(record.T, record.shape[1:], **options)
    accumulator.update(record, images)
    return accumulator.result()


def score(rule, record, images):
    accumulator = ReconstructionScore(record.T, record.shape[1:], rule)
    accumulator.update(record, images)
    return accumulator.result()


def identity(images):
    """255 steps, as many spikes as the grey level says."""
    return SpikeRecord.from_spikes(np.arange(255)[:, None, None, None, None] < images[:, None])


def renewal(rng, n, shape, T):
    return SpikeRecord.from_first_spike(rng.integers(0, T + 1, (n, *shape)), T)


def test_similarity_is_scikit_images(real_images, rng):
    images = real_images.images[:6, :20]
    noise = rng.integers(-40, 41, (3, *images.shape))
    others = np.clip(images + noise, 0, 255).astype(np.uint8)
    errors, ssim = squared_error(images, others), structural_similarity(images, others)
    for m, i in np.ndindex(3, 6):
        a, b = images[i], others[m, i]
        assert errors[m, i] == pytest.approx(mean_squared_error(a, b) * a.size)
        psnr = peak_signal_noise_ratio(a, b)
        assert peak_signal_to_noise(int(errors[m, i]), a.size) == pytest.approx(psnr)
        assert ssim[m, i] == pytest.approx(scikit_ssim(a, b), abs=1e-8)
    assert (structural_similarity(images, images) == 1).all()
    assert peak_signal_to_noise(0, 784) == pytest.approx(77.07, abs=0.01)


@pytest.mark.parametrize("kind", ["renewal", "trains"])
@pytest.mark.parametrize("T", [1, 8])
def test_the_rule_is_the_least_squares_one(kind, T, rng):
    images = rng.integers(0, 256, (6, 8, 11), dtype=np.uint8)
    if kind == "renewal":
        record = renewal(rng, 6, (3, 8, 11), T)
    else:
        record = SpikeRecord.from_spikes(rng.random((T, 6, 3, 8, 11)) < 0.4)
    rule = fit(record, images, strength=1e-12)
    read = rule.reconstruct(record)
    result = score(rule, record, images)
    for t in range(T):
        counts = record.count(t).transpose(0, 2, 3, 1).reshape(-1, 3)
        design = np.column_stack([counts, np.ones(len(counts))]).astype(float)
        solution = np.linalg.lstsq(design, images.reshape(-1).astype(float), rcond=None)[0]
        assert rule.weights[t] == pytest.approx(solution[:3], abs=1e-6)
        assert rule.bias[t] == pytest.approx(solution[3], abs=1e-6)
        expected = np.clip(np.rint(design @ solution), 0, 255).reshape(images.shape)
        assert np.abs(read[t].astype(int) - expected).max() <= 1  # a tie may go either way
        pairs = list(zip(images, read[t], strict=True))
        psnr = np.mean([peak_signal_noise_ratio(a, b) for a, b in pairs])
        ssim = np.mean([scikit_ssim(a, b) for a, b in pairs])
        mse = np.mean([mean_squared_error(a / 255, b / 255) for a, b in pairs])
        assert result.psnr[t] == pytest.approx(psnr, abs=1e-6)
        assert result.ssim[t] == pytest.approx(ssim, abs=1e-6)
        assert result.mse[t] == pytest.approx(mse)
    assert (result.train_images, result.test_images) == (6, 6)


@pytest.mark.parametrize("kind", ["renewal", "compiled", "trains"])
@pytest.mark.parametrize("T", [1, 8])
def test_the_last_step_alone_is_read_as_among_all(kind, T, rng, monkeypatch):
    monkeypatch.setattr(tallying, "is_worth", lambda _: kind == "compiled")
    images = rng.integers(0, 256, (6, 8, 11), dtype=np.uint8)
    record = renewal(rng, 6, (3, 8, 11), T)
    if kind == "trains":
        record = SpikeRecord.from_spikes(rng.random((T, 6, 3, 8, 11)) < 0.4)
    rule, last = fit(record, images), fit(record, images, last=True)
    assert (last.T, last.weights.shape) == (T, (1, 3))
    assert np.array_equal(last.weights[0], rule.weights[-1])
    assert np.array_equal(last.reconstruct(record), rule.reconstruct(record)[-1:])
    with pytest.raises(ShapeError, match=rf"\({T}, 3\)"):
        last.reconstruct(renewal(rng, 6, (3, 8, 11), T + 1))
    if T > 1:  # a score is of each step
        with pytest.raises(ShapeError, match="the rule is for"):
            score(last, record, images)


def test_the_penalty_is_a_share_of_the_mean_variance(rng):
    images = rng.integers(0, 256, (4, 8, 11), dtype=np.uint8)
    record = renewal(rng, 4, (3, 8, 11), 4)
    counts = record.count(3).transpose(0, 2, 3, 1).reshape(-1, 3).astype(float)
    x, y = counts - counts.mean(0), images.reshape(-1) - images.mean()
    penalty = 0.5 * np.trace(x.T @ x) / 3
    expected = np.linalg.solve(x.T @ x + penalty * np.eye(3), x.T @ y)
    assert fit(record, images, strength=0.5).weights[3] == pytest.approx(expected)


def test_an_identity_encoder_is_read_exactly(real_images):
    train, test = real_images.images[:12], real_images.images[12:20]
    result = score(fit(identity(train), train), identity(test), test)
    assert result.mse[-1] < 1e-7
    assert result.psnr[-1] > 70
    assert result.ssim[-1] > 0.9999
    assert (result.psnr[0], result.ssim[0]) < (20, 0.9)
    assert result.psnr[-1] > result.floors["mean image"][1] + 50


@pytest.mark.parametrize("value", [0, 4])
def test_silent_and_saturated_encoders_read_the_mean_intensity(value, real_images):
    images = real_images.images[:30]
    record = SpikeRecord.from_first_spike(np.full((30, 2, 28, 28), value), 4)
    rule = fit(record, images)
    assert (rule.weights == 0).all()
    assert rule.bias == pytest.approx(images.mean())
    result = score(rule, record, images)
    mean = np.full((28, 28), np.rint(images.mean()), np.uint8)
    ssim = np.mean([scikit_ssim(image, mean) for image in images])
    for t in range(4):
        here = (result.mse[t], result.psnr[t], result.ssim[t])
        assert here == result.floors["mean intensity"]
    assert result.floors["mean intensity"][2] == pytest.approx(ssim, abs=1e-6)


def test_the_mean_image_floor(real_images):
    train, test = real_images.images[:50], real_images.images[50:60]
    record = SpikeRecord.from_first_spike(np.zeros((50, 1, 28, 28), int), 1)
    mse, psnr, ssim = score(fit(record, train), record[:10], test).floors["mean image"]
    mean = np.rint(train.mean(0)).astype(np.uint8)
    expected = np.mean([peak_signal_noise_ratio(image, mean) for image in test])
    assert mse == pytest.approx(np.mean((test / 255 - mean / 255) ** 2))
    assert psnr == pytest.approx(expected, abs=1e-6)
    assert ssim == pytest.approx(np.mean([scikit_ssim(i, mean) for i in test]), abs=1e-6)


def test_a_shuffled_encoder_reads_no_more_than_the_mean(real_images, rng):
    images = real_images.images[:60]
    record = load_encoder().encode(to_input(images), 4)
    pixels = record.first_spike.transpose(0, 2, 3, 1).reshape(-1, 128)
    shuffled = rng.permutation(pixels).reshape(60, 28, 28, 128).transpose(0, 3, 1, 2)
    for kind, times in (("shuffled", shuffled), ("real", record.first_spike)):
        changed = SpikeRecord.from_first_spike(np.ascontiguousarray(times), 4)
        result = score(fit(changed[:40], images[:40]), changed[40:], images[40:])
        gain = result.psnr[-1] - result.floors["mean intensity"][1]
        assert abs(gain) < 0.2 if kind == "shuffled" else gain > 10


def test_renewal_and_its_trains_are_read_alike(real_images):
    images = real_images.images[:6]
    record = load_encoder().encode(to_input(images), 8)
    trains = SpikeRecord.from_spikes(record.spikes())
    rules = [fit(r, images) for r in (record, trains)]
    assert np.array_equal(rules[0].weights, rules[1].weights)
    read = [rule.reconstruct(r) for rule, r in zip(rules, (record, trains), strict=True)]
    assert np.array_equal(*read)
    alone = [rules[0].reconstruct(record[i : i + 1])[:, 0] for i in range(6)]
    assert np.array_equal(np.stack(alone, axis=1), read[0])


def test_many_steps_are_summed_exactly(rng):
    """Where float32 would round, and where it does not hold a column."""
    for T in (30, 64, 255):
        images = rng.integers(0, 256, (3, 40, 50), dtype=np.uint8)
        record = renewal(rng, 3, (2, 40, 50), T)
        accumulator = ReconstructionFit(T, (2, 40, 50))
        accumulator.update(record, images)
        counts = record.count(T - 1).astype(np.int64).swapaxes(0, 1).reshape(2, -1)
        assert np.array_equal(accumulator.state["gram"][-1], counts @ counts.T)
        expected = counts @ images.reshape(-1).astype(np.int64)
        assert np.array_equal(accumulator.state["cross"][-1], expected)


@settings(max_examples=15)
@given(
    st.sampled_from([1, 8]),
    st.lists(st.integers(0, 3), min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
    st.randoms(use_true_random=False),
)
def test_merging_in_any_order_is_one_pass(T, sizes, seed, order):
    rng = np.random.default_rng(seed)
    total, shape = sum(sizes) + 1, (2, 7, 8)
    record = renewal(rng, total, shape, T)
    images = rng.integers(0, 256, (total, 7, 8), dtype=np.uint8)

    def merged(new):
        parts, start = [], 0
        for size in [*sizes, 1]:
            part = new()
            part.update(record[start : start + size], images[start : start + size])
            parts.append(pickle.loads(pickle.dumps(part)))
            start += size
        order.shuffle(parts)
        for part in parts[1:]:
            parts[0].merge(part)
        return parts[0].result()

    rule, ours = fit(record, images), merged(lambda: ReconstructionFit(T, shape))
    for name in ("weights", "bias", "mean_image", "train_images"):
        assert np.array_equal(getattr(rule, name), getattr(ours, name))
    one, ours = score(rule, record, images), merged(lambda: ReconstructionScore(T, shape, rule))
    for name in ("mse", "psnr", "ssim", "floors", "test_images"):
        assert np.array_equal(getattr(one, name), getattr(ours, name))


def test_small_images_have_no_ssim(rng):
    images = rng.integers(0, 256, (3, 6, 9), dtype=np.uint8)
    record = renewal(rng, 3, (2, 6, 9), 3)
    result = score(fit(record, images), record, images)
    assert np.isnan(result.ssim).all()
    assert np.isfinite(result.psnr).all()


def test_wrong_input_is_refused(rng):
    images = rng.integers(0, 256, (3, 7, 9), dtype=np.uint8)
    record = renewal(rng, 3, (2, 7, 9), 3)
    rule = fit(record, images)
    with pytest.raises(DataError, match="no images"):
        ReconstructionFit(3, (2, 7, 9)).result()
    scored = ReconstructionScore(3, (2, 7, 9), rule)
    with pytest.raises(DataError, match="no images"):
        scored.result()
    with pytest.raises(ShapeError, match="the rule is for"):
        ReconstructionScore(4, (2, 7, 9), rule)
    with pytest.raises(ShapeError, match=r"\(3, 2\).*\(4, 2\)"):
        rule.reconstruct(renewal(rng, 3, (2, 7, 9), 4))
    with pytest.raises(ShapeError, match="cannot merge"):
        ReconstructionFit(3, (2, 7, 9)).merge(ReconstructionFit(3, (2, 7, 9), strength=1))
    other = fit(renewal(rng, 3, (2, 7, 9), 3), images)
    with pytest.raises(ShapeError, match="two rules"):
        scored.merge(ReconstructionScore(3, (2, 7, 9), other))
