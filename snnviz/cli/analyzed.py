"""What `snnviz analyze` studies: checkpoints of the tutorial's network, or the user's network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from snnviz.adapters.models import build_model
from snnviz.analysis.coders import Coder, encoder_coder, pixel_coders
from snnviz.cli.networks import build_timed, choose_steps, describe, open_checkpoint
from snnviz.cli.output import note
from snnviz.cli.subjects import Model, open_model
from snnviz.data import ImageSet, to_input
from snnviz.scoring.classifier import Classifier
from snnviz.tutorial.coders import checkpoint_coders
from snnviz.tutorial.encoder import bundled
from snnviz.tutorial.layouts import Checkpoint
from snnviz.tutorial.runs import encoder_snapshots

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder


class Subject(Protocol):
    """An encoder under study, with what it is compared with."""

    @property
    def channels(self) -> int:
        """Channels of the images that it takes."""

    @property
    def about(self) -> dict[str, object]:
        """Entries for analysis.json."""

    def coders(self, images: ImageSet, seeds: Sequence[int]) -> list[Coder]:
        """The coders to compare; untrained ones may look at the images."""

    def networks(self, coders: Sequence[Coder]) -> dict[str, Classifier]:
        """The whole networks of those that have one, by the names of their encoders."""

    def snapshots(self, coders: Sequence[Coder]) -> dict[int, NDArray[np.float32]] | None:
        """The kernels by epoch, where they are kept."""


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """Encoders of checkpoints of the tutorial's network.

    Attributes:
        checkpoints: That of the encoder under study, then others.
        T: Number of time steps.
        device: Where they compute.
    """

    checkpoints: list[Checkpoint]
    T: int
    device: str

    @property
    def channels(self) -> int:
        """One: the tutorial's images are grey."""
        return 1

    @property
    def about(self) -> dict[str, object]:
        """What the files are."""
        described = [
            describe(each, "bundled encoder" if each.path == bundled() else each.path.name)
            for each in self.checkpoints
        ]
        return {"checkpoint": described[0], "compared": described[1:]}

    def coders(self, images: ImageSet, seeds: Sequence[int]) -> list[Coder]:
        """The encoders, the first one's start, untrained ones, and codes of the pixels."""
        return checkpoint_coders(self.checkpoints, self.T, images, seeds=seeds, device=self.device)

    def networks(self, coders: Sequence[Coder]) -> dict[str, Classifier]:
        """Those of checkpoints that hold one."""
        return {
            coder.name: build_timed(checkpoint, self.T, self.device)
            for checkpoint, coder in zip(self.checkpoints, coders, strict=False)
            if checkpoint.holds_network
        }

    def snapshots(self, coders: Sequence[Coder]) -> dict[int, NDArray[np.float32]] | None:
        """The kernels up to the checkpoint's epoch, where the run that it lies in keeps them.

        Otherwise the first and the last of them, where the first follow from a seed.
        """
        checkpoint = self.checkpoints[0]
        found = encoder_snapshots(checkpoint.path.parent) or {}
        last = checkpoint.epoch
        kept = {epoch: kernels for epoch, kernels in found.items() if last is None or epoch <= last}
        start = next((coder.encoder for coder in coders if coder.kind == "start"), None)
        if not kept and start is not None and coders[0].encoder is not None and last is not None:
            kept = {-1: start.kernels, last: coders[0].encoder.kernels}
        return kept or None


@dataclass(frozen=True, eq=False)
class Models:
    """One layer of the user's network, with the weights of one file or several.

    Attributes:
        models: The network with each of them.
        layer: The layer's name; None: the first that is called.
        device: Where they compute.
    """

    models: list[Model]
    layer: str | None
    device: str

    @property
    def channels(self) -> int:
        """Those of the network's first convolution."""
        return self.models[0].encoder().in_channels

    @property
    def about(self) -> dict[str, object]:
        """What the networks are."""
        compared = [model.about for model in self.models[1:]]
        return {"model": self.models[0].about, "layer": self.layer, "compared": compared}

    def coders(self, images: ImageSet, seeds: Sequence[int]) -> list[Coder]:
        """The layer with each of the weights, with those of other seeds, and codes of the pixels.

        What a seed's network is normalized by is what the user's code makes.
        """
        first = self.models[0].encoder(self.layer)
        first.prepare(to_input(images.images[:2]), self.models[0].T)
        T = self.models[0].T or first.T
        found: list[tuple[str, Encoder]] = [(self._name(0), first)]
        for number, model in enumerate(self.models[1:], start=1):
            found.append((self._name(number), model.encoder(self.layer)))
        spec = self.models[0].spec
        untrained: list[Coder] = []
        for seed in seeds:
            net = build_model(spec, seed=seed).to(self.device).eval()
            fresh = Model(spec, net, T, self.models[0].mean, self.models[0].std)
            encoder = fresh.encoder(self.layer)
            untrained.append(encoder_coder(f"untrained {seed}", encoder, T, "untrained"))
        trained = [
            encoder_coder(name, encoder, T, "compared" if number else "encoder")
            for number, (name, encoder) in enumerate(found)
        ]
        return [*trained, *untrained, *pixel_coders(T)]

    def networks(self, coders: Sequence[Coder]) -> dict[str, Classifier]:
        """None: accuracy and importance are of the tutorial's network."""
        del coders
        return {}

    def snapshots(self, coders: Sequence[Coder]) -> dict[int, NDArray[np.float32]] | None:
        """None: nobody kept any."""
        del coders
        return None

    def _name(self, number: int) -> str:
        weights = self.models[number].weights
        name = self.models[number].spec if weights is None else weights["file"]
        same = [
            model.weights is not None and model.weights["file"] == name
            for model in self.models[:number]
        ]
        return f"{name} ({number + 1})" if any(same) else name


def open_checkpoints(
    paths: Sequence[Path | None],
    T: int | None,
    neuron: str | None,
    stated: dict[str, Any],
    device: str,
    *,
    quiet: bool,
) -> Checkpoints:
    """The checkpoints in those files; the bundled one for None."""
    checkpoints = [
        open_checkpoint(path or bundled(), neuron=neuron, **stated, quiet=quiet) for path in paths
    ]
    for checkpoint in checkpoints:
        if checkpoint.holds_other_network and not quiet:
            note(f"no cost and importance: {checkpoint.path} {checkpoint.fault}")
    return Checkpoints(checkpoints, choose_steps(checkpoints[0], T, quiet=quiet), device)


def open_models(
    spec: str,
    paths: Sequence[Path | None],
    T: int | None,
    layer: str | None,
    normalization: tuple[Any, Any],
    device: str,
    *,
    quiet: bool,
) -> Models:
    """The network that `--model` names, with the weights of each file."""
    mean, std = normalization
    models = [
        open_model(spec, path, device, T=T, mean=mean, std=std, quiet=quiet) for path in paths
    ]
    if not quiet:
        note("accuracy and importance in the network are left out: they are of the tutorial's")
    return Models(models, layer, device)
