"""How much a network's answers depend on each channel of its encoder."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.state import copy_network
from snnviz.data import ImageSet
from snnviz.device import full_precision
from snnviz.display import Brief
from snnviz.ranks import Ranks
from snnviz.scoring.checks import check_set
from snnviz.scoring.classifier import Classifier, Counter
from snnviz.scoring.evaluation import scale_images, to_device
from snnviz.scoring.progress import Progress, as_progress

# Images that are counted together, and bytes of their first-spike times that are kept.
_BATCH = 512
_ROOM = 1 << 28


@dataclass(frozen=True, eq=False, repr=False)
class Importance(Brief):
    """What silencing channels does to a network's answers.

    Attributes:
        total: Number of images.
        correct: Number of them answered rightly with all channels.
        correct_without: The same with one channel silenced, int64 [K].
    """

    total: int
    correct: int
    correct_without: NDArray[np.int64]

    @property
    def drop(self) -> NDArray[np.float64]:
        """Accuracy lost by silencing each channel, floats [K] in [-1, 1].

        Negative where the network does better without. Steps of 1 / `total` are the smallest that
        can be told apart, and differences of a few images are noise.
        """
        return (self.correct - self.correct_without) / self.total


@torch.inference_mode()
def channel_importance(
    net: Classifier,
    images: ImageSet,
    *,
    batch_size: int = 128,
    ranks: Ranks | None = None,
    progress: Progress | Literal[True] | None = None,
) -> Importance:
    """The accuracy of `net` with each channel of its encoder silenced in turn.

    A channel is silenced by a drive of 0 (its scale and shift in BatchNorm are 0), so that its
    neurons stay at their reset potential: an ablation as in Morcos et al., "On the importance of
    single directions for generalization", ICLR 2018. The network itself is left as it is. It takes
    K + 1 passes over the images.

    Args:
        net: A whole network.
        images: Labelled images of the size that it takes.
        batch_size: Images a pass.
        ranks: Processes that share the channels; each gets the whole result.
        progress: Called as `progress("importance", done, total)`, in this rank's channels;
            True draws a bar.

    Raises:
        SnnvizError: As `snnviz.scoring.checks.check_set`.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> snnviz.channel_importance(net, snnviz.garments(20)).drop.shape
        (4,)
    """
    progress = as_progress(progress)
    check_set(net, images, batch_size)
    pixels, labels = to_device(images, next(net.parameters()).device)
    channels = net.config.channels
    counter = net.counter(len(pixels) * (channels + 1))
    answer = (
        _stepped(net, pixels, batch_size) if counter is None else _counted(counter, pixels, net.T)
    )

    def correct(channel: int | None) -> int:
        return int((answer(channel) == labels).sum())

    everything = correct(None)
    ranks = ranks or Ranks()
    share = ranks.share(range(channels))
    found = []
    for done, channel in enumerate(share, start=1):
        found.append((channel, correct(channel)))
        if progress is not None:
            progress("importance", done, len(share))
    without = [hits for _, hits in sorted(ranks.gather(found))]
    return Importance(len(pixels), everything, np.array(without, np.int64))


# What a network takes all images for, [N], without a channel or with all of them.
_Answer = Callable[[int | None], Tensor]


def _stepped(net: Classifier, pixels: Tensor, batch_size: int) -> _Answer:
    """The answers of the plain network, of which a copy is changed."""
    whole: Any = net
    silenced: Any = copy_network(whole).eval()
    # Weights of the copy are written to, and those of the network must not be.
    assert silenced is not whole  # noqa: S101 - the tutorial's network can be copied
    norm = silenced.static_conv[1]
    assert isinstance(norm, nn.BatchNorm2d)  # noqa: S101 - as the network was built
    weight, bias = norm.weight.clone(), norm.bias.clone()

    def answer(channel: int | None) -> Tensor:
        norm.weight.copy_(weight)
        norm.bias.copy_(bias)
        if channel is not None:
            norm.weight[channel] = norm.bias[channel] = 0
        with full_precision(pixels.device):
            parts = pixels.split(batch_size)
            return torch.cat([silenced(scale_images(part)).argmax(1) for part in parts])

    return answer


def _counted(counter: Counter, pixels: Tensor, silence: int) -> _Answer:
    """The answers of the pass that counts; images are encoded once, where there is room.

    A drive of 0 never fires, which the first-spike time `silence` says.
    """
    kept: dict[int, NDArray[np.uint8]] = {}

    def encoded(place: int, part: Tensor) -> NDArray[np.uint8]:
        first = kept.get(place)
        if first is None:
            first = counter.encode(scale_images(part))
            if sum(each.nbytes for each in kept.values()) + first.nbytes <= _ROOM:
                kept[place] = first
        return first

    def answer(channel: int | None) -> Tensor:
        answers = []
        for place, some in enumerate(pixels.split(_BATCH)):
            first = encoded(place, some)
            if channel is not None:
                first = first.copy()
                first[:, channel] = silence
            answers.append(counter.count_encoded([first], len(first)).steps.sum(0).argmax(1))
        return torch.cat(answers)

    return answer
