"""What `robustness`, `timing` and `attribution` look at: a network, or an encoder alone."""

from typing import TYPE_CHECKING, Any, NamedTuple

from torch import nn

from snnviz.adapters.models import build_model, same_weights
from snnviz.cli.networks import build_timed, open_timed
from snnviz.cli.output import note
from snnviz.data import ImageSet, to_input
from snnviz.device import choose_device
from snnviz.scoring.checks import check_size
from snnviz.tutorial.baselines import untrained_encoder, untrained_network
from snnviz.tutorial.encoder import load_encoder

if TYPE_CHECKING:
    from snnviz.adapters.encoder import Encoder
    from snnviz.cli.asked import Asked


class Subject(NamedTuple):
    """A network, or an encoder alone.

    Attributes:
        name: What it goes by.
        channels: Those of the images that it takes.
        about: Entries for the JSON.
        net: The network, or an encoder where there is none.
        options: What `snnviz.robustness` and its kin are told of it.
        device: Where it computes.
        checkpoint: The tutorial's, where it is one.
        spec: What makes a network of the user's again; None where nothing does.
    """

    name: str
    channels: int
    about: dict[str, Any]
    net: "nn.Module | Encoder"
    options: dict[str, Any]
    device: str
    checkpoint: Any = None
    spec: str | None = None

    def start(self, images: ImageSet, seed: int) -> "nn.Module | Encoder | None":
        """The same without training; None where nothing makes it again.

        Of the tutorial's network BatchNorm has seen the images, as in an epoch in which nothing is
        learned.

        Raises:
            ShapeError: The images do not suit it.
        """
        check_size(self.net, images)
        if self.spec is not None:
            made = build_model(self.spec, seed=seed)
            if isinstance(self.net, nn.Module) and same_weights(made, self.net):
                note(
                    f"{self.spec} makes the weights of the checkpoint, so that there is no "
                    "untrained network to compare with"
                )
                return None
            return made.to(self.device).eval()
        if self.checkpoint is None:
            return None
        config = self.checkpoint.config
        pixels = to_input(images.images)
        if self.checkpoint.fault is not None:
            return untrained_encoder(config, seed=seed, images=pixels).to(self.device)
        return untrained_network(config, seed, pixels, self.device)


def find_subject(asked: "Asked") -> Subject:
    """The tutorial's network in a checkpoint, or its encoder, or the network of `--model`."""
    device = choose_device(asked.device)
    return _of_checkpoint(asked, device) if asked.model is None else _of_model(asked, device)


def _of_checkpoint(asked: "Asked", device: str) -> Subject:
    """The tutorial's network in a checkpoint, or its encoder where the file holds no more."""
    checkpoint, steps, name, about = open_timed(
        asked.ckpt, asked.T, **asked.stated, quiet=asked.quiet
    )
    encoder = load_encoder(checkpoint).to(device)
    net: nn.Module | Encoder = encoder
    if checkpoint.fault is None:
        net = build_timed(checkpoint, steps, device).eval()
    options = {"T": steps, "encoder": encoder}
    return Subject(name, encoder.in_channels, about, net, options, device, checkpoint)


def _of_model(asked: "Asked", device: str) -> Subject:
    """The network that `--model` names."""
    model = asked.open_model(device)
    if not asked.quiet:
        note("classes are read from the mean output over time")
    return Subject(
        model.spec,
        model.encoder().in_channels,
        {"model": model.about},
        model.net,
        {"T": asked.T, "mean": asked.mean, "std": asked.std},
        device,
        spec=model.spec if asked.ckpt is not None else None,
    )
