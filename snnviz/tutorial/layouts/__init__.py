"""Checkpoints: write ours, read everybody's, run nobody's code.

Downwards: `load_checkpoint` (loading) opens a file through `snnviz.checkpoint`, which returns
plain values, tensors and inert stand-ins; `canonical_state` (forms) names its weights as `ConvSNN`
does; what remains is checked and becomes a `Checkpoint`. `load_training_state` (resuming) is the
same with all that training needs to go on.
"""

from snnviz.tutorial.layouts.loading import Checkpoint, load_checkpoint
from snnviz.tutorial.layouts.resuming import TrainingState, load_training_state
from snnviz.tutorial.layouts.saving import checkpoint_bytes, encoder_checkpoint, save_checkpoint

__all__ = [
    "Checkpoint",
    "TrainingState",
    "checkpoint_bytes",
    "encoder_checkpoint",
    "load_checkpoint",
    "load_training_state",
    "save_checkpoint",
]
