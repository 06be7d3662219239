"""How alike the steps of a layer, and the layers of a network, see the same images: CKA."""

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from snnviz.adapters.encoder import Encoder
from snnviz.adapters.recorder import Recorder
from snnviz.adapters.recording import listed, recorded
from snnviz.data import ImageSet, normalize, to_input
from snnviz.display import Brief
from snnviz.errors import ConfigError, DataError
from snnviz.metrics.batched_alignment import LEAST, BatchedAlignment
from snnviz.metrics.redundancy import exact_gram
from snnviz.scoring.checks import check_size
from snnviz.scoring.progress import Progress, as_progress
from snnviz.scoring.worsened import with_steps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import nn

    from snnviz.records.spikes import SpikeRecord

    Floats = NDArray[np.float64]
    Numbers = Sequence[float]

ALIGNED = 100
"""Images that are compared where nobody says how many: all layers are recorded, step by step."""

# Images of a batch, and about how many bytes the records of all layers may take in it.
_BATCH, _BYTES = 64, 1 << 28


class Matrices(NamedTuple):
    """CKA of one network, at most 1; NaN where spikes do not vary between images.

    Attributes:
        steps: Between the steps of each layer, floats [L, T, T].
        layers: Between the layers, floats [L, L].
    """

    steps: "Floats"
    layers: "Floats"


@dataclass(frozen=True, eq=False, repr=False)
class LayerAlignment(Brief):
    """How alike steps and layers see images; what `snnviz.layer_alignment` gives.

    Attributes:
        T: Number of time steps.
        images: How many images it is of.
        batches: In how many batches, over which HSIC is averaged.
        layers: The layers' names, in the order in which they are called.
        cka: Of the network.
        untrained: The same without training; None where there is nothing to compare with.
        notes: What was left out or is not defined, and why.

    Example:
        >>> images = snnviz.garments(8)
        >>> found = snnviz.layer_alignment(snnviz.load_encoder(), images, T=3)
        >>> found.layers, found.cka.steps.shape, found.cka.layers.tolist()
        (('the encoder',), (1, 3, 3), [[1.0]])
    """

    T: int
    images: int
    batches: int
    layers: tuple[str, ...]
    cka: Matrices
    untrained: Matrices | None
    notes: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """The same as plain values, for JSON; NaN is None."""
        found: dict[str, Any] = {
            "T": self.T, "images": self.images, "batches": self.batches,
            "layers": list(self.layers), "untrained": None,
        }  # fmt: skip
        for name, matrices in (("cka", self.cka), ("untrained", self.untrained)):
            if matrices is not None:
                found[name] = {key: _plain(each) for key, each in matrices._asdict().items()}
        return {**found, "notes": list(self.notes)}


def layer_alignment(
    net: "nn.Module | Encoder",
    images: ImageSet,
    *,
    T: int | None = None,
    mean: "Numbers | None" = None,
    std: "Numbers | None" = None,
    start: "nn.Module | Encoder | None" = None,
    progress: "Progress | Literal[True] | None" = None,
) -> LayerAlignment:
    """CKA between the steps of each layer of neurons, and between the layers.

    A step is what the layer emits in that step alone, not a sum up to it; a layer is its trains,
    all steps side by side. Linear CKA without bias, see `snnviz.metrics.BatchedAlignment`: records
    are those of at most 64 images at a time, so that memory does not grow with their number.
    The networks that were trained and those that were not have much of it from the images alone:
    read one beside the other.

    Args:
        net: A network, or an encoder, which has one layer.
        images: Images as the network takes them, 4 or more; labels are not looked at.
        T: Number of time steps; None: as many as the network says, or 4.
        mean: What the network expects to be subtracted from images, a number a channel, or None.
        std: What it expects them to be divided by, or None.
        start: The same network or encoder without training, to be compared with.
        progress: Called as `progress("CKA", done, total)`, in images; True draws a bar.

    Raises:
        ConfigError: The network cannot be run so, or has no layer with a record.
        DataError: There are fewer than 4 images.
        ShapeError: The images do not suit it.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> found = snnviz.layer_alignment(net, snnviz.garments(8))
        >>> len(found.layers), found.cka.layers.shape
        (4, (4, 4))
    """
    if len(images) < LEAST:
        raise DataError(f"CKA takes {LEAST} images or more, got {len(images)}; name a larger set")
    check_size(net, images)
    ours = _Recorded(net, T, mean, std)
    theirs = None if start is None else _Recorded(start, T, mean, std)
    told = as_progress(progress)
    parts = np.array_split(np.arange(len(images)), ours.batches(images))
    for part in parts:
        pixels = images.images[part]
        for each in (ours, theirs):
            if each is not None:
                each.add(pixels)
        if told is not None:
            told("CKA", int(part[-1]) + 1, len(images))
    same = theirs is not None and theirs.names == ours.names and theirs.T == ours.T
    notes = [*ours.notes, *_undefined(ours)]
    if theirs is not None and not same:
        notes.append("the network without training has other layers or steps: it is left out")
    if theirs is not None and same:
        notes += _undefined(theirs, "without training ")
    return LayerAlignment(
        T=ours.T,
        images=len(images),
        batches=len(parts),
        layers=ours.names,
        cka=ours.matrices(),
        untrained=theirs.matrices() if theirs is not None and same else None,
        notes=tuple(notes),
    )


class _Recorded:
    """Records of all layers of a network, a batch at a time, and what is added up of them."""

    def __init__(
        self,
        net: "nn.Module | Encoder",
        T: int | None,
        mean: "Numbers | None",
        std: "Numbers | None",
    ) -> None:
        self._encoder = net if isinstance(net, Encoder) else None
        self._recorder = None if isinstance(net, Encoder) else Recorder(with_steps(net, T), "all")
        self._mean, self._std, self._asked = mean, std, T
        self._steps: dict[str, BatchedAlignment] = {}
        self._layers: BatchedAlignment | None = None
        self.T = 0
        self.notes: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The layers, once images were added."""
        return tuple(self._steps)

    def batches(self, images: ImageSet) -> int:
        """In how many batches the images are run: in as few as memory allows."""
        size = _BATCH
        if self._recorder is not None:
            infos = listed(self._recorder, self._normalized(images.images[:2]), self._asked)
            neurons = sum(prod(info.shape) for info in infos)
            size = max(LEAST, min(_BATCH, _BYTES // (neurons * (1 + (self._asked or 4)))))
        return max(1, min(-(-len(images) // size), len(images) // LEAST))

    def add(self, images: "NDArray[np.uint8]") -> None:
        """Record some images, and forget them."""
        records = self._records(images)
        if not self._steps:
            self.T = next(iter(records.values())).T
            self._steps = {name: BatchedAlignment(self.T) for name in records}
            self._layers = BatchedAlignment(len(records))
        if tuple(records) != self.names or self._layers is None:
            raise ConfigError(
                "the network has records of other layers for some images than for others; name "
                "images that are more alike"
            )
        layers = []
        for name, record in records.items():
            grams = list(_grams(record))
            self._steps[name].update(grams)
            # Inner products of trains side by side are the sum of those of each step.
            layers.append(np.sum(grams, axis=0))
        self._layers.update(layers)

    def matrices(self) -> Matrices:
        """CKA of all that was added."""
        assert self._layers is not None  # noqa: S101 - there are images
        steps = np.stack([each.result() for each in self._steps.values()])
        return Matrices(steps, self._layers.result())

    def _records(self, images: "NDArray[np.uint8]") -> "Mapping[str, SpikeRecord]":
        if self._encoder is not None:
            record = self._encoder.encode(to_input(images), self._asked)
            return {self._encoder.layer or "the encoder": record}
        assert self._recorder is not None  # noqa: S101 - one or the other
        recording = recorded(self._recorder, self._normalized(images), self._asked)
        self.notes = recording.notes
        return recording.records

    def _normalized(self, images: "NDArray[np.uint8]") -> Any:
        return normalize(to_input(images), self._mean or (0,), self._std or (1,))


def _grams(record: "SpikeRecord") -> "Iterator[Floats]":
    """Inner products of the images' spikes of each step, floats [n, n]."""
    before: Any = 0
    for t in range(record.T):
        counts = record.count(t).reshape(len(record), -1)
        yield exact_gram(counts - before)
        before = counts


def _undefined(found: _Recorded, which: str = "") -> "Iterator[str]":
    """Where CKA is not defined, a sentence each layer."""
    steps, layers = found.matrices()
    for name, each, own in zip(found.names, steps, layers.diagonal(), strict=True):
        still = np.flatnonzero(np.isnan(each.diagonal())).tolist()
        if np.isnan(own):
            yield f"{which}{name} emits the same for all images, so that its CKA is not defined"
        elif still:
            at = ", ".join(map(str, still))
            yield (
                f"{which}{name} emits the same for all images at t = {at}, so that its CKA is not "
                "defined there"
            )


def _plain(values: "Floats") -> Any:
    plain = values.astype(object)
    plain[np.isnan(values)] = None
    return plain.tolist()
