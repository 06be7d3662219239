"""`load_encoder`: the encoder in a file, of a network, or the bundled one."""

import warnings
from pathlib import Path
from typing import cast

from torch import nn

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.encoder import Encoder
from snnviz.adapters.network import split_encoder
from snnviz.errors import ConfigError
from snnviz.tutorial.layouts import Checkpoint, load_checkpoint
from snnviz.tutorial.network import build_encoder_layers


def load_encoder(source: str | Path | nn.Module | Checkpoint | None = None) -> Encoder:
    """The encoder in a checkpoint, of a network, or the bundled one.

    Args:
        source: A checkpoint, or a file of any form that `load_checkpoint` reads; a network, which
            is split; None: the encoder that comes with the package. Where a file does not say
            which neurons it was trained with, a warning says which are taken.

    Raises:
        CheckpointError: The file is missing, unreadable, unsafe or holds no known network.
        ConfigError: `source` is a network that `split_encoder` cannot split.
    """
    if isinstance(source, nn.Module):
        return split_encoder(source)
    if source is None:
        source = bundled()
    if not isinstance(source, (str, Path, Checkpoint)):
        raise ConfigError(
            f"an encoder is in a file, a checkpoint or a network, got {type(source).__name__}"
        )
    checkpoint = source if isinstance(source, Checkpoint) else load_checkpoint(source)
    if checkpoint is not source and checkpoint.neurons_from == "assumed":
        warnings.warn(
            f"{source} does not say which neurons its network has; taking "
            f"{checkpoint.config.neurons}; state others with "
            "load_encoder(load_checkpoint(...).with_neurons(...))",
            stacklevel=2,
        )
    layers = build_encoder_layers(checkpoint.config, checkpoint.state)
    static_conv = cast("nn.Sequential", layers[0])
    return ChainEncoder.of(static_conv, layers[1], checkpoint.config.T)


def bundled() -> Path:
    """The checkpoint of the encoder that comes with the package; provenance.json lies beside it."""
    return Path(__file__).parents[1] / "assets" / "encoder.pth"
