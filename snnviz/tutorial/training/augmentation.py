"""Images shifted and mirrored at random, and masks of dropout, each epoch anew.

What chance decides depends on seed and epoch alone, so that a resumed training draws the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

# Of 28 pixels about half the share that is usual on CIFAR-10 (4 of 32, He et al. 2016,
# arXiv:1512.03385): garments fill the frame, so that every shift cuts something off.
PADDING = 2


def draw_views(count: int, seed: int, epoch: int) -> Tensor:
    """How each of `count` images is seen in an epoch: int64 [count, 3] for `crop_and_flip`.

    Drawn on the CPU, for all images together: the same on every device and any number of ranks.
    """
    generator = torch.Generator().manual_seed(_seed(seed, epoch, "views"))
    corners = torch.randint(0, 2 * PADDING + 1, (count, 2), generator=generator)
    flips = torch.randint(0, 2, (count, 1), generator=generator)
    return torch.cat([corners, flips], 1)


def crop_and_flip(images: Tensor, views: Tensor, padding: int = PADDING) -> Tensor:
    """Random crops of zero-padded images, some of them mirrored; of the images' size and type.

    Args:
        images: [N, H, W] of any type.
        views: Integers [N, 3] on the same device: first row and first column of the crop in the
            padded image, in 0 .. 2 * padding, and 1 where left and right change places.
        padding: Rows and columns of zeros on each side.
    """
    count, height, width = images.shape
    top, left, flip = (part[:, None] for part in views.unbind(1))
    rows = top + torch.arange(height, device=images.device)
    columns = torch.arange(width, device=images.device)
    columns = left + torch.where(flip == 1, columns.flip(0), columns)
    image = torch.arange(count, device=images.device)[:, None, None]
    return F.pad(images, (padding,) * 4)[image, rows[:, :, None], columns[:, None, :]]


@contextmanager
def seeded_masks(device: torch.device, seed: int, epoch: int, rank: int) -> Iterator[None]:
    """In here torch's global generators begin anew; afterwards they are as they were before."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(_seed(seed, epoch, "masks", rank))
        yield


def _seed(seed: int, epoch: int, purpose: str, rank: int = 0) -> int:
    """A seed that no other epoch, purpose or rank has, whatever the user's seeds are."""
    numbers = [seed, epoch, rank, *purpose.encode()]
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
