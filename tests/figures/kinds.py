"""Every public figure as a user might draw it, with what is hard to fit, for `test_paper`."""

from functools import partial

import numpy as np

from snnviz import figures
from snnviz.figures import SheetEntry
from snnviz.neurons.first_spike import drive_thresholds

T = 8
GARMENTS = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip
TYPES = ("vertical edge", "horizontal edge", "diagonal edge", "edge", "area", "background")
LONG = "runs/a long folder/seed 3/checkpoint_max.pth"


def _spikes():
    """First-spike times [128, 28, 28] of maps of every kind: silent, saturated, and others."""
    rng = np.random.default_rng(0)
    times = np.minimum(T, rng.exponential(3, (128, 28, 28)).astype(int))
    times[::9], times[4::31] = T, 0
    return times


TIMES = _spikes()
COUNTS = T // (TIMES + 1)
NAMES = [TYPES[k % len(TYPES)] for k in range(128)]


def _curve(last):
    return np.arange(64), last * (1 - np.exp(-np.arange(64) / 9))


def _losses(runs):
    return {name: {"train": _curve(0.2), "test": _curve(0.3), "val": _curve(0.1)} for name in runs}


def _events():
    rng = np.random.default_rng(1)
    return rng.poisson(0.3, (T, 2, 32, 32))


def _sheet(count):
    rng = np.random.default_rng(2)
    return [
        SheetEntry(
            rng.integers(0, 256, (28, 28)).astype(np.uint8),
            rng.random((28, 28)),
            f"{9000 + n} {GARMENTS[n % 10]}" + ", predicted Ankle boot" * (n % 3 == 0),
            marked=n % 3 == 0,
        )
        for n in range(count)
    ]


def _history():
    rng = np.random.default_rng(3)
    return np.cumsum(rng.random((20, 128)), axis=0) / 9, np.cumsum(rng.random((20, 128)), axis=0)


def _potentials():
    rng = np.random.default_rng(4)
    return rng.normal(0, 1.5, (16, 28, 28)) - 13 * (rng.random((16, 28, 28)) < 0.01)


def _kernels(*shape):
    return np.random.default_rng(5).normal(0, 0.4, shape)


def _likenesses():
    values = np.random.default_rng(10).random((6, T, T))
    return np.maximum(values, np.eye(T))


def _greys(*shape):
    return np.random.default_rng(12).integers(0, 256, shape).astype(np.uint8)


def _shares(count):
    return np.random.default_rng(13).dirichlet((1, 2, 1), count)


_V = np.cumsum(np.random.default_rng(6).random((T, 8)) / 2, axis=0)
_SCORES = np.random.default_rng(7).normal(0, 30, (8, 7))
_MATRIX = (np.random.default_rng(8).random((10, 10)) * 60 + 850 * np.eye(10)).astype(int)
_NEURONS = [f"channel {k}, y 12, x 20" for k in range(100, 108)]
_RATES = np.random.default_rng(9).random(126) ** 2
_ENCODERS = ["encoder", "start", "untrained (mean of 5)", "rate code", "latency code", LONG,
             "pixels", "phase code"]  # fmt: skip
_WAYS = ("random", "intensity", "SAM", "first spike", "saliency", "integrated")
_GREY = np.random.default_rng(10).integers(0, 256, (4, 28, 28)).astype(np.uint8)
_MAPS = {name: np.random.default_rng(11).random((4, 28, 28)) for name in _WAYS[2:]}
_CHANGES = ("noise", "blur", "contrast", "shift", "occlusion")
_METRICS = ["firing rate", "r with edges, last step", "r with intensity, last step",
            "reconstruction, PSNR in dB", "linear probe, accuracy", "bits on intensity a spike",
            "effective dimension"]  # fmt: skip

# Each figure by its name, and what more there is of it after a colon.
KINDS = {
    "accuracies_figure": lambda: partial(
        figures.accuracies_figure,
        {name: {"train": _curve(0.95), "test": _curve(0.9)} for name in ("seed 1", LONG)}),
    "accuracy_figure": lambda: partial(
        figures.accuracy_figure, {"seed 1": _curve(0.93), LONG: _curve(0.94)},
        title="Accuracy on the test images"),
    "accuracy_over_time_figure": lambda: partial(
        figures.accuracy_over_time_figure, np.linspace(0.6, 0.93, T)),
    "attribution_figure": lambda: partial(
        figures.attribution_figure, _GREY[:4], _MAPS, _MAPS,
        labels=["Ankle boot", "T-shirt/top", "Pullover", "Bag"]),
    "attribution_figure: many": lambda: partial(
        figures.attribution_figure, np.repeat(_GREY[:4, None], 3, axis=1), _MAPS),
    "alignment_figure": lambda: partial(
        figures.alignment_figure, dict(zip([*_METRICS[:5], LONG], _likenesses(), strict=True)),
        title="CKA between the steps of each layer, t = 0 at the top left"),
    "alignment_figure: one": lambda: partial(
        figures.alignment_figure, {"conv.0": np.array([[1.0, np.nan], [np.nan, np.nan]])}),
    "class_atlas_figure": lambda: partial(
        figures.class_atlas_figure, COUNTS[:100].reshape(10, 10, 28, 28).astype(float), T=T,
        classes=GARMENTS, channels=range(100, 110), title="The most selective channels"),
    "class_atlas_figure: shared": lambda: partial(
        figures.class_atlas_figure, COUNTS[:100].reshape(10, 10, 28, 28).astype(float), T=T,
        classes=GARMENTS, channels=range(100, 110), scale="shared"),
    "comparison_figure": lambda: partial(
        figures.comparison_figure, COUNTS, COUNTS[::-1], t=T - 1, names=("a", LONG)),
    "comparison_figure: few": lambda: partial(
        figures.comparison_figure, COUNTS, COUNTS[::-1], t=T - 1, channels=range(6)),
    "composed_figure": lambda: partial(
        figures.composed_figure, COUNTS[1] / 8, {T - 1: COUNTS}, T=T, label="Ankle boot"),
    "composed_figure: shared": lambda: partial(
        figures.composed_figure, COUNTS[1] / 8, {T - 1: COUNTS}, T=T, normalize="shared"),
    "confusion_figure": lambda: partial(figures.confusion_figure, _MATRIX, classes=GARMENTS),
    "contact_sheet_figure": lambda: partial(
        figures.contact_sheet_figure, _sheet(40), title="00000 to 00039: image and mean rate"),
    "deletion_figure": lambda: partial(
        figures.deletion_figure,
        {name: np.stack([np.linspace(0.9, end, 11), np.linspace(0.8, end / 2, 11),
                         np.linspace(0.95, 2 * end, 11)], axis=1)
         for name, end in zip(_WAYS, np.linspace(0.05, 0.3, 6), strict=True)},
        {name: np.linspace(0.1, 0.9, 11) for name in _WAYS}),
    "early_exit_figure": lambda: partial(
        figures.early_exit_figure,
        np.stack([np.linspace(e, 0.9, T) for e in (0.4, 0.35, 0.5)], axis=1),
        np.stack([np.linspace(1.2, 5, 6), *(np.linspace(e, 0.9, 6) for e in (0.5, 0.4, 0.6))],
                 axis=1), (0.5, 0.6, 0.7, 0.8, 0.9, 0.99)),
    "encoder_diff_figure": lambda: partial(
        figures.encoder_diff_figure, COUNTS.astype(float), COUNTS[::-1].astype(float), T=T,
        pairs=[(k, 127 - k) for k in range(64)], kernels=_kernels(128, 1, 3, 3),
        other_kernels=_kernels(128, 1, 3, 3), title=f"The 64 of 128 pairs that moved most, {LONG}"),
    "encoder_diff_figure: maps, few": lambda: partial(
        figures.encoder_diff_figure, COUNTS.astype(float), COUNTS[::-1].astype(float), T=T,
        pairs=[(k, k) for k in range(6)], scale="shared"),
    "encoder_history_figure": lambda: partial(
        figures.encoder_history_figure, range(20), *_history()),
    "exciting_figure": lambda: partial(
        figures.exciting_figure, _greys(8, 5, 28, 28), _greys(8, 4, 3, 3),
        names=[f"{k}, {kind}" for k, kind in zip(range(100, 108), (*TYPES, "edge", "mixed"),
                                                 strict=True)]),
    "exciting_figure: one": lambda: partial(figures.exciting_figure, _greys(1, 3, 20, 30)),
    "feature_map_figure": lambda: partial(figures.feature_map_figure, COUNTS, t=T - 1),
    "feature_map_figure: labels, shared": lambda: partial(
        figures.feature_map_figure, COUNTS, t=T - 1, labels=True, normalize="shared"),
    "feature_map_figure: many columns": lambda: partial(
        figures.feature_map_figure, COUNTS, t=T - 1, labels=True, columns=32),
    "firing_rate_figure": lambda: partial(
        figures.firing_rate_figure, {"static_conv": 0.2283, "conv.2": 0.1, "fc.3": 0.05}),
    "first_spike_figure": lambda: partial(
        figures.first_spike_figure, TIMES, T=T, labels=True),
    "first_spike_figure: 32 steps": lambda: partial(
        figures.first_spike_figure, np.where(TIMES == T, 32, TIMES * 2), T=32, columns=32,
        labels=True),
    "frames_figure": lambda: partial(figures.frames_figure, _events(), label="hand clap"),
    "frames_figure: steps": lambda: partial(figures.frames_figure, _events(), each_step=True),
    "input_figure": lambda: partial(
        figures.input_figure, COUNTS[1] / 8, label="a name longer than its picture is wide"),
    "kernel_figure": lambda: partial(
        figures.kernel_figure, _kernels(128, 3, 3), COUNTS.astype(float), T=T, types=NAMES),
    "kernel_figure: alone": lambda: partial(figures.kernel_figure, _kernels(128, 1, 3, 3)),
    "kernel_history_figure": lambda: partial(
        figures.kernel_history_figure, _kernels(8, 8, 3, 3), epochs=range(0, 64, 8),
        channels=range(100, 108)),
    "loss_figure": lambda: partial(figures.loss_figure, _losses(["seed 1", LONG])),
    "membrane_figure": lambda: partial(figures.membrane_figure, _V, _V > 1, names=_NEURONS),
    "membrane_figure: many": lambda: partial(
        figures.membrane_figure, np.tile(_V, 4), np.tile(_V > 1, 4), names=_NEURONS * 4),
    "operating_point_figure": lambda: partial(
        figures.operating_point_figure, _shares(128), np.random.default_rng(11).random((128, 2))),
    "operating_point_figure: no drive": lambda: partial(
        figures.operating_point_figure, _shares(3)),
    "over_time_figure": lambda: partial(
        figures.over_time_figure,
        {name: {run: np.linspace(0, 1, T) for run in _ENCODERS} for name in _METRICS[:4]}),
    "potential_map_figure": lambda: partial(
        figures.potential_map_figure, _potentials(), t=3, labels=True),
    "raster_figure": lambda: partial(figures.raster_figure, _V > 1, names=_NEURONS),
    "rate_histogram_figure": lambda: partial(
        figures.rate_histogram_figure, np.array([0, 1, *_RATES])),
    "reconstruction_figure": lambda: partial(
        figures.reconstruction_figure, COUNTS[1] / 8, COUNTS[9 : 9 + T] / 8),
    "robustness_figure": lambda: partial(
        figures.robustness_figure,
        {number: {kind: np.stack([np.linspace(0.9, end, 5), np.linspace(0.8, end - 0.1, 5),
                                  np.linspace(0.95, end + 0.1, 5)], axis=1)
                  for kind, end in zip(_CHANGES, np.linspace(0.1, 0.8, 5), strict=True)}
         for number in ("accuracy", "first spikes at the same step", "read back, PSNR in dB")},
        clean={"accuracy": 0.93}, floors={"accuracy": 0.1}, title="Corrupted images"),
    "robustness_figure: one": lambda: partial(
        figures.robustness_figure, {"accuracy": {"reversed": np.array([[0.9, 0.8, 0.95]])}}),
    "scorecard_figure": lambda: partial(
        figures.scorecard_figure, _SCORES, names=_ENCODERS, metrics=_METRICS, baselines=[3, 4],
        intervals=np.stack([_SCORES - 3, _SCORES + 3], axis=-1)),
    "sorted_channels_figure": lambda: partial(
        figures.sorted_channels_figure, COUNTS.astype(float), T=T, types=NAMES,
        title="Channels by type and rate, 2,000 images, T = 8"),
    "sorted_channels_figure: shared": lambda: partial(
        figures.sorted_channels_figure, COUNTS.astype(float), T=T, scale="shared"),
    "spike_map_figure": lambda: partial(
        figures.spike_map_figure, TIMES == 2, t=2, before=TIMES < 2, labels=True),
    "stability_figure": lambda: partial(
        figures.stability_figure,
        {name: (_shares(128)[:, 0], _shares(128)[:, 1] / 3)
         for name in ("stable first spikes", "synchrony")}),
    "fi_curve_figure": lambda: partial(
        figures.fi_curve_figure, drive_thresholds(1.0, 0.0, T),
        np.random.default_rng(1).normal(0, 1, 999)),
}  # fmt: skip
