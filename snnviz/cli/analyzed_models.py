"""What `snnviz analyze` studies with `--model`: a layer of the user's network."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from snnviz.adapters.models import build_model, same_weights
from snnviz.adapters.network import NetworkEncoder
from snnviz.analysis.encodings import BRIEF, WHOLE, Encoding, encoding_of, pixel_encodings
from snnviz.cli.output import note
from snnviz.cli.subjects import Model, open_model
from snnviz.data import ImageSet, to_input
from snnviz.scoring.ablation import AnsweringLayer

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.analysis.within import Network


@dataclass(frozen=True, eq=False)
class Models:
    """One layer of the user's network, with the weights of one file or several.

    Attributes:
        models: The network with each of them.
        layer: The layer's name; None: the first that is called.
        device: Where they compute.
        notes: What was left out, and why.
    """

    models: list[Model]
    layer: str | None
    device: str
    notes: list[str] = field(default_factory=list)

    @property
    def channels(self) -> int:
        """Those of the network's first convolution."""
        return self.models[0].encoder().in_channels

    @property
    def about(self) -> dict[str, object]:
        """What the networks are."""
        compared = [model.about for model in self.models[1:]]
        return {"model": self.models[0].about, "layer": self.layer, "compared": compared}

    @property
    def own_steps(self) -> int | None:
        """None: the user's code does not tell."""
        return None

    @property
    def left_out(self) -> tuple[str, ...]:
        """What the user's code does not make: other weights for other seeds."""
        return tuple(self.notes)

    def encodings(self, images: ImageSet, seeds: Sequence[int]) -> list[Encoding]:
        """The layer with each of the weights, with those of other seeds, and codes of the pixels.

        What a seed's network is normalized by is what the user's code makes.
        """
        first = self.models[0].encoder(self.layer)
        first.prepare(to_input(images.images[:2]), self.models[0].T)
        T = self.models[0].T or first.T
        found: list[tuple[str, Encoder]] = [(self._name(0), first)]
        for number, model in enumerate(self.models[1:], start=1):
            found.append((self._name(number), model.encoder(self.layer)))
        untrained: list[Encoding] = []
        for place, (seed, fresh) in enumerate(self._untrained(seeds, T)):
            encoder = fresh.encoder(self.layer)
            encoding = encoding_of(f"untrained {seed}", encoder, T, "untrained")
            untrained.append(replace(encoding, families=None if place < WHOLE else BRIEF))
        trained = [
            encoding_of(name, encoder, T, "compared" if number else "encoder")
            for number, (name, encoder) in enumerate(found)
        ]
        return [*trained, *untrained, *pixel_encodings(T)]

    def _untrained(self, seeds: Sequence[int], T: int) -> list[tuple[int, Model]]:
        """The network that the user's code makes with each seed, where they are others."""
        studied, found, repeats = self.models[0], list[tuple[int, Model]](), False
        for seed in seeds:
            net = build_model(studied.spec, seed=seed).to(self.device).eval()
            if found and same_weights(net, found[0][1].net):
                repeats = True
            elif not same_weights(net, studied.net):
                found.append((seed, Model(studied.spec, net, T, studied.mean, studied.std)))
        if seeds and not found:
            self.notes.append(
                f"{studied.spec} makes the weights under study whatever the seed, so that there "
                "is no untrained network to compare with"
            )
        elif repeats:
            self.notes.append(
                f"{studied.spec} makes the same weights whatever the seed, so that there is one "
                "untrained network to compare with"
            )
        return found

    def networks(self, encodings: Sequence[Encoding]) -> "dict[str, Network]":
        """All with weights of their own, each with the layer under study."""
        return {
            encoding.name: AnsweringLayer(model.net, model.answerer(), encoding.encoder.layer)
            for model, encoding in zip(self.models, encodings, strict=False)
            if isinstance(encoding.encoder, NetworkEncoder)
        }

    def snapshots(self, encodings: Sequence[Encoding]) -> dict[int, NDArray[np.float32]] | None:
        """None: nobody kept any."""
        del encodings
        return None

    def _name(self, number: int) -> str:
        weights = self.models[number].weights
        name = self.models[number].spec if weights is None else weights["file"]
        same = [
            model.weights is not None and model.weights["file"] == name
            for model in self.models[:number]
        ]
        return f"{name} ({number + 1})" if any(same) else name


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
        note("classes are read from the mean output over time")
    return Models(models, layer, device)
