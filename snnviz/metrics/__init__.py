"""Numbers about spikes, one file a family: how good an encoder is.

NumPy, SciPy and scikit-image only. A family that runs over a data set is an accumulator, which is
fed batches with `update`, added to another with `merge`, and read with `result`.
"""

from snnviz.metrics.activity import Activity, ActivityResult, sparseness
from snnviz.metrics.classes import Classes, ClassesResult, class_selectivity
from snnviz.metrics.information import (
    Information,
    InformationResult,
    entropy,
    mutual_information,
)
from snnviz.metrics.movement import (
    Movement,
    channel_change,
    channel_rotation,
    fold_batch_norm,
    kernel_change,
    movement,
)
from snnviz.metrics.redundancy import (
    Redundancy,
    RedundancyResult,
    cka,
    correlation,
    participation_ratio,
)

__all__ = [
    "Activity",
    "ActivityResult",
    "Classes",
    "ClassesResult",
    "Information",
    "InformationResult",
    "Movement",
    "Redundancy",
    "RedundancyResult",
    "channel_change",
    "channel_rotation",
    "cka",
    "class_selectivity",
    "correlation",
    "entropy",
    "fold_batch_norm",
    "kernel_change",
    "movement",
    "mutual_information",
    "participation_ratio",
    "sparseness",
]
