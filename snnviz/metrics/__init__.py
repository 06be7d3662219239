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
from snnviz.metrics.probe import (
    ClassProbe,
    ProbeFit,
    ProbeResult,
    ProbeScore,
    pooled_counts,
    pooling_side,
    wilson_interval,
)
from snnviz.metrics.reconstruction import Reconstruction, ReconstructionFit
from snnviz.metrics.reconstruction_score import ReconstructionResult, ReconstructionScore
from snnviz.metrics.similarity import (
    peak_signal_to_noise,
    squared_error,
    structural_similarity,
)

__all__ = [
    "CHANNEL_TYPES",
    "QUANTITIES",
    "ClassProbe",
    "ContourResult",
    "Contours",
    "ProbeFit",
    "ProbeResult",
    "ProbeScore",
    "Reconstruction",
    "ReconstructionFit",
    "ReconstructionResult",
    "ReconstructionScore",
    "channel_types",
    "gradient_magnitude",
    "image_quantities",
    "peak_signal_to_noise",
    "pooled_counts",
    "pooling_side",
    "sobel_gradient",
    "squared_error",
    "structural_similarity",
    "wilson_interval",
]
