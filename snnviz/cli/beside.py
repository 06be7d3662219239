"""What a page of `snnviz report` shows beside its encoder."""

from pathlib import Path
from typing import TYPE_CHECKING

from snnviz.cli.appearance import told_apart
from snnviz.cli.output import note
from snnviz.cli.wanted import Wanted

if TYPE_CHECKING:
    from torch import nn

    from snnviz.cli.drawn import Drawn
    from snnviz.report import Answering, Compared
    from snnviz.report.scores import Scorecard
    from snnviz.tutorial.network import ConvSNN


def compared(wanted: Wanted, path: Path, found: "Drawn") -> "Compared":
    """The encoder of another checkpoint."""
    from snnviz.cli.drawn import find_other
    from snnviz.report import Compared

    # Files of runs have the same names; then their folders tell them apart.
    other = find_other(path, wanted, found)
    return Compared(other.encoders[0], told_apart(path, wanted.ckpt))


def answering(wanted: Wanted, found: "Drawn", *, asked: bool) -> "Answering":
    """The whole network, and the same without training where something makes that."""
    from snnviz.adapters.models import build_model, same_weights
    from snnviz.report import Answering
    from snnviz.tutorial.network import ConvSNN

    if not asked:
        return Answering(None)
    if not wanted.predict:
        return Answering(None, why_not="the network was not asked for its answers (--no-predict)")
    if found.whole is None:
        return Answering(None, why_not="the file holds an encoder alone, which gives no answers")
    net: nn.Module = found.whole if isinstance(found.whole, ConvSNN) else found.whole.net
    start: nn.Module | None = None
    if wanted.model is None and isinstance(net, ConvSNN):
        start = _without_training(net, found, wanted.device)
    elif wanted.model is not None and wanted.ckpt is not None:
        start = build_model(wanted.model, seed=0).to(wanted.device).eval()
        start = None if same_weights(start, net) else start
    return Answering(net, start, wanted.mean, wanted.std, found.names[0])


def _without_training(net: "ConvSNN", found: "Drawn", device: str) -> "ConvSNN | None":
    """The tutorial's network as it starts; BatchNorm has seen the images, where they suit it."""
    from snnviz.export.encoding import inputs
    from snnviz.tutorial.baselines import untrained_network

    taken = (net.config.in_channels, *net.config.image_size)
    suits = [s for s in found.samples if s.frames is None and s.channels.shape == taken]
    return untrained_network(net.config, 0, inputs(suits), device) if suits else None


def scorecard(path: Path, found: "Drawn", *, quiet: bool) -> "Scorecard":
    """The scorecard of an analysis; a line where that is of another encoder."""
    from snnviz.report import read_scorecard

    scorecard = read_scorecard(path)
    shown = (found.about.get("checkpoint") or {}).get("sha256")
    scorecard["same"] = None not in (shown, scorecard["sha256"]) and shown == scorecard["sha256"]
    if not scorecard["same"] and not quiet:
        note(f"{path} does not say that it is of this encoder, nor does the page")
    return scorecard
