"""Our own files: a checkpoint whole or not at all."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from snnviz.files import write_bytes


def save_checkpoint(checkpoint: dict[str, Any], path: str | Path) -> Path:
    """`path`, which holds `checkpoint` afterwards, whole or not at all.

    Args:
        checkpoint: Plain values and tensors only, so that `weights_only` readers open it; `net`
            is the network's state dict.
        path: Where to; an older file there is replaced at once.

    Raises:
        ExportError: It cannot be written there.

    Example:
        >>> net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4), seed=0)
        >>> state = {"net": net.state_dict(), "network": net.config.as_dict()}
        >>> snnviz.save_checkpoint(state, "net.pth").name
        'net.pth'
    """
    return write_bytes(checkpoint_bytes(checkpoint), Path(path))


def checkpoint_bytes(checkpoint: dict[str, Any]) -> memoryview:
    """What a file with `checkpoint` in it holds."""
    # By way of memory: on a full disk torch.save itself raises a RuntimeError about its own format.
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    return buffer.getbuffer()


def encoder_checkpoint(
    state: Mapping[str, Any], network: Mapping[str, Any], **about: Any
) -> dict[str, Any]:
    """The checkpoint of an encoder alone, some 10 kB for 128 channels.

    Args:
        state: State dict of the whole network, or of the encoder.
        network: `NetworkConfig.as_dict()` of the network.
        about: What else the file is to say, such as `epoch` and `max_test_acc`.
    """
    encoder = {
        name: value.detach().to("cpu", memory_format=torch.contiguous_format, copy=True)
        for name, value in state.items()
        if name.startswith("static_conv.")
    }
    return {"net": encoder, "network": dict(network), **about}
