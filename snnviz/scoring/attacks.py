"""Images changed so that a network answers wrongly, by the gradient through its surrogates.

A spiking neuron's own derivative is 0 almost everywhere; what is used here is that of its
surrogate, the function that it was trained with. That gradient is not one of what the network
computes. So the accuracy that an attack leaves is an upper bound: a better attack may leave less,
and a high number may mean a poor gradient and no robustness (A. Athalye et al. 2018,
arXiv:1802.00420). Random changes of the same size, and how often the gradient is 0, say how far.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from numpy.typing import NDArray
from torch import Tensor

from snnviz.errors import ConfigError
from snnviz.scoring.running import Running

ATTACKS = ("random signs", "fgsm", "pgd")
EPSILONS = (2 / 255, 4 / 255, 8 / 255, 16 / 255, 32 / 255)
"""How far each pixel, in [0, 1], may be changed, by severity."""

PGD_STEPS = 10
CAVEAT = (
    "the gradient is that of the surrogate functions, not of the spikes: what is left under attack "
    "is an upper bound, and a better attack may leave less"
)


@dataclass(frozen=True, eq=False)
class Attacked:
    """What became of some images.

    Attributes:
        right: Whether each is answered rightly, by attack and severity, bool [3, 5, N].
        blind: Whether the gradient is 0 at all pixels of an image, bool [N].
    """

    right: NDArray[np.bool_]
    blind: NDArray[np.bool_]


def attack(
    running: Running,
    images: NDArray[np.floating],
    labels: NDArray[np.integer],
    *,
    steps: int = PGD_STEPS,
    seed: int = 0,
    first: int = 0,
) -> Attacked:
    """Which images are still answered rightly under each of `ATTACKS`, at each of `EPSILONS`.

    FGSM (I. Goodfellow et al. 2014, arXiv:1412.6572): x + e sign(dL/dx), clipped to [0, 1], with L
    the cross-entropy of the mean output over time. PGD (A. Madry et al. 2017, arXiv:1706.06083): a
    start drawn evenly from the changes up to e, then steps of 2.5 e / `steps` along the sign,
    clipped to those changes and to [0, 1]; an image is answered rightly where it is so
    unchanged, at each step and at the end. Random signs: x + e s with s of -1 or 1, drawn.

    Args:
        running: The network.
        images: Floats [N, C, H, W] in [0, 1].
        labels: Their classes.
        steps: Steps of PGD.
        seed: Of random numbers.
        first: The number of the first image, which they depend on.

    Raises:
        ConfigError: The network passes no gradient on to its input.
    """
    found, blind = [], []
    for pixels, count in running.chunks(images):
        wanted = np.resize(labels[:count], len(pixels))
        label = torch.from_numpy(wanted.astype(np.int64)).to(pixels.device)
        signs = _drawn(pixels, (first, seed), count)
        right, gradient = _right_and_gradient(running, pixels, label)
        none = (gradient == 0).flatten(1).all(1)
        by_epsilon = [
            (
                _right(running, _moved(pixels, e * signs.sign()), label),
                _right(running, _moved(pixels, e * gradient.sign()), label),
                right & _descended(running, pixels, label, e, signs * e, steps),
            )
            for e in EPSILONS
        ]
        stacked = torch.stack([torch.stack(each) for each in by_epsilon], dim=1)
        found.append(stacked[:, :, :count].cpu())
        blind.append(none[:count].cpu())
        labels, first = labels[count:], first + count
    return Attacked(torch.cat(found, dim=2).numpy(), torch.cat(blind).numpy())


def input_gradient(running: Running, pixels: Tensor, label: Tensor) -> Tensor:
    """The gradient of each image's cross-entropy by its pixels, as `pixels`.

    Args:
        running: The network.
        pixels: Floats [n, C, H, W].
        label: Classes, ints [n].

    Raises:
        ConfigError: The network passes none on.
    """
    return _right_and_gradient(running, pixels, label)[1]


def _right_and_gradient(running: Running, pixels: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    with torch.enable_grad():
        wanted = pixels.detach().clone().requires_grad_()
        scores = running.scores(wanted).mean(0)
        if not scores.requires_grad:
            raise ConfigError("the network passes no gradient on to its input")
        loss = F.cross_entropy(scores, label, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, wanted, allow_unused=True)
    if gradient is None:
        raise ConfigError("the network passes no gradient on to its input")
    return scores.detach().argmax(1) == label, gradient.detach()


def _right(running: Running, pixels: Tensor, label: Tensor) -> Tensor:
    return running.scores(pixels).double().mean(0).argmax(1) == label


def _descended(
    running: Running, pixels: Tensor, label: Tensor, epsilon: float, start: Tensor, steps: int
) -> Tensor:
    """Whether each image is answered rightly all along PGD's way."""
    change = _moved(pixels, start) - pixels
    kept = torch.ones_like(label, dtype=torch.bool)
    for _ in range(steps):
        right, gradient = _right_and_gradient(running, pixels + change, label)
        kept &= right
        further = change + 2.5 * epsilon / steps * gradient.sign()
        change = _moved(pixels, further.clamp(-epsilon, epsilon)) - pixels
    return kept & _right(running, pixels + change, label)


def _moved(pixels: Tensor, change: Tensor) -> Tensor:
    return (pixels + change).clamp(0, 1)


def _drawn(pixels: Tensor, seeds: tuple[int, int], count: int) -> Tensor:
    """Numbers in [-1, 1] for each pixel, by the number of its image."""
    first, seed = seeds
    drawn = [
        np.random.default_rng((first + min(n, count - 1), seed)).uniform(-1, 1, pixels.shape[1:])
        for n in range(len(pixels))
    ]
    return torch.from_numpy(np.stack(drawn)).to(pixels)
