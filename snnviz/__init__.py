"""See what a spiking encoder has learned, and say it in numbers.

    >>> record = snnviz.load_encoder().encode(snnviz.garments(1).batch([0]), T=8)
    >>> snnviz.feature_map_figure(record.count(7)[0], t=7).savefig("maps.png")

Networks and encoders:
    load_encoder: the encoder of a checkpoint or a network; without either the bundled one
    split_encoder: the encoder of any network of SpikingJelly, snnTorch, Norse or sinabs
    Encoder: what turns images into spikes
    list_layers, LayerInfo: the layers of spiking neurons of any network
    load_checkpoint, Checkpoint: what a checkpoint holds, read without running its code
    save_checkpoint: a checkpoint whole or not at all
    build_network, NetworkConfig, ConvSNN: the tutorial's network

Images:
    fashion_mnist, garments: images with labels; garments are drawn, with nothing to download
    load_picture: a picture file as grey levels
    ImageSet, Sample: images with what is known of them
    to_input: grey levels as networks take them

Records:
    record, Recording: the spikes of any layers of any network
    SpikeRecord: first-spike times, counts and trains of one layer
    membrane_potentials: the potential of neurons under constant drive, step by step

Figures of spikes:
    input_figure, feature_map_figure, composed_figure: an image, its summed spikes, and both
    comparison_figure: two encoders channel by channel
    first_spike_figure, spike_map_figure, potential_map_figure: maps of times and single steps
    raster_figure, membrane_figure: chosen neurons over the steps
    spike_frames, render_animation: spikes arriving, animated

Figures of encoders:
    kernel_figure, sorted_channels_figure, class_atlas_figure: channels and what they answer to
    rate_histogram_figure, fi_curve_figure: how often channels fire, and at which drive
    reconstruction_figure, over_time_figure, scorecard_figure: what spikes are worth
    exciting_figure: the images that channels answer most
    operating_point_figure, stability_figure: where channels work, and what of them is stable
    encoder_history_figure, kernel_history_figure: weights over the epochs
    encoder_diff_figure: two encoders, kernels and mean maps of the channels that correspond

Figures of networks:
    accuracy_figure, accuracies_figure, loss_figure: over the epochs
    accuracy_over_time_figure, confusion_figure, firing_rate_figure: after the training
    robustness_figure: as what it sees gets worse
    alignment_figure: how alike its steps and layers see images
    early_exit_figure: answered as soon as it is sure
    attribution_figure, deletion_figure: where in images it looks, and whether that explains answers

Export:
    write_figure_sets, FigureSetOptions: a folder of figures of many images
    widget: the live page of snnviz report in a notebook

Analysis:
    analyze, Analysis: how good an encoder is, in numbers
    encoding_of, baseline_encodings, checkpoint_encodings: what is analyzed and compared
    write_analysis: an analysis as a folder of tables and figures
    league, League, write_league: many encoders in one table, sorted and tested against the first
    evaluate: accuracy and loss of a network
    evaluation_report, EvaluationReport, Energy: all that one pass of images through a network shows
    energy_report, EnergyReport: what its layers do, and the energy by published models
    channel_importance: what a network loses without each channel
    robustness, Robustness: what becomes of answers and first spikes as images and spikes get worse
    timing, Timing: when in a run answers are there
    attribution, Attribution: where in images a network looks, and whether that explains its answers
    layer_alignment, LayerAlignment: how alike steps and layers see images, by CKA

Training:
    train, TrainConfig, EpochResult: the tutorial's training, an epoch at a time
    record_training: a training with its run folder
    load_training_state: what a training goes on from
    read_curves: accuracy and loss by epoch of a run

Errors:
    SnnvizError: all of them
    ConfigError, DataError, ShapeError: values that do not fit, which are ValueErrors too
    CheckpointError, ExportError, TrainingError: files and trainings that fail

Names are loaded when first used: `import snnviz` costs neither torch nor matplotlib. Examples in
docstrings take `import numpy as np` and `import snnviz` as done.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from snnviz._renaming import old_names
from snnviz._version import __version__

# Where each public name lives.
_HOMES = {
    "CheckpointError": "errors",
    "ConfigError": "errors",
    "DataError": "errors",
    "ExportError": "errors",
    "ShapeError": "errors",
    "SnnvizError": "errors",
    "TrainingError": "errors",
    "SpikeRecord": "records.spikes",
    "membrane_potentials": "neurons.membrane",
    "ImageSet": "data",
    "Sample": "data",
    "fashion_mnist": "data",
    "garments": "data",
    "load_picture": "data",
    "to_input": "data",
    "ConvSNN": "tutorial.network",
    "NetworkConfig": "tutorial.network",
    "build_network": "tutorial.network",
    "Checkpoint": "tutorial.layouts",
    "load_checkpoint": "tutorial.layouts",
    "load_training_state": "tutorial.layouts",
    "save_checkpoint": "tutorial.layouts",
    "Encoder": "adapters.encoder",
    "load_encoder": "tutorial.encoder",
    "split_encoder": "adapters.network",
    "record": "adapters.recording",
    "list_layers": "adapters.recording",
    "LayerInfo": "records.recording",
    "Recording": "records.recording",
    "EpochResult": "tutorial.training",
    "TrainConfig": "tutorial.training",
    "channel_importance": "scoring.answers",
    "evaluate": "scoring.answers",
    "train": "tutorial.training",
    "evaluation_report": "scoring.answers",
    "EvaluationReport": "scoring.report",
    "EnergyReport": "scoring.energy",
    "energy_report": "scoring.energy",
    "Energy": "metrics.energy",
    "robustness": "scoring.robustness",
    "Robustness": "scoring.outcomes",
    "layer_alignment": "scoring.alignment",
    "LayerAlignment": "scoring.alignment",
    "timing": "scoring.timing",
    "Timing": "scoring.timing",
    "attribution": "scoring.attribution",
    "Attribution": "scoring.explained",
    "accuracy_over_time_figure": "figures",
    "comparison_figure": "figures",
    "composed_figure": "figures",
    "confusion_figure": "figures",
    "firing_rate_figure": "figures",
    "accuracies_figure": "figures",
    "accuracy_figure": "figures",
    "alignment_figure": "figures",
    "feature_map_figure": "figures",
    "input_figure": "figures",
    "loss_figure": "figures",
    "class_atlas_figure": "figures",
    "encoder_diff_figure": "figures",
    "encoder_history_figure": "figures",
    "first_spike_figure": "figures",
    "kernel_figure": "figures",
    "kernel_history_figure": "figures",
    "membrane_figure": "figures",
    "over_time_figure": "figures",
    "potential_map_figure": "figures",
    "raster_figure": "figures",
    "rate_histogram_figure": "figures",
    "reconstruction_figure": "figures",
    "attribution_figure": "figures",
    "deletion_figure": "figures",
    "early_exit_figure": "figures",
    "exciting_figure": "figures",
    "operating_point_figure": "figures",
    "stability_figure": "figures",
    "robustness_figure": "figures",
    "scorecard_figure": "figures",
    "sorted_channels_figure": "figures",
    "spike_frames": "figures",
    "spike_map_figure": "figures",
    "fi_curve_figure": "figures",
    "render_animation": "export",
    "FigureSetOptions": "export",
    "write_figure_sets": "export",
    "widget": "report",
    "Analysis": "analysis",
    "analyze": "analysis",
    "baseline_encodings": "tutorial.encodings",
    "checkpoint_encodings": "tutorial.encodings",
    "encoding_of": "analysis",
    "write_analysis": "analysis",
    "League": "analysis",
    "league": "analysis",
    "write_league": "analysis",
    "read_curves": "tutorial.runs",
    "record_training": "tutorial.runs",
}
# Names that changed, old to new: the old ones work for one version, with a warning.
_RENAMED = {
    "Measurement": "EvaluationReport",
    "anytime_figure": "accuracy_over_time_figure",
    "baseline_coders": "baseline_encodings",
    "checkpoint_coders": "checkpoint_encodings",
    "encoder_coder": "encoding_of",
    "measure": "evaluation_report",
    "staircase_figure": "fi_curve_figure",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604


def _load(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'snnviz' has no attribute {name!r}")
    value = getattr(import_module(f"snnviz.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


__getattr__ = old_names("snnviz", _RENAMED, _load)


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    # The same names for type checkers and editors, which do not run __getattr__.
    from snnviz.adapters.encoder import Encoder
    from snnviz.adapters.network import split_encoder
    from snnviz.adapters.recording import list_layers, record
    from snnviz.analysis import (
        Analysis,
        League,
        analyze,
        encoding_of,
        league,
        write_analysis,
        write_league,
    )
    from snnviz.data import ImageSet, Sample, fashion_mnist, garments, load_picture, to_input
    from snnviz.errors import (
        CheckpointError,
        ConfigError,
        DataError,
        ExportError,
        ShapeError,
        SnnvizError,
        TrainingError,
    )
    from snnviz.export import FigureSetOptions, render_animation, write_figure_sets
    from snnviz.figures import (
        accuracies_figure,
        accuracy_figure,
        accuracy_over_time_figure,
        alignment_figure,
        attribution_figure,
        class_atlas_figure,
        comparison_figure,
        composed_figure,
        confusion_figure,
        deletion_figure,
        early_exit_figure,
        encoder_diff_figure,
        encoder_history_figure,
        exciting_figure,
        feature_map_figure,
        fi_curve_figure,
        firing_rate_figure,
        first_spike_figure,
        input_figure,
        kernel_figure,
        kernel_history_figure,
        loss_figure,
        membrane_figure,
        operating_point_figure,
        over_time_figure,
        potential_map_figure,
        raster_figure,
        rate_histogram_figure,
        reconstruction_figure,
        robustness_figure,
        scorecard_figure,
        sorted_channels_figure,
        spike_frames,
        spike_map_figure,
        stability_figure,
    )
    from snnviz.metrics.energy import Energy
    from snnviz.neurons.membrane import membrane_potentials
    from snnviz.records.recording import LayerInfo, Recording
    from snnviz.records.spikes import SpikeRecord
    from snnviz.report import widget
    from snnviz.scoring.alignment import LayerAlignment, layer_alignment
    from snnviz.scoring.answers import channel_importance, evaluate, evaluation_report
    from snnviz.scoring.attribution import attribution
    from snnviz.scoring.energy import EnergyReport, energy_report
    from snnviz.scoring.explained import Attribution
    from snnviz.scoring.outcomes import Robustness
    from snnviz.scoring.report import EvaluationReport
    from snnviz.scoring.robustness import robustness
    from snnviz.scoring.timing import Timing, timing
    from snnviz.tutorial.encoder import load_encoder
    from snnviz.tutorial.encodings import baseline_encodings, checkpoint_encodings
    from snnviz.tutorial.layouts import (
        Checkpoint,
        load_checkpoint,
        load_training_state,
        save_checkpoint,
    )
    from snnviz.tutorial.network import ConvSNN, NetworkConfig, build_network
    from snnviz.tutorial.runs import read_curves, record_training
    from snnviz.tutorial.training import EpochResult, TrainConfig, train
