"""Where in each image a page's encoder spikes, as small pictures."""

from typing import TYPE_CHECKING

import numpy as np

from snnviz.metrics.attribution import first_spike_maps, resize_maps, spike_activation_maps
from snnviz.scoring.explained import map_levels

if TYPE_CHECKING:
    from snnviz.records.spikes import SpikeRecord
    from snnviz.report.packing import Block, Place


def where_maps(
    record: "SpikeRecord", size: tuple[int, int], block: "Block"
) -> "dict[str, Place] | None":
    """Where the maps of one image lie, by name, bytes [H, W]; None where there are none.

    "sam": spike activation maps of all steps, added up, which T = 1 leaves out; "first-spike": how
    early neurons fire first; each from its lowest value, 0, to its highest, 255. See
    `snnviz.metrics.spike_activation_maps` and `first_spike_maps`.

    Args:
        record: Channels [1, K, H, W]; cells of one neuron are no maps.
        size: Height and width of the image.
        block: What the maps are added to.
    """
    if record.shape[2:] == (1, 1):
        return None
    maps = {"first-spike": first_spike_maps(record)}
    if record.T > 1:
        maps["sam"] = spike_activation_maps(record).sum(0)
    return {
        name: block.add(np.ascontiguousarray(map_levels(resize_maps(maps[name], size))[0]))
        for name in sorted(maps, reverse=True)
    }
