"""The families on what the bundled encoder makes of garments, against other libraries and loops.

The counts that are compared with come from neurons stepped one by one, not from the record.
"""

from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pytest
import torch
from scipy import ndimage, stats
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from torch import nn

from snnviz.data import ImageSet, to_input
from snnviz.metrics import (
    Activity,
    Contours,
    Information,
    ProbeFit,
    ProbeScore,
    ReconstructionFit,
    ReconstructionScore,
    Redundancy,
    channel_change,
    channel_rotation,
    cka,
    fold_batch_norm,
    kernel_change,
)
from snnviz.metrics.probe import RIDGE as PROBE_RIDGE
from snnviz.metrics.reconstruction import RIDGE
from snnviz.records.spikes import SpikeRecord
from snnviz.tutorial.baselines import untrained_encoder
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.network import NetworkConfig, build_neuron
from tests.metrics.conftest import Case
from tests.metrics.oracles import assert_activity, scikit_quantities, song_hsic, stepped

SILENT, SATURATED = 0, 1  # put before the encoder's channels, which are neither
LIVE = slice(2, None)
TRAIN, TEST = slice(24), slice(24, None)
CROP = slice(3, 26), slice(9, 26)  # not square, and off the middle
CASES = [("garments", 8), ("cropped garments", 5), ("cropped garments", 1), ("Fashion-MNIST", 4)]


@dataclass
class Real(Case):
    """A case, and the spikes [T, n, K, H, W] that its record should hold."""

    spikes: np.ndarray | None = None

    def count(self, t):
        return self.spikes[: t + 1].sum(axis=0)

    def cropped(self, channels, *window):
        """A window of some maps."""
        record = SpikeRecord.from_first_spike(self.record.first_spike[:, channels, *window], self.T)
        spikes = self.spikes[:, :, channels, *window]
        return Real(record, self.images[:, *window], self.labels, spikes=spikes)


def real_record(images: ImageSet, T: int) -> Real:
    """A silent and a saturated map, then six maps of the bundled encoder, by rising rate."""
    encoder, inputs = load_encoder(), to_input(images.images)
    encoded, drive = encoder.encode(inputs, T), encoder.drive(inputs).numpy()
    first, rate = encoded.first_spike, encoded.count(T - 1).mean(axis=(0, 2, 3))
    ranked = rate.argsort()[(rate == 0).sum() :]  # in one step some maps stay silent
    some = ranked[np.linspace(0, len(ranked) - 1, 6).astype(int)]
    assert (np.diff(rate[some]) > 0).all()
    dead = np.ones_like(first[:, :2]) * np.array([T, 0])[:, np.newaxis, np.newaxis]
    record = SpikeRecord.from_first_spike(np.concatenate([dead, first[:, some]], axis=1), T)
    drives = np.float32([-1, 1])[:, np.newaxis, np.newaxis] * np.ones_like(drive[:, :2])
    spikes = stepped(np.concatenate([drives, drive[:, some]], axis=1), T)
    return Real(record, images.images, images.labels, spikes=spikes)


@pytest.fixture(scope="module", params=CASES, ids=str)
def real(request):
    name, T = request.param
    needed = "real_images" if name == "Fashion-MNIST" else "drawn_images"
    images = request.getfixturevalue(needed).head(40)
    if name == "cropped garments":
        images = ImageSet(name, images.images[:, *CROP], images.labels)
    return real_record(images, T)


def ridge(x, y, strength):
    """Weights and bias of ridge regression, as ordinary least squares with a row a penalty.

    Minimizes sum |y - x w - b|^2 + n penalty |w|^2, the penalty relative to the mean variance.
    """
    n, features = x.shape
    penalty = strength * x.var(axis=0).mean()
    penalties = np.sqrt(n * penalty) * np.eye(features)
    rows = np.block([[x, np.ones((n, 1))], [penalties, np.zeros((features, 1))]])
    targets = np.concatenate([y, np.zeros((features, *y.shape[1:]))])
    solution = np.linalg.lstsq(rows, targets, rcond=None)[0]
    return solution[:-1], solution[-1]


def pixel_rows(counts):
    """A row a pixel with the counts of all channels, floats [n H W, K]."""
    return np.moveaxis(counts, 1, -1).reshape(-1, counts.shape[1]).astype(float)


def cell_sums(counts, side):
    """Spikes in each cell of a grid over each map, floats [n, K side^2]."""
    n, K, H, W = counts.shape
    sums = np.empty((n, K, side, side))
    for i, j in np.ndindex(side, side):
        rows = slice(i * H // side, (i + 1) * H // side)
        columns = slice(j * W // side, (j + 1) * W // side)
        sums[:, :, i, j] = counts[:, :, rows, columns].sum(axis=(2, 3))
    return sums.reshape(n, -1)


def test_contours_are_scipys_correlations(real):
    result = real.fed(Contours).result()
    quantities = scikit_quantities(real.images)
    for t in sorted({0, real.T // 2, real.T - 1}):
        counts = real.count(t).astype(float)
        assert result.firing_rate[t] == pytest.approx(counts.mean(axis=(0, 2, 3)) / (t + 1))
        assert np.isnan(result.correlation[t, [SILENT, SATURATED]]).all()
        for q, values in enumerate(quantities.reshape(6, -1)):
            for k in range(2, counts.shape[1]):
                r = stats.pearsonr(counts[:, k].ravel(), values).statistic
                assert result.correlation[t, k, q] == pytest.approx(r, abs=1e-5)
            r = stats.pearsonr(counts.sum(axis=1).ravel(), values).statistic
            assert result.summed[t, q] == pytest.approx(r, abs=1e-5)
    assert result.types()[:2] == ("silent", "saturated")


def test_information_is_scipys_relative_entropy(real):
    bins = 16
    result = real.fed(Information, bins=bins, classes=10).result()
    # A train's first spike is at the step before which none was counted.
    first = (real.spikes.cumsum(axis=0) == 0).sum(axis=0)
    labels = np.broadcast_to(real.labels[:, np.newaxis, np.newaxis], real.images.shape)
    steps = np.arange(real.T + 2) - 0.5
    asked = {
        "intensity": (real.images, np.linspace(0, 256, bins + 1)),
        "label": (labels, np.arange(11) - 0.5),
    }
    n = real.images.size
    for k in range(first.shape[1]):
        times = first[:, k].ravel()
        bits = stats.entropy(np.bincount(times), base=2)
        assert result.entropy[k] == pytest.approx(bits, abs=1e-12)
        for name, (values, edges) in asked.items():
            joint = np.histogram2d(times, values.ravel(), bins=(steps, edges))[0]
            alone = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0)
            told = stats.entropy(joint.ravel(), alone.ravel(), base=2)
            found = getattr(result, f"{name}_information")[k]
            assert found == pytest.approx(told, abs=1e-12)
            assert (found > 0) == (k >= 2)
            if name == "intensity":
                cells, x, y = ((h > 0).sum() for h in (joint, joint.sum(axis=1), joint.sum(axis=0)))
                told -= (cells - x - y + 1) / (2 * n * np.log(2))
                spikes = real.spikes[:, :, k].sum()
                bits = told * n / spikes if spikes else np.nan
                assert result.bits_per_spike[k] == pytest.approx(bits, abs=1e-10, nan_ok=True)


def test_reconstruction_is_numpys_least_squares_scored_by_scikit_image(real):
    rule = real.fed(ReconstructionFit, TRAIN).result()
    result = real.fed(ReconstructionScore, TEST, reconstruction=rule).result()
    target, images = real.images[TRAIN].ravel().astype(float), real.images[TEST]
    for t in range(real.T):
        counts = real.count(t)
        weights, bias = ridge(pixel_rows(counts[TRAIN]), target, RIDGE)
        assert rule.weights[t] == pytest.approx(weights, abs=1e-6)
        assert rule.bias[t] == pytest.approx(bias, abs=1e-6)
        assert rule.weights[t, [SILENT, SATURATED]].tolist() == [0, 0]
        grey = (pixel_rows(counts[TEST]) @ weights + bias).clip(0, 255)
        pairs = list(zip(images, np.rint(grey).astype(np.uint8).reshape(images.shape), strict=True))
        psnr = np.mean([peak_signal_noise_ratio(a, b) for a, b in pairs])
        ssim = np.mean([structural_similarity(a, b) for a, b in pairs])
        assert result.psnr[t] == pytest.approx(psnr, abs=1e-6)
        assert result.ssim[t] == pytest.approx(ssim, abs=1e-6)
    assert result.psnr[-1] > result.floors["mean intensity"][1] + 1


def test_the_probe_is_numpys_least_squares(real):
    # Cells of two or three rows and one column, of the dead maps and of three others.
    part = real.cropped(slice(5), slice(23), slice(4, 13))
    probe = part.fed(ProbeFit, TRAIN).result()
    assert probe.side == 9
    features = cell_sums(part.count(part.T - 1), 9)
    weights, bias = ridge(features[TRAIN], np.eye(10)[part.labels[TRAIN]], PROBE_RIDGE)
    assert probe.weights == pytest.approx(weights, abs=1e-8)
    assert probe.bias == pytest.approx(bias, abs=1e-8)
    assert (probe.weights[: 2 * 81] == 0).all()
    result = part.fed(ProbeScore, TEST, probe=probe).result()
    guesses = [max(range(10), key=row.__getitem__) for row in features[TEST] @ weights + bias]
    hits = sum(a == b for a, b in zip(guesses, part.labels[TEST], strict=True))
    assert (result.correct, result.total) == (hits, 16)
    assert hits > 4


def test_redundancy_is_numpys_covariance(real):
    for t in {0, real.T - 1}:
        result = real.fed(Redundancy, t=t).result()
        rows = pixel_rows(real.count(t)).T
        covariance = np.cov(rows, bias=True)
        np.testing.assert_allclose(result.covariance, covariance, rtol=1e-11, atol=1e-11)
        r = np.corrcoef(rows[LIVE])
        np.testing.assert_allclose(result.correlation[LIVE, LIVE], r, atol=1e-11)
        assert np.isnan(result.correlation[:2]).all()
        apart = [abs(r[i, j]) for i, j in permutations(range(6), 2)]
        assert result.mean_absolute_correlation == pytest.approx(np.mean(apart))
        values = np.linalg.eigvals(covariance).real
        np.testing.assert_allclose(result.eigenvalues, sorted(values)[::-1], atol=1e-11)
        dimension = sum(values) ** 2 / sum(value**2 for value in values)
        assert result.effective_dimension == pytest.approx(dimension)
        assert 1 < dimension < 6


def test_activity_is_that_of_a_loop(real):
    small = real.cropped(slice(None), slice(6, 20, 3), slice(2, 16, 2))
    assert small.shape == (8, 5, 7)
    assert_activity(small.fed(Activity).result(), small.spikes)


@pytest.fixture(scope="module")
def untrained(drawn_images):
    return untrained_encoder(NetworkConfig(), 0, to_input(drawn_images.images))


def loop_hsic(K, L):
    """The unbiased estimate as a mean over all four different images, as Song et al. define it."""
    terms = [
        K[i, j] * (L[i, j] + L[q, r] - 2 * L[i, q]) for i, j, q, r in permutations(range(len(K)), 4)
    ]
    return sum(terms) / len(terms)


@pytest.mark.parametrize(("hsic", "n"), [(loop_hsic, 8), (song_hsic, 40)])
def test_cka_of_the_bundled_and_an_untrained_encoder(hsic, n, untrained, drawn_images):
    inputs = to_input(drawn_images.images[:n, *CROP])
    records = [encoder.encode(inputs, 4) for encoder in (load_encoder(), untrained)]
    counts = [record.count(3)[:, ::4] for record in records]
    K, L = (x @ x.T for x in (each.reshape(n, -1).astype(float) for each in counts))
    expected = hsic(K, L) / np.sqrt(hsic(K, K) * hsic(L, L))
    assert 0.1 < expected < 0.999
    assert cka(*counts) == pytest.approx(expected, rel=1e-9)


def test_weight_change_from_untrained_kernels_is_that_of_the_arc_cosine(untrained):
    before, after = untrained.kernels.astype(float), load_encoder().kernels.astype(float)
    assert before.shape == (128, 1, 3, 3)
    moved = np.sqrt(((after - before) ** 2).sum()) / np.sqrt((before**2).sum())
    assert kernel_change(untrained.kernels, load_encoder().kernels) == pytest.approx(moved)
    change, rotation = (
        f(untrained.kernels, load_encoder().kernels) for f in (channel_change, channel_rotation)
    )
    for k in range(128):
        w, v = before[k].ravel(), after[k].ravel()
        cosine = w @ v / np.sqrt((w @ w) * (v @ v))
        assert change[k] == pytest.approx(np.sqrt(((v - w) ** 2).sum() / (w @ w)))
        assert rotation[k] == pytest.approx(np.degrees(np.arccos(cosine)))
    assert 10 < rotation.min() < rotation.max() < 170


def test_folded_kernels_give_the_bundled_encoders_drive(drawn_images):
    encoder, image = load_encoder(), drawn_images.images[0, *CROP]
    norm = encoder.prefix[1]
    parameters = norm.weight, norm.bias, norm.running_mean, norm.running_var
    values = [each.detach().numpy() for each in parameters]
    kernels, bias = fold_batch_norm(encoder.kernels, *values, eps=norm.eps)
    drive = encoder.drive(to_input(image[np.newaxis])).numpy()[0]
    for k in range(128):
        expected = ndimage.correlate(image / 255, kernels[k, 0], mode="constant") + bias[k]
        assert drive[k] == pytest.approx(expected, abs=1e-5)


def identity_encoder(v_reset):
    """Each pixel's intensity drives one neuron."""
    convolution = nn.Conv2d(1, 1, 3, padding=1, bias=False)
    with torch.no_grad():
        convolution.weight.zero_()[0, 0, 1, 1] = 1
    return load_encoder(nn.Sequential(convolution, build_neuron(NetworkConfig(v_reset=v_reset))))


def test_an_identity_encoder_fires_every_so_many_steps():
    # Without the divisors of 255, for which rounding decides on the step.
    grey = np.setdiff1d(np.arange(1, 255), [1, 3, 5, 15, 17, 51, 85])
    images = np.concatenate([[0, 255], grey]).astype(np.uint8).reshape(1, 1, -1)
    record = identity_encoder(0.0).encode(to_input(images), 300)
    # With a hard reset what exceeds the threshold is lost: 0.6 fires as rarely as 0.9.
    expected = [0, 300, *(300 // np.ceil(255 / grey))]
    assert record.count(299).ravel().tolist() == expected
    activity = Case(record, images, np.zeros(1, np.uint8)).fed(Activity).result()
    assert activity.mean_rate == pytest.approx(np.mean(expected) / 300)


def test_an_identity_encoder_is_as_good_as_its_pixels(real_images):
    train, test = slice(300), slice(300, None)
    images, labels = real_images.images[:500, ::2, ::2], real_images.labels[:500]
    # Without loss at a reset, a pixel v fires floor(256 v / 255) times.
    record = identity_encoder(None).encode(to_input(images), 256)
    assert np.array_equal(record.count(255)[:, 0], images + (images == 255).astype(int))
    case = Case(record, images, labels)
    probe = case.fed(ProbeFit, train).result()
    assert probe.weights.shape == (196, 10)
    result = case.fed(ProbeScore, test, probe=probe).result()
    rows = images.reshape(500, -1).astype(float)
    weights, bias = ridge(rows[train], np.eye(10)[labels[train]], PROBE_RIDGE)
    hits = ((rows[test] @ weights + bias).argmax(axis=1) == labels[test]).sum()
    assert hits > 120
    assert result.correct == pytest.approx(hits, abs=1)
    rate = case.fed(Activity).result().mean_rate
    assert rate == pytest.approx(images.mean() / 255, abs=1 / 256)
