"""Arrays to `matplotlib.figure.Figure`; no pyplot, no files."""

from snnviz._renaming import old_names
from snnviz.figures.accuracy_over_time import accuracy_over_time_figure
from snnviz.figures.alignment import alignment_figure
from snnviz.figures.atlas import class_atlas_figure
from snnviz.figures.attribution import attribution_figure
from snnviz.figures.channels import sorted_channels_figure
from snnviz.figures.comparison import comparison_figure
from snnviz.figures.composed import composed_figure
from snnviz.figures.confusion import confusion_figure
from snnviz.figures.curves import accuracies_figure, accuracy_figure, loss_figure
from snnviz.figures.deletion import deletion_figure
from snnviz.figures.early_exit import early_exit_figure
from snnviz.figures.encoder_diff import encoder_diff_figure
from snnviz.figures.event_frames import frames_figure
from snnviz.figures.exciting import exciting_figure
from snnviz.figures.feature_maps import feature_map_figure
from snnviz.figures.fi_curve import fi_curve_figure
from snnviz.figures.firing_rate import firing_rate_figure
from snnviz.figures.first_spikes import first_spike_figure
from snnviz.figures.history import encoder_history_figure, kernel_history_figure
from snnviz.figures.input_image import input_figure
from snnviz.figures.kernels import kernel_figure
from snnviz.figures.neurons import membrane_figure, raster_figure
from snnviz.figures.operating_point import operating_point_figure, stability_figure
from snnviz.figures.over_time import over_time_figure
from snnviz.figures.potential_maps import potential_map_figure
from snnviz.figures.rates import rate_histogram_figure
from snnviz.figures.reconstruction import reconstruction_figure
from snnviz.figures.robustness import robustness_figure
from snnviz.figures.scorecard import scorecard_figure
from snnviz.figures.sheet import SheetEntry, contact_sheet_figure
from snnviz.figures.spike_maps import spike_frames, spike_map_figure

__all__ = [
    "SheetEntry",
    "accuracies_figure",
    "accuracy_figure",
    "accuracy_over_time_figure",
    "alignment_figure",
    "attribution_figure",
    "class_atlas_figure",
    "comparison_figure",
    "composed_figure",
    "confusion_figure",
    "contact_sheet_figure",
    "deletion_figure",
    "early_exit_figure",
    "encoder_diff_figure",
    "encoder_history_figure",
    "exciting_figure",
    "feature_map_figure",
    "fi_curve_figure",
    "firing_rate_figure",
    "first_spike_figure",
    "frames_figure",
    "input_figure",
    "kernel_figure",
    "kernel_history_figure",
    "loss_figure",
    "membrane_figure",
    "operating_point_figure",
    "over_time_figure",
    "potential_map_figure",
    "raster_figure",
    "rate_histogram_figure",
    "reconstruction_figure",
    "robustness_figure",
    "scorecard_figure",
    "sorted_channels_figure",
    "spike_frames",
    "spike_map_figure",
    "stability_figure",
]

# Old to new: the old ones work for one version, with a warning.
__getattr__ = old_names(
    __name__,
    {"anytime_figure": "accuracy_over_time_figure", "staircase_figure": "fi_curve_figure"},
)
