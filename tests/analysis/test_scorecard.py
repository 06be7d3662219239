"""The scorecard and the table of channels, number by number, from dense spikes and the images."""

import csv
import io
import math
from dataclasses import replace
from itertools import chain, pairwise

import numpy as np
import pytest
from scipy import ndimage, signal, stats
from skimage.measure import block_reduce
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from snnviz.analysis import (
    SCORES,
    analyze,
    encoding_of,
    scorecard_text,
)
from snnviz.analysis.profiling import profile_columns
from snnviz.analysis.tables import channels_csv
from snnviz.analysis.within import InNetwork
from snnviz.data import garments, to_input
from snnviz.metrics import WeightChange
from snnviz.metrics.surrogates import surrogate_labels
from snnviz.scoring.importance import Importance
from snnviz.scoring.report import EvaluationReport
from snnviz.tutorial.baselines import untrained_encoder
from snnviz.tutorial.encodings import baseline_encodings
from snnviz.tutorial.network import NetworkConfig
from tests.analysis.varied import CHANNELS, cut, varied_encoder
from tests.metrics.oracles import loop_sparseness, mean_of_some, scikit_quantities, song_hsic

T = 4
KEYS = [score.key for score in SCORES]
QUANTITIES = ("edge", "intensity", "along_x", "along_y", "along_down-right", "along_up-right")
DIRECTED = ("edge", "area", "vertical edge", "horizontal edge", "diagonal edge", "diagonal edge")


@pytest.fixture(scope="module")
def sets():
    """Few images to score on, and others to fit on; not square."""
    return cut(garments(20)), cut(garments(24, "train"))


@pytest.fixture(scope="module")
def analysis(sets):
    """An encoder, another one of other size that is read early, and the pixels."""
    config = NetworkConfig(T=T, channels=6)
    other = untrained_encoder(config, 3, to_input(sets[1].images))
    encodings = [
        encoding_of("mine", varied_encoder(CHANNELS, T), T),
        replace(encoding_of("early", other, T, "compared"), t=1),
        baseline_encodings(config, T, sets[1], seeds=())[-1],
    ]
    more = cut(garments(33))
    assert (more.images[:20] == sets[0].images).all()
    return analyze(encodings, *sets, probe_images=more)


def dense(measured, images):
    return measured.encoding.encode(images.images).spikes()


def counted(measured, images):
    """Spike counts up to the step at which the encoding is read, ints [n, K, H, W]."""
    return dense(measured, images)[: measured.encoding.t + 1].sum(axis=0)


def pearson(one, other):
    """Pearson's r; NaN where one of the two is constant."""
    if np.ptp(one) == 0 or np.ptp(other) == 0:
        return np.nan
    return np.corrcoef(one.reshape(-1), other.reshape(-1))[0, 1]


def following(counts, images):
    """r of each channel with each quantity, [K, 6]."""
    quantities = scikit_quantities(images.images)
    return np.array([[pearson(maps, q) for q in quantities] for maps in counts.swapaxes(0, 1)])


def kinds(counts, r, steps):
    """What each channel follows, by its largest correlation of 0.3 or more."""
    found = []
    for k, row in enumerate(r):
        follows = {"background": -row[1]}
        for name, value in zip(DIRECTED, row, strict=True):
            follows[name] = max(value, follows.get(name, -1))
        best = max(follows, key=follows.get)
        if not counts[:, k].any():
            found.append("silent")
        elif (counts[:, k] == steps).all():
            found.append("saturated")
        else:
            found.append(best if follows[best] >= 0.3 else "mixed")
    return found


def share(names, kind):
    return np.mean([name.split()[-1] == kind for name in names])


def first_spikes(spikes):
    return np.where(spikes.any(axis=0), spikes.argmax(axis=0), len(spikes))


def bits(histogram, *, corrected=True):
    """Entropy of a histogram of any shape, by default with Miller's term."""
    miller = (np.count_nonzero(histogram) - 1) / (2 * histogram.sum() * np.log(2))
    return stats.entropy(histogram.reshape(-1), base=2) + corrected * miller


def information(one, other, *, corrected=True):
    joint, *_ = np.histogram2d(one.reshape(-1), other.reshape(-1), np.arange(18) - 0.5)
    margins = bits(joint.sum(0), corrected=corrected) + bits(joint.sum(1), corrected=corrected)
    return margins - bits(joint, corrected=corrected)


def intensity_information(spikes, images):
    """Bits of each channel on the 16 bins of intensity, [K]."""
    return np.array([information(f, images.images // 16) for f in by_channel(first_spikes(spikes))])


def label_information(measured, images):
    """Bits of each channel on the class, less what drawn labels seem to tell, [K]."""
    times = first_spikes(dense(measured, images))
    labels = np.broadcast_to(images.labels[:, None, None], images.images.shape)
    plugged_in = [information(f, labels, corrected=False) for f in by_channel(times)]
    bias = measured.information.label_bias
    assert bias.max() > 0.01
    return np.array(plugged_in) - bias


def neurons(times):
    """First-spike times of each neuron, channel by channel: K H W rows of n."""
    return times.reshape(len(times), -1).T


def neuron_label(times, images):
    """Mean bits of a neuron on the class, less what drawn labels seem to tell."""
    drawn = surrogate_labels(images.images, 10)[0]
    # Of as many classes as occur.
    drawn = drawn % len(np.unique(images.labels))
    told = [
        information(f, images.labels, corrected=False) - information(f, drawn, corrected=False)
        for f in neurons(times)
    ]
    return np.mean(told)


def held(one, other, third):
    """Pearson's r of what a straight line through the third leaves of both."""
    if np.ptp(one) == 0:
        return np.nan
    one, other, third = (np.asarray(v, float).ravel() for v in (one, other, third))
    left = [v - np.polyval(np.polyfit(third, v, 1), third) for v in (one, other)]
    return pearson(*left) if np.ptp(left[0]) > 1e-6 * np.ptp(one) else np.nan


def by_channel(maps):
    return maps.swapaxes(0, 1)


def lifetime(spikes):
    """Sparseness of each neuron over the images, a list of K lists."""
    counts = by_channel(spikes.sum(axis=0))
    return [[loop_sparseness(n) for n in maps.reshape(len(maps), -1).T] for maps in counts]


def selectivities(counts, labels):
    """Class selectivity of each channel and its preferred class, None where it is silent."""
    found = []
    for maps in by_channel(counts):
        responses = {label: maps[labels == label].mean() for label in np.unique(labels)}
        best = max(responses, key=responses.get)
        rest = np.mean([value for label, value in responses.items() if label != best])
        top = responses[best]
        found.append(((top - rest) / (top + rest), int(best)) if top else (None, None))
    return found


def synaptic_operations(spikes, outputs):
    """Additions an image behind 2 x 2 max pooling, into kernels of 3 x 3."""
    pooled = block_reduce(spikes, (1, 1, 1, 2, 2), np.max)
    met = signal.convolve2d(np.ones(pooled.shape[-2:]), np.ones((3, 3)), mode="same")
    return (pooled * met).sum() * outputs / spikes.shape[1]


def cka(counts, studied):
    one, other = (c.reshape(len(c), -1) @ c.reshape(len(c), -1).T for c in (counts, studied))
    norm = np.sqrt(song_hsic(one, one) * song_hsic(other, other))
    return song_hsic(one, other) / norm


def similarity(measured, images):
    """PSNR and SSIM of what is read back at the encoding's step, means over the images."""
    record = measured.encoding.encode(images.images)
    read = measured.rule.reconstruct(record)[measured.encoding.t]
    pairs = list(zip(images.images, read, strict=True))
    return [
        np.mean([f(*p) for p in pairs]) for f in (peak_signal_noise_ratio, structural_similarity)
    ]


def expected_scores(analysis, measured, images):
    """Every number of the scorecard by its key."""
    spikes, counts = dense(measured, images), counted(measured, images)
    edge, intensity, *_ = scikit_quantities(images.images)
    r = following(counts, images)
    names = kinds(counts, r, measured.encoding.t + 1)
    n, K, H, W = counts.shape
    mean = np.stack([ndimage.uniform_filter(i.astype(float), 3, mode="constant")
                     for i in images.images])  # fmt: skip
    lit = images.images > 0
    rows = by_channel(counts).reshape(K, -1)
    varying = rows[np.ptp(rows, axis=1) > 0]
    correlations = np.abs(np.corrcoef(varying))[~np.eye(len(varying), dtype=bool)]
    eigenvalues = np.linalg.eigvalsh(np.cov(rows))
    psnr, ssim = similarity(measured, images)
    synops = synaptic_operations(spikes, outputs=len(CHANNELS))
    macs = K * (3 * H - 2) * (3 * W - 2)  # taps inside the image, over all places
    return {
        "firing_rate": spikes.mean(),
        "spikes": spikes.sum() / n,
        "sparsity": 1 - spikes.any(axis=0).mean(),
        "silent": 1 - spikes.any(axis=(0, 1, 3, 4)).mean(),
        "saturated": spikes.all(axis=(0, 1, 3, 4)).mean(),
        "first_step": spikes[0].mean(),
        "lifetime_sparseness": mean_of_some(chain.from_iterable(lifetime(spikes))),
        "population_sparseness": mean_of_some(
            [loop_sparseness(c.reshape(-1)) for c in spikes.sum(0)]
        ),
        "edge_first": pearson(spikes[0].sum(axis=1), edge),
        "intensity_first": pearson(spikes[0].sum(axis=1), intensity),
        "edge": pearson(counts.sum(axis=1), edge),
        "intensity": pearson(counts.sum(axis=1), intensity),
        "mean_intensity": pearson(counts.sum(axis=1), mean),
        "edge_held": held(counts.sum(axis=1), edge, intensity),
        "lit_edge": pearson(counts.sum(axis=1)[lit], edge[lit]),
        "lit_intensity": pearson(counts.sum(axis=1)[lit], intensity[lit]),
        "edge_median": np.nanmedian(r[:, 0]),
        "edge_median_held": np.nanmedian([held(m, edge, intensity) for m in by_channel(counts)]),
        "edge_channels": share(names, "edge"),
        "area_channels": share(names, "area"),
        "background_channels": share(names, "background"),
        "mixed_channels": share(names, "mixed"),
        "psnr": psnr,
        "ssim": ssim,
        "probe": measured.probe.correct / n,
        "probe_whole": measured.whole.correct / measured.whole.total,
        "neuron_entropy": np.mean([bits(np.bincount(f)) for f in neurons(first_spikes(spikes))]),
        "neuron_intensity": np.mean(
            [
                information(f, i)
                for f, i in zip(
                    neurons(first_spikes(spikes)),
                    K * list(images.images.reshape(n, -1).T // 16),
                    strict=True,
                )
            ]
        ),
        "neuron_label": neuron_label(first_spikes(spikes), images),
        "bits_per_spike_bound": bits(np.bincount(images.images.ravel() // 16), corrected=False)
        / (spikes.sum() / n / (H * W)),
        "correlation": correlations.mean(),
        "dimension": eigenvalues.sum() ** 2 / (eigenvalues**2).sum(),
        "selectivity": mean_of_some([s for s, _ in selectivities(counts, images.labels)]),
        "synops": synops,
        "macs": macs,
        "energy": 1e6 * (4.6e-12 * macs + 0.9e-12 * synops),
        "same_bits": against_same_bits(synops, measured.encoding.T, K, H // 2, W // 2),
        "cka": cka(counts, counted(analysis.studied, images)),
    }


def against_same_bits(synops, T, K, H, W):
    """Energy of the layer behind over that of one with activations of the same bits, in pJ."""
    outputs, bits = len(CHANNELS) * H * W, math.ceil(math.log2(T + 1))
    macs = K * len(CHANNELS) * (3 * H - 2) * (3 * W - 2)
    rate = synops / (T * macs)
    spiking = synops * 3.21048 + outputs * T * (0.67848 + rate * 0.05448)
    nonzero = min(1, 2 * T * rate / (T + 1))
    return spiking / (macs * (nonzero * bits * 0.05448 + 0.25 * bits + 0.156))


@pytest.fixture(scope="module")
def expected(analysis, sets):
    return [expected_scores(analysis, measured, sets[0]) for measured in analysis.measured[:2]]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("place", [0, 1], ids=["last step", "early step"])
def test_a_score_is_what_the_spikes_say(key, place, analysis, expected):
    (score,) = [score for score in SCORES if score.key == key]
    found = score.of(analysis.measured[place])
    assert found == pytest.approx(expected[place][key], rel=1e-4, abs=1e-9)


def test_the_pixels_follow_edges_as_far_as_their_intensity_does(analysis, sets):
    edge, intensity, *_ = scikit_quantities(sets[0].images)
    found = {score.key: score.of(analysis.measured[2]) for score in SCORES}
    assert found["edge"] == pytest.approx(pearson(intensity, edge), rel=1e-4)
    assert found["intensity"] == pytest.approx(1)


def test_no_number_of_this_encoder_could_pass_for_another(expected):
    assert expected[0].keys() == set(KEYS)
    values = sorted(expected[0].values())
    assert all(high - low > 1e-3 * high for low, high in pairwise(values))


def with_network_and_run(analysis):
    """The analysis as it were with a network and a run that tell these numbers."""
    K = len(CHANNELS)
    without = np.full(K, 19)
    without[[2, 5, 7, 11]] = 14, 3, 20, 8
    cost = EvaluationReport(
        classes=("a", "b"),
        confusion=np.array([[9, 3], [2, 11]]),
        correct_at=np.array([5, 20]),
        loss=0.3,
        firing_rate={"conv.0": 0.25},
        synops={"conv.2": 2e6, "fc.1": 1e6},
        macs={"static_conv.0": 100_000, "conv.2": 7_000_000, "fc.1": 900_000},
    )
    moved = np.arange(2.0 * K).reshape(2, K)
    return replace(
        analysis,
        networks={"mine": InNetwork(cost, Importance(25, 19, without))},
        network_images=25,
        weight_change=WeightChange(
            np.array([0, 0.5]), moved, 100 + moved, np.array([0, 0.7]), np.array([0, 0.2])
        ),
        epochs=(-1, 7),
    )


def expected_columns(measured, images):
    """Every column of the table of channels that is of spikes, by its name."""
    spikes, counts = dense(measured, images), counted(measured, images)
    r = following(counts, images)
    found = selectivities(counts, images.labels)
    told, spent = intensity_information(spikes, images), by_channel(spikes.sum(axis=0))
    times = by_channel(first_spikes(spikes))
    return {
        "encoder": [measured.encoding.name] * len(r),
        "channel": range(len(r)),
        "type": kinds(counts, r, measured.encoding.t + 1),
        "firing_rate": spikes.mean(axis=(0, 1, 3, 4)),
        "silent": ~spikes.any(axis=(0, 1, 3, 4)),
        "saturated": spikes.all(axis=(0, 1, 3, 4)),
        "lifetime_sparseness": [mean_of_some(neurons) for neurons in lifetime(spikes)],
        **{f"r_{name}": column for name, column in zip(QUANTITIES, r.T, strict=True)},
        "entropy": [bits(np.bincount(f.reshape(-1))) for f in times],
        "intensity_information": told,
        "bits_per_spike": [
            b / s.mean() if s.any() else None for b, s in zip(told, spent, strict=True)
        ],
        "label_information": label_information(measured, images),
        "class_selectivity": [selectivity for selectivity, _ in found],
        "preferred_class": [label for _, label in found],
    }


def read(cells):
    """Cells as they were: None for empty ones, numbers, and text."""
    return [cell if cell[:1].isalpha() else float(cell) if cell else np.nan for cell in cells]


def test_a_row_of_the_table_is_what_the_spikes_of_its_channel_say(analysis, sets):
    rows = list(csv.DictReader(io.StringIO(channels_csv(with_network_and_run(analysis)))))
    tables = [expected_columns(measured, sets[0]) for measured in analysis.measured[:2]]
    K, others = len(CHANNELS), [np.nan] * 6
    without = [0.2 if k == 2 else 0.64 if k == 5 else -0.04 if k == 7 else 0.44 if k == 11 else 0
               for k in range(K)]  # fmt: skip
    columns = {name: [*values, *tables[1][name]] for name, values in tables[0].items()}
    columns |= {
        "accuracy_drop": [*without, *others],
        "kernel_change": [*range(K, 2 * K), *others],
        "kernel_rotation": [*range(100 + K, 100 + 2 * K), *others],
    }
    alone = set(profile_columns(analysis.measured[0]))  # test_profiling holds these
    assert [name for name in rows[0] if name not in alone] == list(columns)
    for name, values in columns.items():
        found = read([row[name] for row in rows])
        if name in ("encoder", "type"):
            assert found == values, name
        else:
            wanted = [np.nan if value is None else float(value) for value in values]
            assert found == pytest.approx(wanted, rel=1e-4, abs=1e-9, nan_ok=True), name


def test_the_text_says_what_the_network_needs(analysis):
    """17 channels leave the accuracy as it is, one raises it, and three of them are needed."""
    assert (
        "In the network of mine (25 images): accuracy 0.8000; energy 3.16 uJ an image, 0.46 of "
        "them for the encoder's own products; without channel 5 accuracy falls by 0.6400, and 18 "
        "of 21 channels can each be silenced without loss."
    ) in scorecard_text(with_network_and_run(analysis))
