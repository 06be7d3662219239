"""See what a spiking encoder has learned, and say it in numbers.

The public names are listed in `__all__` and loaded when first used, so that `import snnviz` costs
neither torch nor matplotlib.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

# Where each public name lives.
_HOMES = {
    "CheckpointError": "errors",
    "ConfigError": "errors",
    "DataError": "errors",
    "ExportError": "errors",
    "ShapeError": "errors",
    "SnnvizError": "errors",
    "TrainingError": "errors",
    "SpikeRecord": "spikes",
    "membrane_potentials": "membrane",
    "ImageSet": "data",
    "Sample": "data",
    "fashion_mnist": "data",
    "garments": "data",
    "load_picture": "data",
    "to_input": "data",
    "ConvSNN": "network",
    "NetworkConfig": "network",
    "build_network": "network",
    "Checkpoint": "checkpoint",
    "load_checkpoint": "checkpoint",
    "load_training_state": "checkpoint",
    "save_checkpoint": "checkpoint",
    "Encoder": "encoder",
    "load_encoder": "encoder",
    "split_encoder": "encoder",
    "EpochResult": "training",
    "TrainConfig": "training",
    "channel_importance": "importance",
    "evaluate": "evaluation",
    "train": "training",
    "measure": "measurement",
    "Measurement": "measurement",
    "Energy": "energy",
    "anytime_figure": "figures",
    "confusion_figure": "figures",
    "firing_rate_figure": "figures",
    "accuracy_figure": "figures",
    "feature_map_figure": "figures",
    "input_figure": "figures",
    "loss_figure": "figures",
    "class_atlas_figure": "figures",
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
    "scorecard_figure": "figures",
    "sorted_channels_figure": "figures",
    "spike_frames": "figures",
    "spike_map_figure": "figures",
    "staircase_figure": "figures",
    "render_animation": "export",
    "FigureSetOptions": "export",
    "write_figure_sets": "export",
    "Analysis": "analysis",
    "analyze": "analysis",
    "baseline_coders": "analysis",
    "checkpoint_coders": "analysis",
    "encoder_coder": "analysis",
    "write_analysis": "analysis",
    "read_curves": "runs",
    "record_training": "runs",
}

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'snnviz' has no attribute {name!r}")
    value = getattr(import_module(f"snnviz.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    # The same names for type checkers and editors, which do not run __getattr__.
    from snnviz.analysis import (
        Analysis,
        analyze,
        baseline_coders,
        checkpoint_coders,
        encoder_coder,
        write_analysis,
    )
    from snnviz.checkpoint import (
        Checkpoint,
        load_checkpoint,
        load_training_state,
        save_checkpoint,
    )
    from snnviz.data import ImageSet, Sample, fashion_mnist, garments, load_picture, to_input
    from snnviz.encoder import Encoder, load_encoder, split_encoder
    from snnviz.energy import Energy
    from snnviz.errors import (
        CheckpointError,
        ConfigError,
        DataError,
        ExportError,
        ShapeError,
        SnnvizError,
        TrainingError,
    )
    from snnviz.evaluation import evaluate
    from snnviz.export import FigureSetOptions, render_animation, write_figure_sets
    from snnviz.figures import (
        accuracy_figure,
        anytime_figure,
        class_atlas_figure,
        confusion_figure,
        encoder_history_figure,
        feature_map_figure,
        firing_rate_figure,
        first_spike_figure,
        input_figure,
        kernel_figure,
        kernel_history_figure,
        loss_figure,
        membrane_figure,
        over_time_figure,
        potential_map_figure,
        raster_figure,
        rate_histogram_figure,
        reconstruction_figure,
        scorecard_figure,
        sorted_channels_figure,
        spike_frames,
        spike_map_figure,
        staircase_figure,
    )
    from snnviz.importance import channel_importance
    from snnviz.measurement import Measurement, measure
    from snnviz.membrane import membrane_potentials
    from snnviz.network import ConvSNN, NetworkConfig, build_network
    from snnviz.runs import read_curves, record_training
    from snnviz.spikes import SpikeRecord
    from snnviz.training import EpochResult, TrainConfig, train
