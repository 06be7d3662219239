"""What a page says of where it comes from, from what a command knows of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from snnviz._version import __version__
from snnviz.adapters.encoder import Encoder
from snnviz.report.payload import About

_UNKNOWN = (
    "the layers up to the first neurons are taken in the order in which they are registered, which "
    "may not be that of execution"
)


def collect_facts(
    encoder: Encoder,
    about: Mapping[str, object],
    T: int,
    *,
    layer: str | None = None,
    command: str | None = None,
    title: str | None = None,
    images: int = 0,
    asked: bool = True,
    warned: Sequence[str] = (),
) -> About:
    """What there is to say of an encoder, in the words of a page's head.

    Args:
        encoder: One that has encoded something.
        about: What output files say of it: "checkpoint" or "model", and "images".
        T: Number of time steps.
        layer: The name of the layer, where one was asked for.
        command: The command that makes the page.
        title: Its title; None: from the file's or the network's name.
        images: How many images it shows.
        asked: Whether T was asked for.
        warned: What was said while the images were encoded.
    """
    checkpoint, model = _part(about, "checkpoint"), _part(about, "model")
    file = checkpoint.get("file") or (model.get("weights") or {}).get("file")
    facts = {
        "encoder": ", ".join(filter(None, [file, model.get("model"), model.get("class")])),
        "layer": layer or encoder.layer or "the first layer of neurons",
        "neurons": _neurons(encoder),
        "T": f"{T} time steps" + ("" if asked else ", the encoder's own"),
        "images": _images(_part(about, "images"), images),
        "accuracy": _accuracy(checkpoint),
        "SHA-256": (checkpoint.get("sha256") or (model.get("weights") or {}).get("sha256") or "")[
            :16
        ],
        "command": command or "",
        "version": f"snnviz {__version__}",
    }
    named = title or Path(file or str(model.get("model") or "A spiking encoder")).name
    assumed = [*_assumed(checkpoint, model), *warned]
    return About(named, {name: value for name, value in facts.items() if value}, assumed)


def _part(about: Mapping[str, object], name: str) -> Mapping[str, Any]:
    """What is said of one thing; nothing where there is none."""
    found = about.get(name)
    return found if isinstance(found, Mapping) else {}


def _neurons(encoder: Encoder) -> str:
    kind = encoder.neurons
    said = kind if " of " in kind else f"{kind} of SpikingJelly"
    if (rule := encoder.integrates()) is None:
        return said
    threshold, reset = rule
    after = "a spike subtracts it" if reset is None else f"reset to {reset:g}"
    return f"{said}, threshold {threshold:g}, {after}"


def _images(about: Mapping[str, Any], count: int) -> str:
    if about.get("dataset") is None:
        return f"{count} of the user's files"
    chosen = f", {' and '.join(about['select'])}" if about.get("select") else ""
    return f"{count} of {about['dataset']}, {about.get('split')}{chosen}"


def _accuracy(checkpoint: Mapping[str, Any]) -> str:
    accuracy, epoch = checkpoint.get("max_test_acc"), checkpoint.get("epoch")
    if accuracy is None:
        return ""
    of = "" if epoch is None else f"; this file is of epoch {epoch}"
    return f"{accuracy:.2%} on test images at the best epoch so far{of}"


def _assumed(checkpoint: Mapping[str, Any], model: Mapping[str, Any]) -> list[str]:
    found = []
    neurons = checkpoint.get("neurons") or {}
    if neurons.get("from") == "assumed":
        found.append(
            f"the file does not say which neurons it was trained with; taken are "
            f"{neurons.get('kind')} neurons with threshold {neurons.get('v_threshold')} and reset "
            f"{neurons.get('v_reset')}"
        )
    if checkpoint.get("form") == "network of unknown classes":
        found.append(_UNKNOWN)
    if model and model.get("mean") is None and model.get("std") is None:
        found.append("pixels enter the network in [0, 1], without mean and standard deviation")
    if model and model.get("weights") is None:
        found.append("the weights are those that the user's code makes")
    return [*found, *checkpoint.get("notes", ())]
