"""What is kept of a layer in the network's own run, a chunk of images after the other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from snnviz.adapters.emitting import check_sizes
from snnviz.adapters.listening import Site, Track
from snnviz.errors import ConfigError
from snnviz.records.spikes import SpikeRecord


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


class Kept:
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
        self._sizes |= track.emissions.extremes()
        check_sizes(self.site.layer, self._sizes)
        if self._drives:
            self._currents.append(torch.stack(track.drives)[:, :count].float().cpu())

    def own(self) -> Own:
        """All of it."""
        return Own(SpikeRecord.joined(self._records), _joined(self._currents))


@contextmanager
def noting(faults: dict[str, ConfigError], name: str) -> Iterator[None]:
    """In here an error is kept under that name, and does not end what goes on."""
    try:
        yield
    except ConfigError as error:
        faults[name] = error


def _joined(parts: Sequence[Tensor]) -> NDArray[np.float32]:
    """The currents of all images, [T, N, ...], or [N, ...] where those of all steps are equal."""
    if not parts:
        return np.empty(0, np.float32)
    whole = torch.cat(list(parts), dim=1)
    still = all(torch.equal(step, whole[0]) for step in whole)
    return (whole[0] if still else whole).numpy()
