"""Which of several cooperating processes this is, as `torchrun` starts them.

Every rank runs the same command and takes its share; what only one may do (the manifest) is rank
0's. Without `torchrun` there is one rank, and nothing here loads torch.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class Ranks:
    """This process among `world` of them.

    Attributes:
        rank: 0-based number of this process.
        world: How many there are.
    """

    rank: int = 0
    world: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0, which writes what is written once."""
        return self.rank == 0

    def share(self, items: Sequence[Item]) -> Sequence[Item]:
        """Every `world`-th of `items`, beginning with this rank's; together the ranks have all."""
        return items[self.rank :: self.world]

    def wait(self) -> None:
        """Return when every rank has come to this point."""
        if self.world > 1:
            from torch import distributed  # noqa: PLC0415 - one process needs no torch

            distributed.barrier()

    def gather(self, items: list[Item]) -> list[Item]:
        """The items of all ranks, one rank's after another's, on every rank."""
        if self.world == 1:
            return items
        from torch import distributed  # noqa: PLC0415

        lists: list[list[Item]] = [[] for _ in range(self.world)]
        distributed.all_gather_object(lists, items)
        return list(chain.from_iterable(lists))


def is_first_rank() -> bool:
    """Whether this process is rank 0, or the only one: the one that talks to the user."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def joined_ranks() -> Iterator[Ranks]:
    """This process among those that `torchrun` started, connected for the length of the block."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks()
        return
    from torch import distributed  # noqa: PLC0415

    distributed.init_process_group("gloo")
    try:
        yield Ranks(distributed.get_rank(), world)
    finally:
        distributed.destroy_process_group()
