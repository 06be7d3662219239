"""What there is to see of where a network looks: its maps, and the classes that they are of."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from snnviz.adapters.encoder import Encoder
from snnviz.adapters.network import NetworkEncoder
from snnviz.batching import batches
from snnviz.data import ImageSet, to_input
from snnviz.errors import ConfigError
from snnviz.metrics.attribution import GAMMA
from snnviz.metrics.timing import fit_temperature, is_blind
from snnviz.scoring.checks import check_labels
from snnviz.scoring.explaining import (
    GRADIENT_METHODS,
    METHODS,
    SPIKE_METHODS,
    gradient_maps,
    spike_maps,
)
from snnviz.scoring.judging import Answer
from snnviz.scoring.worsened import Settings, with_steps

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from snnviz.scoring.explaining import Maps

_BATCH = 64


class Target(NamedTuple):
    """The class that is explained, of each image.

    Attributes:
        classes: Ints [N].
        explained: "label", or "answer" where there are no labels.
        temperature: With which softmax tells those classes best, see `fit_temperature`.
    """

    classes: "NDArray[np.int64]"
    explained: str
    temperature: float

    @property
    def is_blind(self) -> bool:
        """Whether the best temperature is the hottest, at which all classes are alike."""
        return is_blind(self.temperature)

    @classmethod
    def of(cls, answer: Answer, images: ImageSet) -> "Target":
        """The labels, or the network's own answers where there are none.

        Raises:
            DataError: A label that the network has no output for.
        """
        parts = [answer(images.images[some]) for some in batches(len(images), _BATCH)]
        scores = np.concatenate(parts)
        if images.labels is None:
            classes, explained = scores.argmax(1), "answer"
        else:
            classes, explained = check_labels(images, scores.shape[1]).astype(np.int64), "label"
        return cls(classes, explained, fit_temperature(scores, classes))


class Looker:
    """The maps of one network, or of one encoder.

    Args:
        net: The network, or an encoder.
        settings: What the user says of it.
        layer: The layer whose spikes are looked at; None: the first.
        encoder: What ends with that, where there is a faster one than is made here.
        gamma: As for `snnviz.metrics.spike_activation_maps`.

    Raises:
        ConfigError: There is no such layer.
    """

    def __init__(
        self,
        net: "nn.Module | Encoder",
        settings: Settings,
        *,
        layer: str | None = None,
        encoder: Encoder | None = None,
        gamma: float = GAMMA,
    ) -> None:
        self.runner = None if isinstance(net, Encoder) else settings.runner(net, settings.T)
        if layer is None:
            self.encoder = encoder or settings.encoder(net)
        elif isinstance(net, Encoder):
            raise ConfigError(
                "an encoder is looked at in its own layer; give the network, or leave out the layer"
            )
        else:
            mean, std = (v if v is None else tuple(v) for v in (settings.mean, settings.std))
            self.encoder = NetworkEncoder(
                with_steps(net, settings.T), layer, settings.T, mean=mean, std=std, copy=False
            )
        self.T = 0
        self._wished, self._gamma = settings.T, gamma

    def prepare(self, images: ImageSet) -> tuple[int, ...]:
        """The shape of the layer's neurons for such images.

        Raises:
            ConfigError: It cannot be run so.
            ShapeError: The images do not suit it.
        """
        few = to_input(images.images[:2])
        self.encoder.prepare(few, self._wished)
        self.T = self._wished or self.encoder.T
        return self.encoder.encode(few, self.T).shape[1:]

    def maps(
        self,
        images: "NDArray[np.uint8]",
        others: "NDArray[np.uint8]",
        classes: "NDArray[np.integer] | None",
        methods: Sequence[str],
    ) -> "Maps":
        """The maps of images by each of the methods, floats [n, H, W].

        Args:
            images: Bytes, as the network takes them.
            others: What pixels become where they are deleted.
            classes: Those that are explained; None where nothing answers.
            methods: Which of `METHODS`.

        Raises:
            ConfigError: One of them cannot be had.
        """
        pixels = to_input(images)
        found: Maps = {}
        if spikes := [name for name in methods if name in SPIKE_METHODS]:
            found |= spike_maps(self.encoder, pixels, self.T, spikes, self._gamma)
        gradients = [name for name in methods if name in GRADIENT_METHODS]
        if gradients and self.runner is not None and classes is not None:
            with self.runner.running(pixels) as running:
                found |= gradient_maps(running, pixels, to_input(others), classes, gradients)
        return found


def possible_methods(
    looker: Looker, images: ImageSet, wished: Sequence[str] | None, notes: list[str]
) -> list[str]:
    """The methods that can be had of a network, in the order of `METHODS`.

    Args:
        looker: Its maps.
        images: Images, of which two are tried.
        wished: Those that were asked for; None: all that can be had.
        notes: Why others are left out is added here.

    Raises:
        ConfigError: One that was asked for cannot be had, or none can.
    """
    if wished is not None and (unknown := [name for name in wished if name not in METHODS]):
        raise ConfigError(f"no method {unknown[0]!r}; choose from {', '.join(METHODS)}")
    if wished is not None and not wished:
        raise ConfigError(f"got no method; choose from {', '.join(METHODS)}")
    reasons: dict[str, str] = {}
    shape, layer = looker.prepare(images), looker.encoder.layer
    if len(shape) != 3:
        size = " x ".join(map(str, shape))
        reason = f"the neurons of {layer or 'the layer'} ({size}) are no feature maps"
        reasons |= dict.fromkeys(SPIKE_METHODS, reason)
    if looker.T == 1:
        reasons.setdefault("sam", "in T = 1 steps there is no interval between spikes")
    methods = [name for name in METHODS if wished is None or name in wished]
    gradients = [name for name in methods if name in GRADIENT_METHODS]
    if gradients:
        try:
            _try_gradients(looker, images, gradients)
        except ConfigError as error:
            reasons |= dict.fromkeys(gradients, str(error))
    refused = {name: reason for name, reason in reasons.items() if name in methods}
    if wished is not None and refused:
        name, reason = next(iter(refused.items()))
        raise ConfigError(reason if reason.startswith(name) else f"there is no {name}: {reason}")
    left = [name for name in methods if name not in refused]
    said = [_said(reason, refused) for reason in dict.fromkeys(refused.values())]
    if not left:
        raise ConfigError("; ".join(said))
    notes += said
    return left


def _try_gradients(looker: Looker, images: ImageSet, methods: list[str]) -> None:
    if looker.runner is None:
        raise ConfigError("an encoder gives no answers, of which gradients could be taken")
    few = images.images[:1]
    looker.maps(few, few, np.zeros(1, np.int64), methods[:1])


def _said(reason: str, refused: dict[str, str]) -> str:
    names = " and ".join(name for name, given in refused.items() if given == reason)
    return f"{names} {'are' if ' and ' in names else 'is'} left out: {reason}"
