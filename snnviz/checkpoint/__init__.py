"""Checkpoints: write ours, read everybody's, run nobody's code.

Downwards: `load_checkpoint` (loading) opens a file through `read_file` (reading), which returns
plain values, tensors and inert stand-ins; `canonical_state` (forms) names its weights as `ConvSNN`
does; what remains is checked and becomes a `Checkpoint`.
"""

from snnviz.checkpoint.loading import Checkpoint, load_checkpoint
from snnviz.checkpoint.writing import save_checkpoint

__all__ = ["Checkpoint", "load_checkpoint", "save_checkpoint"]
