"""What `snnviz visualize` draws: images, and encoders of a checkpoint or of the user's network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from snnviz.adapters.encoder import Encoder
from snnviz.cli import network_options
from snnviz.cli.images import choose_samples, note_scaled
from snnviz.cli.networks import build_timed, choose_steps, describe, open_checkpoint
from snnviz.cli.output import note
from snnviz.cli.predicted import predictions, predictions_beside
from snnviz.cli.wanted import Wanted
from snnviz.data import Sample
from snnviz.errors import CheckpointError
from snnviz.ranks import joined_ranks
from snnviz.records.recording import LayerInfo
from snnviz.records.spikes import SpikeRecord
from snnviz.tutorial.encoder import bundled, load_encoder
from snnviz.tutorial.layouts import Checkpoint
from snnviz.tutorial.network import ConvSNN, build_encoder_layers

if TYPE_CHECKING:
    from snnviz.adapters.network import NetworkEncoder
    from snnviz.analysis.within import Network
    from snnviz.cli.subjects import Model
    from snnviz.export import Source
    from snnviz.export.running import Predict, PredictBeside


@dataclass(frozen=True, eq=False)
class Drawn:
    """What is drawn, and what is said of it.

    Attributes:
        T: Number of time steps.
        samples: The images.
        names: The layers, None for the encoder's own.
        encoders: Their encoders.
        about: Entries for the manifest.
        predict: What gives samples their predicted class.
        layers: All layers, for a table.
        records: What is known already of each layer's spikes, by the images' index.
        whole: The tutorial's network; or the user's, of which the encoders are.
    """

    T: int
    samples: list[Sample]
    names: Sequence[str | None]
    encoders: Sequence[Encoder]
    about: dict[str, Any]
    predict: "Predict | PredictBeside | None" = None
    layers: tuple[LayerInfo, ...] = ()
    records: Sequence[Mapping[int, SpikeRecord]] = ()
    whole: "ConvSNN | Model | None" = None

    def network(self, encoder: Encoder) -> "Network | None":
        """The whole network that this encoder is of, as one that answers; None where none does."""
        if self.whole is None or isinstance(self.whole, ConvSNN):
            return self.whole
        from snnviz.scoring.ablation import AnsweringLayer

        return AnsweringLayer(self.whole.net, self.whole.answerer(), encoder.layer)

    def predicted(self) -> list[Sample]:
        """The images with their predicted classes, where there are any."""
        found = self.samples if self.predict is None else self.predict(self.samples)
        return found() if callable(found) else list(found)

    def known(self, place: int) -> Mapping[int, SpikeRecord]:
        """What is known of the spikes of the layer at that place."""
        return self.records[place] if self.records else {}

    @property
    def network_about(self) -> dict[str, Any]:
        """The entry for the manifest of the checkpoint, or of the user's network."""
        about: dict[str, Any] = self.about.get("model") or self.about["checkpoint"]
        return about

    @property
    def source(self) -> "Source":
        """What captions call the encoder and the images."""
        from snnviz.export import Source

        encoder, images = self.network_about, self.about["images"]
        name = encoder.get("model") or encoder["file"]
        weights = encoder.get("weights") or {}
        return Source(
            f"{name} with the weights of {weights['file']}" if weights else name,
            f"{images['dataset']}, {images['split']}" if images["dataset"] else "",
        )

    @property
    def folders(self) -> list[str]:
        """A folder's name for each layer."""
        from snnviz.cli.subjects import layer_folder

        return [layer_folder(name or "first") for name in self.names]

    def table(self) -> str:
        """The layers as a table."""
        from snnviz.cli.subjects import layer_table

        return layer_table(self.layers, self.T)


def find_drawn(wanted: Wanted) -> Drawn:
    """What the user asks for; nothing is written."""
    network_options.check_model_options(
        wanted.model, wanted.mean, wanted.std, neuron=wanted.neuron, **wanted.stated
    )
    return _of_checkpoint(wanted) if wanted.model is None else _of_model(wanted, wanted.model)


def find_other(path: Path, wanted: Wanted, found: Drawn) -> Drawn:
    """The same layers of another checkpoint, or of the same `--model` with its weights.

    Args:
        path: The checkpoint.
        wanted: What the user asks for.
        found: What was found of that, whose images and steps the others are for.
    """
    return find_drawn(replace(wanted, ckpt=path, T=found.T, predict=False, samples=found.samples))


def _chosen(
    wanted: Wanted, predictions: "Predict | None", channels: int
) -> tuple[list[Sample], dict[str, Any]]:
    """The images for an encoder of so many input channels, and what is said of them."""
    if wanted.samples is not None:
        return wanted.samples, {}
    found = choose_samples(predictions, predict=wanted.predict, channels=channels, **wanted.choice)
    if not wanted.quiet:
        note_scaled(wanted.choice["image"], wanted.choice["max_side"])
    return found


def _of_checkpoint(wanted: Wanted) -> Drawn:
    """The encoder, or other layers, of a checkpoint of the tutorial's network."""
    ckpt, quiet = wanted.ckpt, wanted.quiet
    try:
        checkpoint = open_checkpoint(
            ckpt or bundled(), neuron=wanted.neuron, **wanted.stated, quiet=quiet
        )
    except CheckpointError as error:
        return _of_unknown(wanted, ckpt or bundled(), error)
    T = choose_steps(checkpoint, wanted.T, quiet=quiet)
    if wanted.predict and not quiet and checkpoint.holds_other_network:
        note(f"no predictions: {ckpt} {checkpoint.fault}")
    whole = wanted.predict and checkpoint.holds_network
    network = build_timed(checkpoint, T, wanted.device) if whole else None
    answering = predictions(network)
    samples, images = _chosen(wanted, answering, checkpoint.config.in_channels)
    about = {
        # Its name without folders, for repeatable bytes.
        "checkpoint": describe(checkpoint, ckpt.name if ckpt else "bundled encoder"),
        "images": images,
    }
    used = predictions_beside(network, samples, wanted)
    if network is not None and used is None and samples[0].predicted is None and not quiet:
        height, width = network.config.image_size
        note(f"no predictions: the network takes images of {height} x {width} pixels")
    if not wanted.layer and not wanted.listing:
        encoder = load_encoder(checkpoint).to(wanted.device)
        return Drawn(T, samples, [None], [encoder], about, used, whole=network)
    from snnviz.cli.subjects import Model, chosen_layers

    subject = Model(str(checkpoint.path), _network(checkpoint, T, wanted.device), T)
    layers = subject.layers(samples)
    names = chosen_layers(wanted.layer, layers)
    encoders = [subject.encoder(name) for name in names]
    records = _shared(wanted, subject, samples, names, encoders, layers, T)
    whole_one = subject if checkpoint.holds_network else None
    return Drawn(T, samples, names, encoders, about, used, layers, records, whole_one)


def _of_unknown(wanted: Wanted, path: Path, error: CheckpointError) -> Drawn:
    """The encoder of a whole pickled network of other classes, whose code is not there."""
    from snnviz.cli.subjects import revive

    stated = {"neuron": wanted.neuron, **wanted.stated}
    subject = revive(path, error, wanted.device, wanted.T, quiet=wanted.quiet, **stated)
    described = {**(subject.weights or {}), "form": "network of unknown classes"}
    return _of_subject(wanted, subject, {"checkpoint": described}, None)


def _of_subject(
    wanted: Wanted, subject: "Model", about: dict[str, Any], answering: "Predict | None"
) -> Drawn:
    """Layers of a network that is run as it is; `answering` is for the choice of images."""
    from snnviz.cli.subjects import chosen_layers, prepare

    first = subject.encoder()
    samples, images = _chosen(wanted, answering, first.in_channels)
    layers = subject.layers(samples)
    names = chosen_layers(wanted.layer, layers)
    encoders = [subject.encoder(name) if name else first for name in names]
    prepare(encoders[0], samples, wanted.T)
    T = encoders[0].T if wanted.T is None else wanted.T
    records = _shared(wanted, subject, samples, names, encoders, layers, T)
    return Drawn(T, samples, names, encoders, {**about, "images": images}, None, layers, records)


def _shared(
    wanted: Wanted,
    subject: "Model",
    samples: list[Sample],
    names: Sequence[str | None],
    encoders: "Sequence[NetworkEncoder]",
    layers: Sequence[LayerInfo],
    T: int,
) -> Sequence[Mapping[int, SpikeRecord]]:
    """The records of several layers from one run, where one process draws still images."""
    from snnviz.cli.subjects import prepare

    infos = {info.name: info for info in layers}
    # Images that are chosen already are for a comparison, which draws no set of its own.
    several = len(names) > 1 and all(name in infos for name in names) and wanted.samples is None
    with joined_ranks() as ranks:
        if wanted.listing or not several or samples[0].frames is not None or ranks.world > 1:
            return ()
    for encoder in encoders:
        prepare(encoder, samples, wanted.T)
    return subject.records(samples, [infos[name] for name in names if name is not None], T)


def _network(checkpoint: Checkpoint, T: int, device: str) -> nn.Module:
    """All that the checkpoint holds of a network."""
    if checkpoint.holds_network:
        return build_timed(checkpoint, T, device)
    return build_encoder_layers(checkpoint.config, checkpoint.state).to(device)


def _of_model(wanted: Wanted, spec: str) -> Drawn:
    """Layers of the network that `--model` names."""
    from snnviz.cli.subjects import open_model, with_answers

    subject = open_model(
        spec,
        wanted.ckpt,
        wanted.device,
        T=wanted.T,
        mean=wanted.mean,
        std=wanted.std,
        quiet=wanted.quiet,
    )
    answering = partial(with_answers, subject.answerer())
    drawn = _of_subject(wanted, subject, {"model": subject.about}, answering)
    asked = wanted.predict and not wanted.listing and drawn.samples[0].predicted is None
    used = subject.predictions(drawn.samples, quiet=wanted.quiet) if asked else None
    return replace(drawn, predict=used, whole=subject)
