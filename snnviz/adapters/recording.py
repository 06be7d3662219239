"""`record`: the spikes of any layers of any network, from the network's own run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from snnviz.adapters.feeding import Source
from snnviz.adapters.finding import UNKNOWN, Layer, find_layers
from snnviz.adapters.probing import Probe, Site, Track, listen, probe
from snnviz.adapters.state import Start, undisturbed
from snnviz.batching import batches
from snnviz.device import full_precision
from snnviz.errors import ConfigError, ShapeError, check_integer
from snnviz.records.recording import LayerInfo, Recording
from snnviz.records.spikes import SpikeRecord

# So many neurons of a layer are computed at once, of up to so many images: the last bits of a
# convolution can depend on the number of images, so that it is the same for all of them.
_NEURONS, _IMAGES = 1 << 19, 8
_DEFAULT_T = 4
# Whole numbers up to so many or more are bytes that nobody scaled.
_BYTES = 16


def record(
    net: nn.Module,
    images: Tensor | NDArray[np.floating],
    T: int | None = None,
    *,
    layers: str | Sequence[str] | None = None,
    sequence: bool = False,
    drives: bool = False,
    seed: int | None = None,
) -> Recording:
    """The spikes of layers of `net` for images, as the network itself emits them.

    The network is run as it is, in evaluation mode, without gradients and from its start, and is
    left as it was found. How it takes images (one a call, or all steps at once, in which axes) is
    found by trying.

    Args:
        net: A network with spiking neurons of SpikingJelly, snnTorch, Norse or sinabs.
        images: Floats [N, C, H, W], or of any other shape that the network takes an image in. They
            are taken as they are: normalize them as the network expects.
        T: Number of time steps, >= 1; None: as many as the network says, or 4.
        layers: Names of layers, as `named_modules` has them, or "all"; None: the first layer of
            neurons that is called. A layer that no framework knows as spiking can be named. Of
            "all" those that have no record are left out, and `Recording.notes` says why.
        sequence: Whether `images` are a sequence [T, N, ...], such as event frames.
        drives: Whether the input currents are kept as well.
        seed: Of the random numbers of a network that draws some; None: such a network is refused.

    Raises:
        ConfigError: The network has no spiking neurons, cannot be run on these images over T
            steps, draws random numbers, or a layer emits no spikes; or there is no such layer.
        ShapeError: `images` are no finite floats, or none.

    Example:
        >>> import torch
        >>> from spikingjelly.activation_based import neuron
        >>> net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 3), neuron.IFNode())
        >>> recording = record(net, torch.ones(2, 1, 2, 2), T=5)
        >>> list(recording), recording["2"].shape
        (['2'], (2, 3))
    """
    net = unwrapped(net)
    recorder = Recorder(net, layers)
    source = as_source(images, net, sequence=sequence)
    with recorder.running() as start:
        found = recorder.probe(source, T, start)
        T = recorder.steps(found, source, T)
        wanted = recorder.chosen(found)
        heard, left_out = recorder.own(
            found, source, T, wanted, start, seed=seed, drives=drives, skip=layers == "all"
        )
        return Recording(
            T,
            tuple(info(site, found) for site in wanted if site.name in heard),
            {name: own.record for name, own in heard.items()},
            {name: own.drive for name, own in heard.items()} if drives else {},
            (*recorder.notes(found), *left_out),
        )


def list_layers(
    net: nn.Module,
    images: Tensor | NDArray[np.floating],
    T: int | None = None,
    *,
    sequence: bool = False,
) -> tuple[LayerInfo, ...]:
    """The layers of spiking neurons that `net` calls for these images, in that order.

    Args:
        net: As for `record`.
        images: As for `record`; two are enough.
        T: Number of time steps, >= 1; None: as many as the network says, or 4.
        sequence: Whether `images` are a sequence [T, N, ...].

    Raises:
        ConfigError: As `record`.
        ShapeError: As `record`.
    """
    net = unwrapped(net)
    recorder = Recorder(net, "all")
    source = as_source(images, net, sequence=sequence)
    with recorder.running() as start:
        found = recorder.probe(source, T, start)
        return tuple(info(site, found) for site in found.sites)


@dataclass(frozen=True, eq=False)
class Own:
    """What a layer did in the network's own run.

    Attributes:
        record: Its spikes.
        drive: Its input current, float32 [T, N, ...] or, where it is the same at each step,
            [N, ...]; empty where it was not asked for.
    """

    record: SpikeRecord
    drive: NDArray[np.float32]


class Recorder:
    """Runs one network, and knows which of its layers are looked at.

    Args:
        net: The network, without what wraps it.
        layers: As for `record`.

    Raises:
        ConfigError: It has no spiking neurons, or there is no layer of that name.
    """

    def __init__(self, net: nn.Module, layers: str | Sequence[str] | None = None) -> None:
        self.net = net
        self.names = None if layers in (None, "all") else _listed(layers)
        self.everything = layers == "all"
        self.layers = self._find()

    def _find(self) -> list[Layer]:
        modules = dict(self.net.named_modules(remove_duplicate=False))
        wanted = [name.partition("#")[0] for name in self.names or ()]
        if missing := [name for name in wanted if name not in modules]:
            some = ", ".join(layer.name for layer in find_layers(self.net)[:8])
            raise ConfigError(f"no layer {missing[0]!r}; choose from {some}")
        try:
            known = find_layers(self.net)
        except ConfigError:
            if not wanted:
                raise
            known = []
        there = {id(layer.module): layer for layer in known}
        own = [
            Layer(name, modules[name], UNKNOWN)
            for name in dict.fromkeys(wanted)
            if id(modules[name]) not in there
        ]
        return [*known, *own]

    def running(self) -> "_Running":
        """What surrounds runs of the network: it gives its `Start`."""
        return _Running(self.net, self.layers)

    def probe(self, source: Source, T: int | None, start: Start) -> Probe:
        """How the network takes these images."""
        check_steps(T)
        wished = T or (len(source.values) if source.sequence else self.stated or _DEFAULT_T)
        return probe(self.net, self.layers, source, wished, start=start, named=bool(self.names))

    def steps(self, found: Probe, source: Source, T: int | None) -> int:
        """The number of steps of a record: T, or what the network or the sequence says."""
        if T is not None:
            return T
        if source.sequence:
            return len(source.values)
        return found.own_steps or self.stated or _DEFAULT_T

    @property
    def stated(self) -> int | None:
        """The number of steps that the network says of itself, in an attribute `T`."""
        T = getattr(self.net, "T", None)
        return T if type(T) is int and T >= 1 else None

    def chosen(self, found: Probe) -> list[Site]:
        """The layers that are looked at, in the order in which they are called.

        Raises:
            ConfigError: One of them is not called.
        """
        if self.everything:
            return list(found.sites)
        if self.names is None:
            return [next(site for site in found.sites if site.layer is found.first)]
        by_name = {site.name: site for site in found.sites}
        modules = dict(self.net.named_modules(remove_duplicate=False))
        sites = []
        for name in self.names:
            plain, _, place = name.partition("#")
            same = next((each for each in self.layers if each.module is modules[plain]), None)
            called = f"{same.name if same else plain}{'#' * bool(place)}{place}"
            if called not in by_name:
                raise ConfigError(
                    f"{name!r} is not called when the network runs; choose from "
                    + ", ".join(by_name)
                )
            sites.append(by_name[called])
        order = {site.name: number for number, site in enumerate(found.sites)}
        return sorted(dict.fromkeys(sites), key=lambda site: order[site.name])

    def check_random(self, found: Probe, wanted: Sequence[Site], seed: int | None) -> None:
        """Nothing, if no layer of `wanted` depends on random numbers, or a seed is given.

        Raises:
            ConfigError: One does, and none is.
        """
        random = [site.name for site in wanted if site.layer.name in found.random]
        if random and seed is None:
            raise ConfigError(
                f"{random[0]} emits other spikes in every run, since the network draws random "
                "numbers (as Poisson coding does): it has no record of its own; give "
                "snnviz.record a seed, which records one such run"
            )

    def own(
        self,
        found: Probe,
        source: Source,
        T: int,
        wanted: Sequence[Site],
        start: Start,
        *,
        seed: int | None = None,
        drives: bool = False,
        skip: bool = False,
    ) -> tuple[dict[str, Own], tuple[str, ...]]:
        """What the layers emit in the network's own run of T steps, by name; why some are left out.

        Args:
            found: How the network takes images.
            source: The images.
            T: Number of time steps.
            wanted: The layers.
            start: Puts the network at its start.
            seed: Of the random numbers that the network draws, where it may.
            drives: Whether input currents are kept.
            skip: Whether layers without a record are left out, unless all are.

        Raises:
            ConfigError: The network can do other numbers of steps only, or a layer has no record.
        """
        self.check_steps(found, T)
        kept = {site.name: _Kept(site, drives=drives) for site in wanted}
        faults: dict[str, ConfigError] = {}
        for name, each in kept.items():
            with _noting(faults, name):
                self.check_random(found, [each.site], seed)
        layers = list({id(site.layer): site.layer for site in wanted}.values())
        for chunk, count in chunks(source, found):
            heard = listen(
                self.net, layers, found.way, chunk, T, start=start, seed=seed or 0, drives=drives
            )
            for name, each in kept.items():
                if name not in faults:
                    with _noting(faults, name):
                        each.add(heard.get((each.site.layer.name, each.site.place)), T, count)
        if faults and (not skip or len(faults) == len(kept)):
            raise next(iter(faults.values()))
        own = {name: each.own() for name, each in kept.items() if name not in faults}
        return own, tuple(f"{name} is left out: {error}" for name, error in faults.items())

    def check_steps(self, found: Probe, T: int) -> None:
        """Nothing, if the network itself can make T steps.

        Raises:
            ConfigError: It cannot.
        """
        if found.way.steps is None or found.way.timers or found.way.steps == T:
            return
        name, steps = type(self.net).__name__, found.way.steps
        if found.way.loops and steps == 1:
            raise ConfigError(
                f"{name} makes one step a call and puts its neurons at their start in each, so "
                f"that all are alike, T is {T}; choose T = 1, or let it keep or return its states"
            )
        how = "loops over" if found.way.loops else "takes"
        raise ConfigError(
            f"{name} {how} {steps} time steps by itself, T is {T}; choose T = {steps}"
        )

    def notes(self, found: Probe) -> tuple[str, ...]:
        """What is to be said of how the network was run."""
        notes = []
        if found.way.flat:
            notes.append("each image was given to the network as one row of numbers")
        return tuple(notes)


class _Kept:
    """What is kept of one layer, a chunk of images after the other."""

    def __init__(self, site: Site, *, drives: bool) -> None:
        self.site = site
        self._drives = drives
        self._records: list[SpikeRecord] = []
        self._currents: list[Tensor] = []
        self._sizes: set[float] = set()

    def add(self, track: Track | None, T: int, count: int) -> None:
        """Take what the layer did for the first `count` images of a chunk.

        Raises:
            ConfigError: It made other steps, or emitted no spikes.
        """
        made = track.emissions.T if track else 0
        if track is None or made != T:
            raise ConfigError(f"{self.site.name} makes {made} steps of {T}; choose another T")
        self._records.append(track.emissions.record(T)[:count])
        self._sizes |= track.emissions.sizes()
        check_sizes(self.site.layer, self._sizes)
        if self._drives:
            self._currents.append(torch.stack(track.drives)[:, :count].float().cpu())

    def own(self) -> Own:
        """All of it."""
        return Own(SpikeRecord.joined(self._records), _joined(self._currents))


@contextmanager
def _noting(faults: dict[str, ConfigError], name: str) -> Iterator[None]:
    """In here an error is kept under that name, and does not end what goes on."""
    try:
        yield
    except ConfigError as error:
        faults[name] = error


class _Running:
    """Surrounds runs of a network: as found afterwards, in full precision meanwhile."""

    def __init__(self, net: nn.Module, layers: Sequence[Layer]) -> None:
        self._undisturbed = undisturbed(net, [layer.framework for layer in layers])
        self._precise = full_precision(device_of(net))

    def __enter__(self) -> Start:
        start = self._undisturbed.__enter__()
        self._precise.__enter__()
        return start

    def __exit__(self, *error: object) -> None:
        self._precise.__exit__(*error)  # type: ignore[arg-type]
        self._undisturbed.__exit__(*error)  # type: ignore[arg-type]


def info(site: Site, found: Probe) -> LayerInfo:
    """What people are told of a layer."""
    first = site.layer is found.first and site.place == 0
    return LayerInfo(site.name, site.layer.kind, site.layer.framework.name, site.shape, first)


def chunks(source: Source, found: Probe) -> Iterator[tuple[Source, int]]:
    """The images a few at a time, always as many, and how many of them are not there to fill up."""
    neurons = max(1, *(prod(site.shape) for site in found.sites), 1)
    size = found.way.batch or max(
        1, min(_IMAGES, 1 << ((_NEURONS // neurons) or 1).bit_length() - 1)
    )
    for some in batches(len(source), size):
        there = list(range(len(source))[some])
        filled = [*there, *[there[-1]] * (size - len(there))]
        yield source.take(filled), len(there)


def check_sizes(layer: Layer, sizes: set[float]) -> None:
    """Nothing, if the spikes of a layer are of one size.

    Raises:
        ConfigError: They are not: what it emits is analog.
    """
    if len(sizes) > 1 and any(size != round(size) for size in sizes):
        raise ConfigError(
            f"{layer.name} ({layer.kind}) emits analog values such as {min(sizes):g} and "
            f"{max(sizes):g}, no spikes; name another layer"
        )


def as_source(
    images: Tensor | NDArray[np.generic], net: nn.Module, *, sequence: bool = False
) -> Source:
    """Images as the network can be given them: on its device, of its type.

    Raises:
        ShapeError: They are no finite floats, have no axis of images, or there are none.
    """
    if not isinstance(images, (Tensor, np.ndarray)) or getattr(images, "is_sparse", False):
        raise ShapeError(f"images are a dense tensor or array, got {type(images).__name__}")
    if isinstance(images, np.ndarray) and images.dtype.kind not in "fiub":
        raise ShapeError(f"images must be floats, got {images.dtype}")
    if isinstance(images, np.ndarray):
        native = images.dtype.newbyteorder("=")
        images = np.require(images, native, ("C_CONTIGUOUS", "WRITEABLE"))
    values = torch.as_tensor(images).detach()
    least = 3 if sequence else 2
    form = "[T, N, ...]" if sequence else "[N, ...]"
    if values.ndim < least or 0 in values.shape:
        raise ShapeError(f"images must be {form} with no side of 0, got {list(values.shape)}")
    if not values.is_floating_point():
        raise ShapeError(f"images must be floats, got {values.dtype}; divide by 255")
    if not torch.isfinite(values).all():
        raise ShapeError("images must be finite, and some values are nan or infinite")
    top = float(values.max())
    if (
        not sequence
        and top >= _BYTES
        and values.min() >= 0
        and bool((values == values.round()).all())
    ):
        raise ShapeError(f"images are whole numbers up to {top:g}; divide by 255")
    dtype = next((p.dtype for p in net.parameters() if p.is_floating_point()), torch.float32)
    return Source(values.to(device_of(net), dtype), sequence)


def device_of(net: nn.Module) -> torch.device:
    """Where the network computes."""
    tensors = (*net.parameters(), *net.buffers())
    return tensors[0].device if tensors else torch.device("cpu")


def unwrapped(net: nn.Module) -> nn.Module:
    """The network inside what torch.compile or data parallelism put around it.

    Raises:
        ConfigError: It is no network, or one that has no weights yet.
    """
    if not isinstance(net, nn.Module):
        raise ConfigError(f"a network is a torch.nn.Module, got {type(net).__name__}")
    if any(nn.parameter.is_lazy(weight) for weight in net.parameters()):
        raise ConfigError(
            f"{type(net).__name__} has lazy layers without weights; run it once on an image, or "
            "load its weights"
        )
    inner = getattr(net, "_orig_mod", None)
    if isinstance(inner, nn.Module):
        return unwrapped(inner)
    parallel = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    return unwrapped(net.module) if isinstance(net, parallel) else net


def check_steps(T: object) -> None:
    """Nothing, if T is a number of time steps or None.

    Raises:
        ConfigError: It is not.
    """
    if T is not None:
        check_integer("T", T, 1)


def _listed(layers: str | Sequence[str] | None) -> list[str]:
    listed = [layers] if isinstance(layers, str) else layers
    if not isinstance(listed, (list, tuple)) or not all(isinstance(n, str) for n in listed):
        raise ConfigError(f"layers are named by text, or 'all', got {layers!r}")
    if not listed:
        raise ConfigError("got no layer; name one, or leave layers out for the first")
    return list(listed)


def _joined(parts: Sequence[Tensor]) -> NDArray[np.float32]:
    """The currents of all images, [T, N, ...], or [N, ...] where those of all steps are equal."""
    if not parts:
        return np.empty(0, np.float32)
    whole = torch.cat(list(parts), dim=1)
    still = all(torch.equal(step, whole[0]) for step in whole)
    return (whole[0] if still else whole).numpy()
