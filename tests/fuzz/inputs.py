"""The inputs by their numbers: which kind, which mutation, and the files."""

import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tests.fuzz import checkpoints, events, idx, pictures, tensors
from tests.fuzz.damage import Files, Holes, Make

MUTATIONS: dict[str, dict[str, Make]] = {
    "checkpoint": checkpoints.MUTATIONS,
    "safetensors": tensors.MUTATIONS,
    "IDX": idx.MUTATIONS,
    "picture": pictures.MUTATIONS,
    "events": events.MUTATIONS,
}
# Of twenty inputs in a row, which are of which kind.
_ROUND = (
    "checkpoint", "picture", "checkpoint", "IDX", "checkpoint", "events", "checkpoint", "picture",
    "checkpoint", "safetensors", "checkpoint", "picture", "checkpoint", "IDX", "checkpoint",
    "events", "picture", "IDX", "events", "safetensors",
)  # fmt: skip
# Every so many-th input goes through the command line; prime to the round, so that all kinds do.
_COMMAND = 19


@dataclass(frozen=True)
class Input:
    """One input.

    Attributes:
        number: Its number; with the seed it decides everything.
        kind: A key of `MUTATIONS`.
        mutation: A key of `MUTATIONS[kind]`.
        by_command: Whether it is read through the command line.
        files: Contents by name.
    """

    number: int
    kind: str
    mutation: str
    by_command: bool
    files: Files

    def write(self, folder: Path) -> None:
        """Put the files into an empty folder."""
        for name, data in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data.start if isinstance(data, Holes) else data)
            if isinstance(data, Holes):
                os.truncate(path, data.size)


def make(seed: int, number: int) -> Input:
    """The input of that number."""
    turn, place = divmod(number, len(_ROUND))
    kind = _ROUND[place]
    # How many of this kind came before.
    before = turn * _ROUND.count(kind) + _ROUND[:place].count(kind)
    mutations = MUTATIONS[kind]
    k, which = divmod(before, len(mutations))
    mutation = list(mutations)[which]
    rng = np.random.default_rng([seed, zlib.crc32(f"{kind}: {mutation}".encode()), k])
    # Another seed begins elsewhere, so that few of its cases are the same.
    files = mutations[mutation](rng, k + 13 * seed)
    return Input(number, kind, mutation, number % _COMMAND == 3, files)
