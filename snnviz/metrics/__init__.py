"""Numbers about spikes, one file a family: how good an encoder is.

NumPy and SciPy only. A family that runs over a data set is an accumulator, which is fed batches
with `update`, added to another with `merge`, and read with `result`.
"""

from snnviz._renaming import old_names
from snnviz.metrics.activity import Activity, ActivityResult, sparseness
from snnviz.metrics.attribution import (
    first_spike_maps,
    rank_correlations,
    resize_maps,
    spike_activation_maps,
)
from snnviz.metrics.batched_alignment import BatchedAlignment
from snnviz.metrics.bits import entropy, mutual_information
from snnviz.metrics.classes import Classes, ClassesResult, class_selectivity
from snnviz.metrics.contours import (
    CHANNEL_TYPES,
    ContourResult,
    Contours,
    channel_types,
)
from snnviz.metrics.corruptions import CORRUPTIONS, corrupt
from snnviz.metrics.cost import Cost, CostResult
from snnviz.metrics.deletion import (
    SHARES,
    SUBSTITUTES,
    area_under,
    pixel_order,
    random_ranks,
    replace_first,
    substitutes,
)
from snnviz.metrics.differences import (
    Estimate,
    Paired,
    PairedMean,
    bootstrap_mean,
    drawn_difference,
    jackknife_deviation,
    paired_difference,
    paired_mean,
)
from snnviz.metrics.encoder_diff import EncoderDiff, EncoderSide, encoder_diff
from snnviz.metrics.exciting import Exciting, ExcitingResult, most_exciting
from snnviz.metrics.gradients import (
    QUANTITIES,
    gradient_magnitude,
    image_quantities,
    sobel_gradient,
)
from snnviz.metrics.information import Information, InformationResult
from snnviz.metrics.matching import Matching, match_channels
from snnviz.metrics.moments import (
    CORRELATIONS,
    correlations,
    draw_correlations,
    edge_with_intensity,
    image_moments,
    partial_correlation,
)
from snnviz.metrics.neuron_information import NeuronInformation, NeuronInformationResult
from snnviz.metrics.operating_point import OperatingPoint, OperatingPointResult
from snnviz.metrics.pooling import pooled_counts, pooling_side
from snnviz.metrics.probe import ClassProbe, ProbeFit
from snnviz.metrics.probe_score import ProbeChoice, ProbeResult, ProbeScore
from snnviz.metrics.receptive_field import (
    ReceptiveFieldResult,
    SpikeTriggered,
    effective_size,
)
from snnviz.metrics.reconstruction import Reconstruction, ReconstructionFit
from snnviz.metrics.reconstruction_score import ReconstructionResult, ReconstructionScore
from snnviz.metrics.redundancy import (
    Redundancy,
    RedundancyResult,
    alignment,
    cka,
    correlation,
    participation_ratio,
)
from snnviz.metrics.similarity import (
    peak_signal_to_noise,
    squared_error,
    structural_similarity,
)
from snnviz.metrics.skeleton import Skeleton, SkeletonResult, stable_neurons
from snnviz.metrics.stability import first_spike_delay, first_spikes_kept
from snnviz.metrics.synchrony import Synchrony, SynchronyResult, channel_synchrony
from snnviz.metrics.timing import early_exit, fit_temperature, information_centroid
from snnviz.metrics.trains import EDITS, edit_trains
from snnviz.metrics.weight_change import (
    FoldedChange,
    WeightChange,
    channel_change,
    channel_rotation,
    fold_batch_norm,
    folded_change,
    kernel_change,
    split_kernels,
    weight_change,
)
from snnviz.metrics.wilson import wilson_interval
from snnviz.records.receptive_field import ReceptiveField

__all__ = [
    "CHANNEL_TYPES",
    "CORRELATIONS",
    "CORRUPTIONS",
    "EDITS",
    "QUANTITIES",
    "SHARES",
    "SUBSTITUTES",
    "Activity",
    "ActivityResult",
    "BatchedAlignment",
    "ClassProbe",
    "Classes",
    "ClassesResult",
    "ContourResult",
    "Contours",
    "Cost",
    "CostResult",
    "EncoderDiff",
    "EncoderSide",
    "Estimate",
    "Exciting",
    "ExcitingResult",
    "FoldedChange",
    "Information",
    "InformationResult",
    "Matching",
    "NeuronInformation",
    "NeuronInformationResult",
    "OperatingPoint",
    "OperatingPointResult",
    "Paired",
    "PairedMean",
    "ProbeChoice",
    "ProbeFit",
    "ProbeResult",
    "ProbeScore",
    "ReceptiveField",
    "ReceptiveFieldResult",
    "Reconstruction",
    "ReconstructionFit",
    "ReconstructionResult",
    "ReconstructionScore",
    "Redundancy",
    "RedundancyResult",
    "Skeleton",
    "SkeletonResult",
    "SpikeTriggered",
    "Synchrony",
    "SynchronyResult",
    "WeightChange",
    "alignment",
    "area_under",
    "bootstrap_mean",
    "channel_change",
    "channel_rotation",
    "channel_synchrony",
    "channel_types",
    "cka",
    "class_selectivity",
    "correlation",
    "correlations",
    "corrupt",
    "draw_correlations",
    "drawn_difference",
    "early_exit",
    "edge_with_intensity",
    "edit_trains",
    "effective_size",
    "encoder_diff",
    "entropy",
    "first_spike_delay",
    "first_spike_maps",
    "first_spikes_kept",
    "fit_temperature",
    "fold_batch_norm",
    "folded_change",
    "gradient_magnitude",
    "image_moments",
    "image_quantities",
    "information_centroid",
    "jackknife_deviation",
    "kernel_change",
    "match_channels",
    "most_exciting",
    "mutual_information",
    "paired_difference",
    "paired_mean",
    "partial_correlation",
    "participation_ratio",
    "peak_signal_to_noise",
    "pixel_order",
    "pooled_counts",
    "pooling_side",
    "random_ranks",
    "rank_correlations",
    "replace_first",
    "resize_maps",
    "sobel_gradient",
    "sparseness",
    "spike_activation_maps",
    "split_kernels",
    "squared_error",
    "stable_neurons",
    "structural_similarity",
    "substitutes",
    "weight_change",
    "wilson_interval",
]

# Old to new: the old ones work for one version, with a warning.
__getattr__ = old_names(__name__, {"Movement": "WeightChange", "movement": "weight_change"})
