"""Maps of where in an image a network looks: from its spikes, and from its surrogate gradients."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from snnviz.adapters.encoder import Encoder
from snnviz.errors import ConfigError
from snnviz.metrics.attribution import (
    GAMMA,
    first_spike_maps,
    resize_maps,
    spike_activation_maps,
)
from snnviz.scoring.attacks import input_gradient
from snnviz.scoring.running import Running

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Maps = dict[str, NDArray[np.float64]]

SPIKE_METHODS = ("sam", "first-spike")
GRADIENT_METHODS = ("saliency", "integrated-gradients")
METHODS = SPIKE_METHODS + GRADIENT_METHODS
"""Ways to a map of each image."""

STEPS = 8
"""Points of the path that gradients are integrated over."""

CAVEAT = (
    "saliency and integrated gradients go through the surrogate functions: they are no derivatives "
    "of what the network computes, and do not add up to its output"
)


def spike_maps(
    encoder: Encoder,
    pixels: "NDArray[np.float32]",
    T: int,
    methods: Sequence[str] = SPIKE_METHODS,
    gamma: float = GAMMA,
) -> "Maps":
    """Maps of a layer's spikes at the images' size, by method, floats [N, H, W].

    "sam": the spike activation maps of all steps, added up, see
    `snnviz.metrics.spike_activation_maps`; "first-spike": `snnviz.metrics.first_spike_maps`. Both
    are brought to the images' size by `snnviz.metrics.resize_maps`. Neither asks for an answer.

    Args:
        encoder: What ends with the layer.
        pixels: Images [N, C, H, W] in [0, 1].
        T: Number of time steps.
        methods: Which of `SPIKE_METHODS`.
        gamma: As for `snnviz.metrics.spike_activation_maps`.

    Raises:
        ShapeError: The neurons are no feature maps, or the images do not suit them.
        ConfigError: The encoder cannot be run so.
    """
    record, size = encoder.encode(pixels, T), (int(pixels.shape[-2]), int(pixels.shape[-1]))
    found: Maps = {}
    if "sam" in methods:
        found["sam"] = resize_maps(spike_activation_maps(record, gamma).sum(0), size)
    if "first-spike" in methods:
        found["first-spike"] = resize_maps(first_spike_maps(record), size)
    return found


def gradient_maps(
    running: Running,
    pixels: "NDArray[np.float32]",
    baselines: "NDArray[np.float32]",
    target: "NDArray[np.integer]",
    methods: Sequence[str] = GRADIENT_METHODS,
    steps: int = STEPS,
) -> "Maps":
    """Maps of gradients by Captum, by method, floats [N, H, W].

    "saliency": the largest size of the gradient at a pixel's channels (K. Simonyan et al. 2013,
    arXiv:1312.6034); "integrated-gradients": those along the straight path from the baseline to the
    image, times their difference, channels added up (M. Sundararajan et al. 2017,
    arXiv:1703.01365), negative where a pixel speaks against the class. Both are of the class's mean
    output over time, through the neurons' surrogates, see `CAVEAT`.

    Args:
        running: The network.
        pixels: Images [N, C, H, W] in [0, 1].
        baselines: Where the paths begin, of the same shape.
        target: The class of each image that is explained.
        methods: Which of `GRADIENT_METHODS`.
        steps: Points of a path.

    Raises:
        ConfigError: Captum is not installed, or the network passes no gradient on to its input.
    """
    captum = _captum()
    parts: dict[str, list[Tensor]] = {name: [] for name in methods}

    def scores(inputs: Tensor) -> Tensor:
        return running.scores(inputs).mean(0)

    for (chunk, count), (start, _) in zip(
        running.chunks(pixels), running.chunks(baselines), strict=True
    ):
        wanted = np.resize(target[:count], len(chunk)).astype(np.int64)
        label, target = torch.from_numpy(wanted).to(chunk.device), target[count:]
        if not any(parts.values()):
            input_gradient(running, chunk, label)  # says so where there is none
        inputs = chunk.detach().clone().requires_grad_()
        for name, found in parts.items():
            if name == "saliency":
                gradient = captum.Saliency(scores).attribute(inputs, target=label)
                found.append(gradient.detach().amax(1)[:count].double().cpu())
            else:
                # The network is given as many images at once as ever.
                integrated = captum.IntegratedGradients(scores).attribute(
                    inputs, start, target=label, n_steps=steps, internal_batch_size=len(chunk)
                )
                found.append(integrated.detach().sum(1)[:count].double().cpu())
    return {name: torch.cat(found).numpy() for name, found in parts.items()}


def _captum() -> Any:
    try:
        import captum.attr  # noqa: PLC0415 - an extra, and a second to load
    except ImportError as error:
        raise ConfigError(
            "saliency and integrated gradients need Captum, which is not installed; pip install "
            "'snnviz[attribution]'"
        ) from error
    return captum.attr
