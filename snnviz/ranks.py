"""Which of several cooperating processes this is, as `torchrun` starts them.

Every rank runs the same command and takes its share; what only one may do (the manifest) is rank
0's. Without `torchrun` there is one rank, and nothing here loads torch.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, TypeVar

from snnviz.errors import OtherRankError, SnnvizError


class _Sliceable(Protocol):
    def __getitem__(self, key: slice, /) -> Any: ...


Item = TypeVar("Item")
Items = TypeVar("Items", bound=_Sliceable)


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

    def share(self, items: Items) -> Items:
        """Every `world`-th of `items`, beginning with this rank's; together the ranks have all."""
        shared: Items = items[self.rank :: self.world]
        return shared

    def wait(self) -> None:
        """Return when every rank has come to this point."""
        if self.world > 1:
            from torch import distributed  # noqa: PLC0415 - one process needs no torch

            distributed.barrier()

    @contextmanager
    def agreed(self) -> Iterator[None]:
        """In here an error of one rank ends all of them; every rank comes to the block's end.

        Raises:
            OtherRankError: Another rank met an error, which it raises.
        """
        met: SnnvizError | None = None
        try:
            yield
        except SnnvizError as error:
            met = error
        ranks = self.gather([] if met is None else [self.rank])
        # Of several only the first says what happened: it is often the same.
        if ranks and ranks[0] != self.rank:
            raise OtherRankError(f"rank {ranks[0]} met an error") from met
        if met is not None:
            raise met

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


def rank_device(device: str) -> str:
    """The device of this process: under `torchrun`, "cuda" is a GPU for each rank of a machine."""
    if "LOCAL_RANK" in os.environ and device.startswith("cuda"):
        return f"cuda:{os.environ['LOCAL_RANK']}"
    return device


@contextmanager
def joined_ranks(device: str = "cpu") -> Iterator[Ranks]:
    """This process among those that `torchrun` started, connected for the length of the block.

    Within such a block another one is the same.

    Args:
        device: Where the tensors lie that the ranks exchange; on a GPU NCCL carries them.
    """
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Ranks()
        return
    from torch import distributed  # noqa: PLC0415

    if distributed.is_initialized():
        yield Ranks(distributed.get_rank(), world)
        return
    # Imported before there is a group: its functions' default arguments keep the one they find, and
    # to train in parallel imports it. The threads of a group that is kept outlive it, and one that
    # is late while Python ends takes the process down ("terminate called").
    import torch.distributed.nn.functional  # noqa: F401, PLC0415

    if device.startswith("cuda"):
        from torch import cuda  # noqa: PLC0415

        cuda.set_device(device)
    # Windows has no NCCL; gloo carries what lies on a GPU, too.
    on_gpu = device.startswith("cuda") and distributed.is_nccl_available()
    distributed.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo")
    try:
        yield Ranks(distributed.get_rank(), world)
    finally:
        distributed.destroy_process_group()
