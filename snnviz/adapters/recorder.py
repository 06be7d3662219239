"""One network, and what is heard of its layers in its own runs."""

import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn

from snnviz.adapters.choosing import Choice
from snnviz.adapters.chunks import chunk_size, chunks
from snnviz.adapters.feeding import Source, brightest, form_of
from snnviz.adapters.finding import Layer, device_of
from snnviz.adapters.keeping import Kept, Own, noting
from snnviz.adapters.listening import Probe, Site, Trial, listen
from snnviz.adapters.probing import probe
from snnviz.adapters.state import Start, undisturbed
from snnviz.adapters.stepping import Known, Stepping
from snnviz.device import full_precision
from snnviz.errors import ConfigError, check_integer
from snnviz.records.spikes import SpikeRecord

_DEFAULT_T = 4


Probes = dict[tuple[Any, ...], Probe]
"""What was found of one network, by what it was found with.

It is handed from one `Recorder` of the network to the next while its weights stay as they are.
"""


class Recorder:
    """Runs one network, and knows which of its layers are looked at.

    Args:
        net: The network.
        layers: As for `record`.
        probes: What others found of this network, and are to find of it; None: nothing yet.
        prefix: What is put before the names of layers; None: what wraps the network.

    Raises:
        ConfigError: It has no spiking neurons, or there is no layer of that name.
    """

    def __init__(
        self,
        net: nn.Module,
        layers: str | Sequence[str] | None = None,
        probes: Probes | None = None,
        *,
        prefix: str | None = None,
    ) -> None:
        self.choice = Choice(net, layers, prefix)
        self.net, self.layers = self.choice.net, self.choice.layers
        self._probes: Probes = {} if probes is None else probes
        if not self._probes:  # else it was said then
            said = (layer.framework.peculiarity(layer.module) for layer in self.layers)
            for sentence in dict.fromkeys(filter(None, said)):
                warnings.warn(sentence, stacklevel=3)

    def running(self) -> "_Running":
        """What surrounds runs of the network: it gives its `Start`."""
        return _Running(self.net, self.layers)

    def probe(self, source: Source, T: int | None, start: Start) -> Probe:
        """How the network takes these images."""
        check_steps(T)
        wished = T or (len(source.values) if source.sequence else self.stated or _DEFAULT_T)
        named = bool(self.choice.names)
        asked = (form_of(source), wished, named, tuple(layer.name for layer in self.layers))
        if asked not in self._probes:
            trial = Trial(self.net, self.layers, start)
            self._probes[asked] = probe(trial, source, wished, named=named)
        return self._probes[asked]

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

    def check_random(self, found: Probe, wanted: Sequence[Site], seed: int | None) -> None:
        """Raises unless no layer of `wanted` depends on random numbers, or a seed is given.

        Raises:
            ConfigError: One does, and none is; or one depends on the other images of a batch.
        """
        if mixed := [site.name for site in wanted if site.layer.name in found.mixed]:
            raise ConfigError(
                f"what {mixed[0]} does with an image depends on the other images of its batch, so "
                "that it has no record of its own; normalize with running statistics, or each "
                "image by itself"
            )
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
        kept = {site.name: Kept(site, drives=drives) for site in wanted}
        faults: dict[str, ConfigError] = {}
        for name, each in kept.items():
            with noting(faults, name):
                self.check_random(found, [each.site], seed)
        layers = list({id(site.layer): site.layer for site in wanted}.values())
        for chunk, count in chunks(source, found):
            heard = listen(
                self.net, layers, found.way, chunk, T, start=start, seed=seed or 0, drives=drives,
                until=found.called_once(layers),
            )  # fmt: skip
            for name, each in kept.items():
                if name not in faults:
                    with noting(faults, name):
                        each.add(heard.get((each.site.layer.name, each.site.place)), T, count)
        if faults and (not skip or len(faults) == len(kept)):
            raise next(iter(faults.values()))
        own = {name: each.own() for name, each in kept.items() if name not in faults}
        return own, tuple(f"{name} is left out: {error}" for name, error in faults.items())

    def alone(
        self,
        found: Probe,
        source: Source,
        T: int,
        wanted: Sequence[Site],
        start: Start,
        *,
        drives: bool = False,
    ) -> dict[str, Own]:
        """The same of one large layer whose drive is the same at each step; else nothing.

        Its neurons are stepped by themselves, where the network would take all steps in one call
        and memory for each of them. They are held against the network's own run of a few steps.
        """
        (site, *others), size = wanted, chunk_size(found)
        known = Known(found, site)
        random = site.layer.name in found.random | found.mixed
        if others or random or source.sequence or not known.is_still or not known.is_large(T, size):
            return {}
        stepping = Stepping(self.net, known, start)
        if not stepping.agrees(next(chunks(brightest(source), found))[0], T):
            return {}
        record, records, currents = stepping.recording(T), [], [torch.empty(0)]
        for chunk, count in chunks(source, found):
            records.append(record(chunk)[:count])
            if drives:
                currents.append(stepping.drive(chunk)[0][:count].float().cpu())
        current = torch.cat(currents[1:] or currents).numpy()
        return {site.name: Own(SpikeRecord.joined(records), current)}

    def check_steps(self, found: Probe, T: int) -> None:
        """Raises unless the network itself can make T steps.

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


def check_steps(T: object) -> None:
    """Raises unless T is a number of time steps or None.

    Raises:
        ConfigError: It is not.
    """
    if T is not None:
        check_integer("T", T, 1)
