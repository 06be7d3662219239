"""Numbers about spikes, one file a family: how good an encoder is.

NumPy, SciPy and scikit-image only. A family that runs over a data set is an accumulator, which is
fed batches with `update`, added to another with `merge`, and read with `result`.
"""

from snnviz.metrics.activity import Activity, ActivityResult, sparseness

__all__ = [
    "Activity",
    "ActivityResult",
    "sparseness",
]
