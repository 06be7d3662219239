"""What `snnviz analyze --league` sorts: checkpoints, of which one is open at a time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from snnviz.analysis import Encoding, Entrant, encoding_of
from snnviz.cli.analyzed import Checkpoints, Revived, open_checkpoints
from snnviz.cli.analyzed_models import Models, open_models
from snnviz.data import ImageSet, to_input
from snnviz.errors import ConfigError
from snnviz.tutorial.encoder import bundled, load_encoder
from snnviz.tutorial.encodings import check_grey, new_name

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder

Opened = Checkpoints | Revived | Models


@dataclass(frozen=True)
class Opening:
    """How each file is opened.

    Attributes:
        model: What `--model` says, or None.
        layer: The layer of that; None: the first.
        T: Number of time steps, where the user names one.
        neuron: Which neurons, where the user says so.
        stated: What else the user says of them.
        normalization: Mean and deviation that images of `--model` are normalized by.
        device: Where they compute.
    """

    model: str | None
    layer: str | None
    T: int | None
    neuron: str | None
    stated: dict[str, Any]
    normalization: tuple[Any, Any]
    device: str

    def opened(self, paths: Sequence[Path | None], *, quiet: bool) -> Opened:
        """Those files together; in place of None what `snnviz analyze` takes without a file."""
        if self.model is not None:
            return open_models(
                self.model, paths, self.T, self.layer, self.normalization, self.device, quiet=quiet
            )
        return open_checkpoints(paths, self.T, self.neuron, self.stated, self.device, quiet=quiet)


class Contestants:
    """The checkpoints of a league, each of which was opened once to see that it can be measured.

    Args:
        paths: The files; the first is what the others are tested against.
        opening: How they are opened.
        quiet: Whether what is assumed goes unsaid.

    Raises:
        SnnvizError: One of them cannot be read, or takes other images than the first.
    """

    def __init__(self, paths: Sequence[Path | None], opening: Opening, *, quiet: bool) -> None:
        if len(paths) < 2:
            raise click.UsageError("--league sorts several checkpoints; name more with --compare")
        self._paths, self._opening = paths, opening
        first = opening.opened(paths[:1], quiet=quiet)
        self.channels = _channels(first)
        if not isinstance(first, Models):
            self._opening = replace(opening, T=first.T)
        for number, path in enumerate(paths[1:], start=2):
            # What is said of the user's network is the same of all.
            unsaid = quiet or opening.model is not None
            channels = _channels(self._opening.opened((path,), quiet=unsaid))
            if channels != self.channels:
                raise ConfigError(
                    f"{path} takes images of {channels} channels, and the first of {number} "
                    f"takes {self.channels}: they cannot be measured on the same images"
                )

    def entrants(self, images: ImageSet, seeds: Sequence[int]) -> Iterator[Entrant]:
        """Each in its turn, then the baselines of the first.

        Args:
            images: Images that untrained encoders and networks of the user's may look at.
            seeds: One untrained encoder each.
        """
        names: list[str] = []
        baselines: list[Encoding] = []
        opening, T = self._opening, 0
        for path in self._paths:
            subject = opening.opened((path,), quiet=True)
            if not names:
                encoding, baselines = _first(subject.encodings(images, seeds))
                T = encoding.T
                opening = replace(opening, T=T)
                names += [each.name for each in baselines]
            else:
                name = self._name(path, names)
                encoding = encoding_of(name, _encoder(subject, images), T, "compared")
            names.append(encoding.name)
            networks = subject.networks([encoding])
            yield Entrant(encoding, networks.get(encoding.name), *_told(subject, T))
            del subject, networks  # before the next one is opened
        yield from map(Entrant, baselines)

    def _name(self, path: Path | None, taken: Sequence[str]) -> str:
        if path is None and self._opening.model is not None:
            return self._opening.model
        return new_name(path or bundled(), taken)


def _first(encodings: Sequence[Encoding]) -> tuple[Encoding, list[Encoding]]:
    """The encoder, and what it is compared with."""
    return encodings[0], list(encodings[1:])


def _channels(subject: Opened) -> int:
    """Channels of the images that it takes."""
    if isinstance(subject, Checkpoints):
        check_grey(subject.checkpoints[0])
    return subject.channels


def _encoder(subject: Opened, images: ImageSet) -> "Encoder":
    """Its encoder alone."""
    if isinstance(subject, Checkpoints):
        return load_encoder(subject.checkpoints[0]).to(subject.device)
    layer = subject.layer if isinstance(subject, Models) else None
    encoder = subject.models[0].encoder(layer)
    encoder.prepare(to_input(images.images[:2]), subject.models[0].T)
    return encoder


def _told(subject: Opened, T: int) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Where it is from, and what cannot be said of it."""
    about, left_out = subject.about, list(subject.left_out)
    found = about.get("checkpoint") or about.get("model")
    told: dict[str, Any] = dict(found) if isinstance(found, dict) else {}
    if isinstance(weights := told.get("weights"), dict):
        told["sha256"] = weights.get("sha256")
    if isinstance(subject, Checkpoints):
        recorded = subject.checkpoints[0].recorded_T
        told["recorded_T"] = recorded
        if recorded not in (None, T):
            left_out.append(
                f"it was trained with T = {recorded}, and runs for T = {T} here, as all do"
            )
        if (fault := subject.checkpoints[0].fault) is not None:
            left_out.append(f"{fault}: accuracy of the network is left out")
    return told, tuple(left_out)
