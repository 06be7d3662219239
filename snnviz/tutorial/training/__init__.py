"""The tutorial's training: one `EpochResult` an epoch, and nothing written."""

from snnviz.tutorial.training.config import OPTIMIZERS, SCHEDULES, TrainConfig
from snnviz.tutorial.training.loop import EpochResult, train

__all__ = ["OPTIMIZERS", "SCHEDULES", "EpochResult", "TrainConfig", "train"]
