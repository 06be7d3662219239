"""Channels in an order that says something: by rate, by type, by edges, by what they are worth."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.streaming import at_size
from snnviz.analysis.within import Network, in_networks
from snnviz.data import ImageSet, Sample
from snnviz.errors import ConfigError
from snnviz.export.encoding import encode_first
from snnviz.metrics import CHANNEL_TYPES, QUANTITIES, Contours

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from snnviz.adapters.encoder import Encoder
    from snnviz.records.spikes import SpikeRecord

ORDERS = ("index", "rate", "type", "edges", "importance")
"""The orders of `channel_order`."""
ORDER_IMAGES = 100
"""So many images at most decide on an order."""


def channel_order(
    encoder: "Encoder",
    samples: Sequence[Sample],
    T: int,
    by: str,
    *,
    network: Network | None = None,
    known: "dict[int, SpikeRecord] | None" = None,
) -> tuple[int, ...]:
    """All channels of an encoder, the most telling first; equal ones in the order of their numbers.

    - "index": as they are numbered;
    - "rate": by falling firing rate;
    - "type": by `snnviz.metrics.channel_types`, in the order of `CHANNEL_TYPES`, then by rate;
    - "edges": by falling correlation of spike counts with the image's gradient magnitude;
    - "importance": by how much accuracy the network loses without the channel.

    Args:
        encoder: Whose channels.
        samples: Images; the first `ORDER_IMAGES` of those as large as the first one count.
        T: Number of time steps.
        by: One of `ORDERS`.
        network: The whole network, for "importance", which needs labels too.
        known: Records of samples by their index, which are not encoded again; others are added.

    Raises:
        ConfigError: There is no such order, or what it needs is missing.
        ShapeError: The images do not suit the encoder.
    """
    if by not in ORDERS:
        raise ConfigError(f"no order {by!r}; choose from {', '.join(ORDERS)}")
    few, record = encode_first(encoder, samples, T, ORDER_IMAGES, {} if known is None else known)
    K, H, W = record.shape[1:]
    if by == "index" or K == 1:
        return tuple(range(K))
    if by == "importance":
        return _falling(_importance(network, encoder.layer, few, K))
    rate = record.count(T - 1).mean(axis=(0, 2, 3), dtype=float)
    if by == "rate":
        return _falling(rate)
    contours = Contours(T, (K, H, W))
    contours.update(record, at_size(np.stack([sample.image for sample in few]), (H, W)), None)
    found = contours.result()
    if by == "edges":
        return _falling(np.nan_to_num(found.correlation[-1, :, QUANTITIES.index("edge")], nan=-2))
    places = np.array([CHANNEL_TYPES.index(name) for name in found.types()])
    return tuple(int(k) for k in np.lexsort((-rate, places)))


def _falling(values: "NDArray[np.floating]") -> tuple[int, ...]:
    return tuple(int(k) for k in np.argsort(-values, kind="stable"))


def _importance(
    network: Network | None, layer: str, samples: Sequence[Sample], channels: int
) -> "NDArray[np.float64]":
    """Accuracy lost without each channel.

    Raises:
        ConfigError: It cannot be told.
    """
    if network is None:
        raise ConfigError(
            "channels are sorted by importance in a whole network; give one, or sort by rate"
        )
    labels = [sample.label for sample in samples]
    if any(label is None for label in labels):
        raise ConfigError("sorting by importance needs labelled images; sort by rate")
    images = ImageSet(
        "the images", np.concatenate([each.channels[np.newaxis] for each in samples]),
        np.array(labels, int),
    )  # fmt: skip
    name = layer or "the encoder"
    found, why = in_networks({name: network}, {name: channels}, images)
    importance = found[name].importance if name in found else None
    if importance is None:
        raise ConfigError(f"no order by importance: {why[0] if why else 'unknown'}; sort by rate")
    return importance.drop


def by_turns(
    types: "Sequence[str]", order: "NDArray[np.integer]", wanted: "NDArray[np.bool_]"
) -> list[int]:
    """The wanted channels, all where there are none: the first of each type, then the seconds.

    Args:
        types: The type of each channel.
        order: All channels, the best first.
        wanted: Which of them there is something to be seen of.
    """
    seen: dict[str, int] = {}
    turns = []
    for place, channel in enumerate(order.tolist()):
        if wanted[channel] or not wanted.any():
            seen[types[channel]] = seen.get(types[channel], 0) + 1
            turns.append((seen[types[channel]], place, channel))
    return [channel for _, _, channel in sorted(turns)]
