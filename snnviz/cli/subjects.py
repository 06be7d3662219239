"""What a command looks at: a checkpoint of the tutorial's network, or a network of the user's."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
from torch import nn

from snnviz.adapters.answering import Answerer
from snnviz.adapters.models import build_model, load_weights
from snnviz.adapters.network import NetworkEncoder
from snnviz.adapters.recorder import Probes, Recorder
from snnviz.adapters.recording import listed, recorded
from snnviz.batching import batches
from snnviz.cli.output import note
from snnviz.display import aligned
from snnviz.errors import CheckpointError, ConfigError, ShapeError
from snnviz.tutorial.encoder import ASSUMED, revived

if TYPE_CHECKING:
    from snnviz.data import Sample
    from snnviz.records.recording import LayerInfo
    from snnviz.records.spikes import SpikeRecord

Predict = Callable[[Iterable["Sample"]], Iterable["Sample"]]
Channels = tuple[float, ...]

# Of all layers together, and how many images are run at once.
_RECORD_BYTES = 1 << 26
_IMAGES = 128


@dataclass(frozen=True, eq=False)
class Model:
    """A network of the user's own, from `--model`, with the weights in `--ckpt`.

    Attributes:
        spec: What `--model` says.
        net: The network.
        T: Number of time steps, where the user names one.
        mean: What the network expects to be subtracted from images.
        std: What it expects them to be divided by.
        weights: The file's name and checksum; None: weights as the user's code makes them.
        probes: What was found of the network, which is looked for once.
    """

    spec: str
    net: nn.Module
    T: int | None
    mean: Channels | None = None
    std: Channels | None = None
    weights: dict[str, str] | None = None
    probes: Probes = field(default_factory=dict)

    @property
    def about(self) -> dict[str, Any]:
        """What output files say of it."""
        return {
            "model": self.spec,
            "class": type(self.net).__name__,
            "weights": self.weights,
            "mean": self.mean and list(self.mean),
            "std": self.std and list(self.std),
        }

    def encoder(self, layer: str | None = None) -> NetworkEncoder:
        """The encoder up to that layer, or the first."""
        return NetworkEncoder(
            self.net, layer, self.T, mean=self.mean, std=self.std, copy=False, probes=self.probes
        )

    def layers(self, samples: Sequence["Sample"]) -> "tuple[LayerInfo, ...]":
        """The layers of neurons that are called for images like these."""
        sample, recorder = samples[0], Recorder(self.net, "all", self.probes)
        if sample.frames is not None:
            frames = np.stack([sample.frames] * 2, axis=1)
            return listed(recorder, frames, self.T, sequence=True)
        from snnviz.data import normalize
        from snnviz.export.encoding import alike, inputs

        images = inputs(alike(samples, 2))
        return listed(recorder, normalize(images, self.mean or (0,), self.std or (1,)), self.T)

    def records(
        self, samples: Sequence["Sample"], layers: "Sequence[LayerInfo]", T: int
    ) -> "list[dict[int, SpikeRecord]]":
        """The records of each of several layers for the first images, by their index.

        One run of the network serves all layers. They are of as many still images of one size as
        take no more memory than figure sets need anyway; of none where the network cannot be run
        so, which its encoders then say.
        """
        from snnviz.data import normalize
        from snnviz.export.encoding import inputs

        same = [s for s in samples if s.frames is None and s.image.shape == samples[0].image.shape]
        names = [info.name for info in layers]
        found: list[dict[int, SpikeRecord]] = [{} for _ in names]
        recorder = Recorder(self.net, names, self.probes)
        bytes_each = sum(info.neurons for info in layers) * (1 + T)
        for some in batches(min(len(same), _RECORD_BYTES // bytes_each), _IMAGES):
            shown = same[some]
            images = normalize(inputs(shown), self.mean or (0,), self.std or (1,))
            try:
                recording = recorded(recorder, images, T)
            except (ConfigError, ShapeError):
                return [{} for _ in names]
            for name, records in zip(names, found, strict=True):
                maps = recording[name].maps()
                records |= {s.index: maps[n : n + 1] for n, s in enumerate(shown)}
        return found

    def answerer(self) -> Answerer:
        """It as a network that answers."""
        return Answerer(self.net, self.T, mean=self.mean, std=self.std, probes=self.probes)

    def predictions(self, samples: Sequence["Sample"], *, quiet: bool) -> Predict | None:
        """What gives samples the class that the network takes them for; None where nothing does."""
        if samples[0].frames is not None:
            return None
        answerer = self.answerer()
        predict = partial(with_answers, answerer)
        try:
            next(iter(predict(samples[:1])))
        except (ConfigError, ShapeError) as error:
            if not quiet:
                note(f"no predictions: {error}")
            return None
        return predict


def open_model(
    spec: str,
    ckpt: Path | None,
    device: str,
    *,
    T: int | None,
    mean: Channels | None,
    std: Channels | None,
    quiet: bool,
) -> Model:
    """The network that `--model` names, with the weights of `--ckpt`."""
    net = build_model(spec)
    weights = None
    if ckpt is not None:
        weights = {"file": ckpt.name, "sha256": load_weights(net, ckpt)}
    elif not quiet:
        note(f"no --ckpt: the weights are those that {spec} makes")
    return Model(spec, net.to(device).eval(), T, mean, std, weights)


def revive(
    path: Path, error: CheckpointError, device: str, T: int | None, *, quiet: bool, **stated: Any
) -> Model:
    """The first layers of a whole pickled network whose code is not there, as a network.

    Args:
        path: The file.
        error: Why it is no checkpoint of the tutorial's network; raised where it holds no network.
        device: Where it computes.
        T: Number of time steps, where the user names one.
        quiet: Whether what is assumed goes unsaid.
        stated: What the user says of neurons, by the options' names.
    """
    try:
        net, sha256 = revived(path, error)
    except CheckpointError as refused:
        check_runs_whole(path, refused)
        if "give the code" not in str(refused):
            raise
        raise CheckpointError(f"{refused} (here: --model file.py:factory)") from refused
    if any(value not in (None, ()) for value in stated.values()):
        raise click.UsageError(
            f"{path} says what its neurons are; leave out --neuron, --v-threshold, --v-reset and "
            "--tau"
        )
    if not quiet:
        note(f"{path} {ASSUMED}; prove it with --model")
    return Model(path.name, net.to(device), T, weights={"file": path.name, "sha256": sha256})


def check_runs_whole(path: Path, error: CheckpointError) -> None:
    """Raise where a file holds weights or a whole network whose code is not there.

    Args:
        path: The file.
        error: Why it is no checkpoint of the tutorial's network.
    """
    if "holds no network that snnviz reads" in str(error):
        raise CheckpointError(
            f"{path} holds another network than the tutorial's, and not the code that runs it; "
            "name what makes the network with --model file.py:factory"
        ) from error


def with_answers(answerer: Answerer, samples: Iterable["Sample"]) -> Iterator["Sample"]:
    """The samples, each with what the network takes it for."""
    from snnviz.export.encoding import inputs

    samples = iter(samples)
    while batch := list(islice(samples, 128)):
        classes: list[int] = []
        same = all(sample.image.shape == batch[0].image.shape for sample in batch)
        groups = [batch] if same else [[sample] for sample in batch]
        for group in groups:
            classes += answerer.predict(inputs(group)).tolist()
        for sample, predicted in zip(batch, classes, strict=True):
            yield replace(sample, predicted=predicted)


def chosen_layers(layer: tuple[str, ...], layers: "tuple[LayerInfo, ...]") -> list[str | None]:
    """The layers to draw: those named, all of them, or the first (None)."""
    if not layer:
        return [None]
    if "all" in layer:
        if len(layer) > 1:
            raise click.UsageError("--layer all names every layer; leave out the others")
        return [info.name for info in layers]
    return list(dict.fromkeys(layer))


def prepare(encoder: NetworkEncoder, samples: Sequence["Sample"], T: int | None) -> None:
    """Run the encoder's network on the first image, so that what it says of itself is known."""
    from snnviz.export.encoding import inputs

    if samples[0].frames is None:
        encoder.prepare(inputs(samples[:1]), T)
    else:
        frames = samples[0].frames
        encoder.T = min(T or len(frames), len(frames))


def layer_table(layers: "tuple[LayerInfo, ...]", T: int) -> str:
    """The layers as a table for people."""
    rows = [("layer", "class", "framework", "neurons", "shape")]
    rows += [
        (
            info.name,
            info.kind,
            info.framework,
            f"{info.neurons:,}",
            " x ".join(map(str, info.shape)),
        )
        for info in layers
    ]
    lines = aligned(rows, left={0, 1, 2, 4})
    first = next((info.name for info in layers if info.first), "none")
    return "\n".join([*lines, f"in the order in which they are called; T = {T}; first: {first}"])


def layer_folder(name: str) -> str:
    """A layer's name as that of a folder."""
    return "".join(letter if letter.isalnum() or letter in "._-" else "_" for letter in name)
