"""`load_encoder`: the encoder in a file, of a network, or the bundled one."""

import warnings
from pathlib import Path
from typing import cast

from torch import nn

from snnviz.adapters.chain import ChainEncoder
from snnviz.adapters.encoder import Encoder
from snnviz.errors import CheckpointError, ConfigError
from snnviz.tutorial.layouts import Checkpoint, load_checkpoint
from snnviz.tutorial.network import build_encoder_layers


def load_encoder(source: str | Path | nn.Module | Checkpoint | None = None) -> Encoder:
    """The encoder in a checkpoint, of a network, or the bundled one.

    Args:
        source: A checkpoint, or a file of any form that `load_checkpoint` reads, or of another
            whole network that begins with torch's layers and SpikingJelly's neurons; a network,
            which is split; None: the encoder that comes with the package. Where a file does not say
            which neurons it was trained with, a warning says which are taken.

    Raises:
        CheckpointError: The file is missing, unreadable, unsafe or holds no known network.
        ConfigError: `source` is a network that `split_encoder` cannot split.

    Example:
        >>> encoder = snnviz.load_encoder()
        >>> encoder.encode(snnviz.garments(2).batch([0, 1]), T=4).shape
        (2, 128, 28, 28)
    """
    if isinstance(source, nn.Module):
        from snnviz.adapters.network import split_encoder  # noqa: PLC0415 - see `revived`

        return split_encoder(source)
    if source is None:
        source = bundled()
    if not isinstance(source, (str, Path, Checkpoint)):
        raise ConfigError(
            f"an encoder is in a file, a checkpoint or a network, got {type(source).__name__}"
        )
    try:
        checkpoint = source if isinstance(source, Checkpoint) else load_checkpoint(source)
    except CheckpointError as error:
        assert not isinstance(source, Checkpoint)  # noqa: S101 - it was read before
        from snnviz.adapters.network import split_encoder  # noqa: PLC0415 - see `revived`

        net, _ = revived(source, error)
        warnings.warn(f"{source} {ASSUMED}; pass the network itself to prove it", stacklevel=2)
        return split_encoder(net)
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


ASSUMED = (
    "holds a network of classes that snnviz does not know: its layers up to the first neurons are "
    "taken in the order in which they are registered, which may not be that of execution"
)
"""What is said of an encoder without its network's code."""


def revived(path: str | Path, error: CheckpointError) -> tuple[nn.Sequential, str]:
    """The layers up to the first neurons of a whole pickled network, and the file's SHA-256.

    Args:
        path: The file.
        error: Why it is no checkpoint of the tutorial's network.

    Raises:
        CheckpointError: It holds no such network; `error`, where it holds no whole network at all.
    """
    # What the tutorial's checkpoints do not need would delay small sets of figures.
    from snnviz.adapters.reviving import revive_encoder  # noqa: PLC0415

    try:
        return revive_encoder(path)
    except CheckpointError as other:
        whole = "first neurons" in str(other) or "has neurons" in str(other)
        raise (other if whole else error) from error


def bundled() -> Path:
    """The checkpoint of the encoder that comes with the package; provenance.json lies beside it."""
    return Path(__file__).parents[1] / "assets" / "encoder.pth"
