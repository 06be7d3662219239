"""What `snnviz analyze` studies: checkpoints of the tutorial's network, or networks of others."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from snnviz.analysis.encodings import Encoding, encoding_of, pixel_encodings
from snnviz.cli.networks import build_timed, choose_steps, describe, open_checkpoint
from snnviz.cli.output import note
from snnviz.cli.subjects import Model, revive
from snnviz.data import ImageSet, to_input
from snnviz.errors import CheckpointError
from snnviz.tutorial.encoder import bundled, load_encoder
from snnviz.tutorial.encodings import checkpoint_encodings
from snnviz.tutorial.layouts import Checkpoint
from snnviz.tutorial.runs import encoder_snapshots

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.analysis.within import Network


# Where a file names no number of time steps; the tutorial's.
_STEPS = 4


class Subject(Protocol):
    """An encoder under study, with what it is compared with."""

    @property
    def channels(self) -> int:
        """Channels of the images that it takes."""

    @property
    def about(self) -> dict[str, object]:
        """Entries for analysis.json."""

    @property
    def left_out(self) -> tuple[str, ...]:
        """What cannot be said of it, a sentence each."""

    @property
    def own_steps(self) -> int | None:
        """Number of time steps that the network was made for; None where that is not known."""

    def encodings(self, images: ImageSet, seeds: Sequence[int]) -> list[Encoding]:
        """The encodings to compare; untrained ones may look at the images."""

    def networks(self, encodings: Sequence[Encoding]) -> "dict[str, Network]":
        """The whole networks of those that have one, by the names of their encoders."""

    def snapshots(self, encodings: Sequence[Encoding]) -> dict[int, NDArray[np.float32]] | None:
        """The kernels by epoch, where they are kept."""


@dataclass(frozen=True, eq=False)
class Checkpoints:
    """Encoders of checkpoints of the tutorial's network.

    Attributes:
        checkpoints: That of the encoder under study, then others.
        T: Number of time steps.
        device: Where they compute.
        others: The first layers of other networks, to compare them with.
    """

    checkpoints: list[Checkpoint]
    T: int
    device: str
    others: list[Model] = field(default_factory=list)

    @property
    def left_out(self) -> tuple[str, ...]:
        """What takes the code of other networks."""
        return _without_code(self.others)

    @property
    def channels(self) -> int:
        """One: the tutorial's images are grey."""
        return 1

    @property
    def own_steps(self) -> int | None:
        """Those that the checkpoint of the encoder under study tells."""
        return self.checkpoints[0].recorded_T

    @property
    def about(self) -> dict[str, object]:
        """What the files are."""
        described = [
            describe(each, "bundled encoder" if each.path == bundled() else each.path.name)
            for each in self.checkpoints
        ]
        described += [_described(model) for model in self.others]
        return {"checkpoint": described[0], "compared": described[1:]}

    def encodings(self, images: ImageSet, seeds: Sequence[int]) -> list[Encoding]:
        """The encoders, the first one's start, untrained ones, and codes of the pixels."""
        encodings = checkpoint_encodings(
            self.checkpoints, self.T, images, seeds=seeds, device=self.device
        )
        place = len(self.checkpoints)
        taken = [encoding.name for encoding in encodings]
        return [
            *encodings[:place],
            *_compared([(model.spec, model.encoder()) for model in self.others], self.T, taken),
            *encodings[place:],
        ]

    def networks(self, encodings: Sequence[Encoding]) -> "dict[str, Network]":
        """Those of checkpoints that hold one."""
        return {
            encoding.name: build_timed(checkpoint, self.T, self.device)
            for checkpoint, encoding in zip(self.checkpoints, encodings, strict=False)
            if checkpoint.holds_network
        }

    def snapshots(self, encodings: Sequence[Encoding]) -> dict[int, NDArray[np.float32]] | None:
        """The kernels up to the checkpoint's epoch, where the run that it lies in keeps them.

        Otherwise the first and the last of them, where the first follow from a seed.
        """
        checkpoint = self.checkpoints[0]
        found = encoder_snapshots(checkpoint.path.parent) or {}
        last = checkpoint.epoch
        kept = {epoch: kernels for epoch, kernels in found.items() if last is None or epoch <= last}
        start = next((encoding.encoder for encoding in encodings if encoding.kind == "start"), None)
        if not kept and start is not None and encodings[0].encoder is not None and last is not None:
            kept = {-1: start.kernels, last: encodings[0].encoder.kernels}
        return kept or None


@dataclass(frozen=True, eq=False)
class Revived:
    """The first layers of a whole pickled network whose code is not there.

    Attributes:
        models: That under study, and others to compare it with.
        checkpoints: Encoders of the tutorial's, to compare it with.
        T: Number of time steps.
        device: Where they compute.
    """

    models: list[Model]
    checkpoints: list[Checkpoint]
    T: int
    device: str

    @property
    def channels(self) -> int:
        """Those of the first convolution."""
        return self.models[0].encoder().in_channels

    @property
    def own_steps(self) -> int | None:
        """None: files of unknown classes do not tell."""
        return None

    @property
    def about(self) -> dict[str, object]:
        """What the files are."""
        described = [_described(model) for model in self.models]
        others = [describe(each, each.path.name) for each in self.checkpoints]
        return {"checkpoint": described[0], "compared": [*described[1:], *others]}

    @property
    def left_out(self) -> tuple[str, ...]:
        """What takes the network's code."""
        return _without_code(self.models)

    def encodings(self, images: ImageSet, seeds: Sequence[int]) -> list[Encoding]:
        """The encoder, those it is compared with, and codes of the pixels."""
        del seeds
        encoder = self.models[0].encoder()
        encoder.prepare(to_input(images.images[:2]), self.T)
        first = encoding_of(self.models[0].spec, encoder, self.T, "encoder")
        others: list[tuple[str, Encoder]] = [(m.spec, m.encoder()) for m in self.models[1:]]
        others += [
            (each.path.name, load_encoder(each).to(self.device)) for each in self.checkpoints
        ]
        pixels = pixel_encodings(self.T)
        taken = [encoding.name for encoding in (first, *pixels)]
        return [first, *_compared(others, self.T, taken), *pixels]

    def networks(self, encodings: Sequence[Encoding]) -> "dict[str, Network]":
        """Those of checkpoints that hold one."""
        compared = encodings[len(self.models) :]
        return {
            encoding.name: build_timed(checkpoint, self.T, self.device)
            for checkpoint, encoding in zip(self.checkpoints, compared, strict=False)
            if checkpoint.holds_network
        }

    def snapshots(self, encodings: Sequence[Encoding]) -> dict[int, NDArray[np.float32]] | None:
        """None: nobody kept any."""
        del encodings
        return None


def _described(model: Model) -> dict[str, object]:
    """What output files say of a network whose code is not there."""
    return {**(model.weights or {}), "form": "network of unknown classes"}


def _without_code(models: Sequence[Model]) -> tuple[str, ...]:
    """What cannot be said of networks whose code is not there."""
    if not models:
        return ()
    names = ", ".join(dict.fromkeys(model.spec for model in models))
    sentence = (
        f"without its code {names} runs only up to its first neurons: accuracy and importance in "
        "the network and untrained encoders of it are left out"
    )
    return (sentence,)


def _compared(
    encoders: "Sequence[tuple[str, Encoder]]", T: int, taken: Sequence[str]
) -> list[Encoding]:
    """Encoders to compare with, by names that none of `taken` has."""
    names, encodings = list(taken), []
    for name, encoder in encoders:
        numbered = (f"{name} ({number})" for number in range(2, len(names) + 3))
        names.append(next(each for each in (name, *numbered) if each not in names))
        encodings.append(encoding_of(names[-1], encoder, T, "compared"))
    return encodings


def open_checkpoints(
    paths: Sequence[Path | None],
    T: int | None,
    neuron: str | None,
    stated: dict[str, Any],
    device: str,
    *,
    quiet: bool,
) -> Checkpoints | Revived:
    """The checkpoints in those files, the bundled one for None; or what is read of other networks.

    Those are whole pickled ones, whose code is not there.
    """
    files: list[Checkpoint | Model] = []
    for path in (each or bundled() for each in paths):
        try:
            files.append(open_checkpoint(path, neuron=neuron, **stated, quiet=quiet))
        except CheckpointError as error:
            files.append(revive(path, error, device, T, quiet=quiet, neuron=neuron, **stated))
    checkpoints = [each for each in files if isinstance(each, Checkpoint)]
    others = [each for each in files if isinstance(each, Model)]
    for checkpoint in checkpoints:
        if checkpoint.holds_other_network and not quiet:
            note(f"no cost and importance: {checkpoint.path} {checkpoint.fault}")
    if isinstance(files[0], Checkpoint):
        return Checkpoints(checkpoints, choose_steps(files[0], T, quiet=quiet), device, others)
    if T is None and not quiet:
        note(f"{files[0].spec} does not record T; taking T = {_STEPS}, choose another with -T")
    return Revived(others, checkpoints, T or _STEPS, device)
