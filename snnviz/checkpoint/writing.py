"""Our own files: a checkpoint whole or not at all."""

import io
from pathlib import Path
from typing import Any

import torch

from snnviz.files import atomic_write


def save_checkpoint(checkpoint: dict[str, Any], path: Path) -> Path:
    """`path`, which holds `checkpoint` afterwards, whole or not at all.

    Args:
        checkpoint: Plain values and tensors only, so that `weights_only` readers open it; `net`
            is the network's state dict.
        path: Where to; an older file there is replaced at once.

    Raises:
        ExportError: It cannot be written there.
    """
    # By way of memory: on a full disk torch.save itself raises a RuntimeError about its own format.
    buffer = io.BytesIO()
    torch.save(checkpoint, buffer)
    with atomic_write(path) as file:
        file.write(buffer.getbuffer())
    return path
