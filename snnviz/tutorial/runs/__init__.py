"""The folder of a training: what is written into it, and the curves read back from it."""

from snnviz.tutorial.runs.curves import (
    Curve,
    TrainingCurves,
    mean_curves,
    read_curves,
    read_trainings,
)
from snnviz.tutorial.runs.folder import (
    LATEST,
    MAX,
    RunFolder,
    check_run_folder,
    encoder_files,
    encoder_snapshots,
    open_run,
    read_config,
    read_settings,
)
from snnviz.tutorial.runs.recording import record_training

__all__ = [
    "LATEST",
    "MAX",
    "Curve",
    "RunFolder",
    "TrainingCurves",
    "check_run_folder",
    "encoder_files",
    "encoder_snapshots",
    "mean_curves",
    "open_run",
    "read_config",
    "read_curves",
    "read_settings",
    "read_trainings",
    "record_training",
]
