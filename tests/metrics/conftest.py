"""Records that every family is held to."""

from dataclasses import dataclass

import numpy as np
import pytest

from snnviz.data import to_input
from snnviz.metrics import tallying
from snnviz.records.spikes import SpikeRecord
from snnviz.tutorial.encoder import load_encoder


@dataclass
class Case:
    """A record, the images it came from, and their labels."""

    record: SpikeRecord
    images: np.ndarray
    labels: np.ndarray
    classes: int = 4

    def __post_init__(self):
        self.T, self.shape = self.record.T, self.record.shape[1:]

    def __getitem__(self, part):
        return self.record[part], self.images[part], self.labels[part]

    def fed(self, family, *parts, **settings):
        """An accumulator of `family` that has seen the parts, all of it where there are none."""
        accumulator = family(self.T, self.shape, **settings)
        for part in parts or (slice(None),):
            accumulator.update(*self[part])
        return accumulator


def random_case(rng, kind, T, n=9, shape=(5, 4, 6)):
    """Spikes that differ between channels; channel 0 is silent and channel 1 saturated."""
    rates = np.linspace(0.1, 0.9, shape[0])[:, np.newaxis, np.newaxis]
    if kind == "renewal":
        first = rng.binomial(T, rates, (n, *shape))
        first[:, 0], first[:, 1] = T, 0
        record = SpikeRecord.from_first_spike(first, T)
    else:
        spikes = rng.random((T, n, *shape)) < rates * rng.random((n, 1, 1, 1))
        spikes[:, :, 0], spikes[:, :, 1] = False, True
        record = SpikeRecord.from_spikes(spikes)
    images = rng.integers(0, 256, (n, *shape[1:]), np.uint8)
    return Case(record, images, rng.integers(0, 4, n).astype(np.uint8))


CASES = [(kind, T) for kind in ("renewal", "trains") for T in (1, 8, 13)] + [("renewal", 300)]


@pytest.fixture(params=["compiled", "NumPy"])
def way(request, monkeypatch):
    """Which way numbers are found: by the compiled passes, however few, or without a compiler."""
    monkeypatch.setattr(tallying, "is_worth", lambda _: request.param == "compiled")
    return request.param


@pytest.fixture(params=CASES, ids=str)
def case(request, rng, way):  # noqa: ARG001 - chooses how
    return random_case(rng, *request.param)


@pytest.fixture(scope="session")
def drawn(drawn_images):
    """Drawn garments in the bundled encoder, T = 8."""
    record = load_encoder().encode(to_input(drawn_images.images), 8)
    return Case(record, drawn_images.images, drawn_images.labels, 10)
