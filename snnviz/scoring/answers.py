"""How any network that answers does on labelled images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypeGuard, cast

from torch import nn

from snnviz.adapters.answering import Answerer
from snnviz.adapters.recording import list_layers
from snnviz.data import normalize, to_input
from snnviz.errors import ConfigError
from snnviz.scoring import evaluation, importance, report
from snnviz.scoring.ablation import AnsweringLayer, network_importance
from snnviz.scoring.checks import check_labels
from snnviz.scoring.networks import network_report
from snnviz.scoring.progress import as_progress

if TYPE_CHECKING:
    from snnviz.data import ImageSet
    from snnviz.ranks import Ranks
    from snnviz.records.recording import LayerInfo
    from snnviz.scoring.classifier import Classifier
    from snnviz.scoring.evaluation import Evaluation
    from snnviz.scoring.importance import Importance
    from snnviz.scoring.progress import Progress
    from snnviz.scoring.report import EvaluationReport

Numbers = Sequence[float]


def evaluate(
    net: "Classifier | nn.Module",
    images: "ImageSet",
    *,
    T: int | None = None,
    mean: Numbers | None = None,
    std: Numbers | None = None,
    batch_size: int = 128,
    progress: "Progress | Literal[True] | None" = None,
    ranks: "Ranks | None" = None,
    model: nn.Module | None = None,
) -> "Evaluation":
    """How `net` does on all of `images`, in evaluation mode and float32.

    The tutorial's network answers with the class whose output neurons fire most; any other with
    that of its highest mean output over time. Of several equal ones it is the first.

    Args:
        net: The tutorial's network (`ConvSNN`), or any that `snnviz.record` takes and that returns
            a row of scores for each image.
        images: Labelled images as the network takes them.
        T: Number of time steps of a network that is not the tutorial's; None: as many as it says.
        mean: What such a network expects to be subtracted from images, a number a channel, or None.
        std: What it expects them to be divided by, or None.
        batch_size: Images a pass, of the tutorial's network.
        progress: Called as `progress("test", done, total)` after each pass, in images;
            True draws a bar.
        ranks: Processes with the same tutorial's network; each looks at its share, and all get the
            whole result.
        model: What computes the tutorial's network; by default its faster form, where it has one.

    Raises:
        ConfigError: The network cannot be run so, or gives no scores of classes.
        DataError: There are no images or labels, or labels that the network has no output for.
        ShapeError: The images do not suit it.

    Example:
        >>> import torch
        >>> from spikingjelly.activation_based import neuron
        >>> net = torch.nn.Sequential(
        ...     torch.nn.Flatten(), torch.nn.Linear(784, 10), neuron.IFNode())
        >>> evaluate(net, snnviz.garments(20), T=4).total
        20
    """
    progress = as_progress(progress)
    if _is_classifier(net):
        _check_told(T, mean, std)
        return evaluation.evaluate(
            net, images, batch_size=batch_size, progress=progress, ranks=ranks, model=model
        )
    found = evaluation_report(net, images, T=T, mean=mean, std=std, progress=progress)
    return evaluation.Evaluation(found.correct, found.total, found.loss)


def evaluation_report(
    net: "Classifier | nn.Module",
    images: "ImageSet",
    *,
    T: int | None = None,
    mean: Numbers | None = None,
    std: Numbers | None = None,
    batch_size: int = 128,
    progress: "Progress | Literal[True] | None" = None,
) -> "EvaluationReport":
    """What `net` does on all of `images`, in evaluation mode and float32: all that one pass shows.

    Of networks that are not the tutorial's, loss, synaptic operations and energy are left out.

    Args:
        net: As for `evaluate`, like all that follow.
        images: Labelled images.
        T: Number of time steps.
        mean: What is subtracted from images.
        std: What they are divided by.
        batch_size: Images a pass.
        progress: Called as `progress("evaluate", done, total)`, in images; True draws a bar.

    Raises:
        ConfigError: As `evaluate`.
        DataError: As `evaluate`.
        ShapeError: As `evaluate`.

    Example:
        >>> import torch
        >>> from spikingjelly.activation_based import neuron
        >>> net = torch.nn.Sequential(
        ...     torch.nn.Flatten(), torch.nn.Linear(784, 10), neuron.IFNode())
        >>> found = evaluation_report(net, snnviz.garments(20), T=4)
        >>> found.confusion.shape, list(found.firing_rate), len(found.accuracy_at)
        ((10, 10), ['2'], 4)
    """
    progress = as_progress(progress)
    if _is_classifier(net):
        _check_told(T, mean, std)
        return report.evaluation_report(net, images, batch_size=batch_size, progress=progress)
    answerer = Answerer(cast("nn.Module", net), T, mean=_plain(mean), std=_plain(std))
    return network_report(answerer, images, progress=progress)


def channel_importance(
    net: "Classifier | nn.Module",
    images: "ImageSet",
    *,
    layer: str | None = None,
    T: int | None = None,
    mean: Numbers | None = None,
    std: Numbers | None = None,
    batch_size: int = 128,
    ranks: "Ranks | None" = None,
    progress: "Progress | Literal[True] | None" = None,
) -> "Importance":
    """The accuracy of `net` with each channel of a layer silenced in turn; K + 1 passes.

    Of the tutorial's network these are the encoder's channels, which get a drive of 0; of any other
    what the layer emits goes on without the channel's spikes, at every step.

    Args:
        net: As for `evaluate`.
        images: Labelled images.
        layer: The name of the layer; None: the first layer of neurons that the network calls, and
            the encoder's of the tutorial's network, which takes no other.
        T: Number of time steps.
        mean: What is subtracted from images.
        std: What they are divided by.
        batch_size: Images a pass, of the tutorial's network.
        ranks: Processes that share the channels; each gets the whole result.
        progress: Called as `progress("importance", done, total)`, in this rank's channels; True
            draws a bar.

    Raises:
        ConfigError: As `evaluate`; or there is no such layer, it is called at several places, or
            its spikes cannot be taken out of what it returns.
        DataError: As `evaluate`.
        ShapeError: As `evaluate`.

    Example:
        >>> import torch
        >>> from spikingjelly.activation_based import neuron
        >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 6), neuron.IFNode(),
        ...     torch.nn.Linear(6, 10))
        >>> channel_importance(net, snnviz.garments(20), T=4).drop.shape
        (6,)
    """
    progress = as_progress(progress)
    if _is_classifier(net):
        _check_told(T, mean, std)
        if layer is not None:
            raise ConfigError(
                f"the tutorial's network is silenced in its encoder alone, got layer {layer!r}; "
                "leave it out"
            )
        return importance.channel_importance(
            net, images, batch_size=batch_size, ranks=ranks, progress=progress
        )
    check_labels(images)
    module, mean, std = cast("nn.Module", net), _plain(mean), _plain(std)
    some = normalize(to_input(images.images[:2]), mean or (0,), std or (1,))
    found = _layer(list_layers(module, some, T), layer)
    studied = AnsweringLayer(module, Answerer(module, T, mean=mean, std=std), found.name)
    return network_importance(studied, images, found.shape[0], ranks=ranks, progress=progress)


def _layer(layers: "Sequence[LayerInfo]", name: str | None) -> "LayerInfo":
    """That of this name, or the first that is called."""
    names = [each.name for each in layers]
    wanted = names[0] if name is None else name
    if wanted not in names:
        raise ConfigError(f"no layer {wanted!r} is called; choose from {', '.join(names)}")
    if "#" in wanted or f"{wanted}#2" in names:
        raise ConfigError(
            f"{wanted.partition('#')[0]} is one layer at several places, which would lose their "
            "channels together; name another"
        )
    return layers[names.index(wanted)]


def _is_classifier(net: object) -> "TypeGuard[Classifier]":
    """Whether it is the tutorial's network, or one that tells the same of itself."""
    return all(hasattr(net, name) for name in ("config", "firing_rates", "output_spikes"))


def _check_told(T: int | None, mean: Numbers | None, std: Numbers | None) -> None:
    if T is not None or mean is not None or std is not None:
        raise ConfigError(
            "the tutorial's network has its own T and takes images as they are; leave out T, mean "
            "and std, and build it for another T"
        )


def _plain(values: Numbers | None) -> tuple[float, ...] | None:
    return None if values is None else tuple(values)
