"""Numbers about spikes, one file a family.

A family that runs over a data set is an accumulator: `update` it with records and their images,
`merge` those of several processes, and ask for the `result`. State is whole numbers, so neither
batches nor the order of merging change a bit of it. NumPy and SciPy only.
"""

from snnviz.metrics.contours import (
    CHANNEL_TYPES,
    ContourResult,
    Contours,
    channel_types,
)
from snnviz.metrics.gradients import (
    QUANTITIES,
    gradient_magnitude,
    image_quantities,
    sobel_gradient,
)

__all__ = [
    "CHANNEL_TYPES",
    "QUANTITIES",
    "ContourResult",
    "Contours",
    "channel_types",
    "gradient_magnitude",
    "image_quantities",
    "sobel_gradient",
]
