"""Images shifted, mirrored and covered at random, and masks of dropout, each epoch anew.

What chance decides depends on seed and epoch alone, so that a resumed training draws the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

# Of 28 pixels about half the share that is usual on CIFAR-10 (4 of 32, He et al. 2016,
# arXiv:1512.03385): garments fill the frame, so that every shift cuts something off.
PADDING = 2
# What light augmentation shifts by, and how many of the images have a box of which size covered.
LIGHT_PADDING = 1
COVERED = 0.25
SMALLEST, LARGEST = 1 / 7, 5 / 14


@dataclass(frozen=True, eq=False)
class Views:
    """How each of N images is seen in an epoch.

    Attributes:
        crops: For `crop_and_flip`, [N, 3].
        padding: The padding that these are of.
        boxes: For `cover`, [N, 4]; None covers none.
    """

    crops: Tensor
    padding: int = PADDING
    boxes: Tensor | None = None

    def to(self, device: torch.device) -> "Views":
        """The same on that device."""
        boxes = None if self.boxes is None else self.boxes.to(device)
        return Views(self.crops.to(device), self.padding, boxes)

    def of(self, images: Tensor, chosen: Tensor) -> Tensor:
        """Some of the N images as they are seen.

        Args:
            images: All of them, [N, H, W].
            chosen: Indices of those that are wanted.
        """
        seen = crop_and_flip(images[chosen], self.crops[chosen], self.padding)
        return seen if self.boxes is None else cover(seen, self.boxes[chosen])


def light_views(count: int, size: tuple[int, int], seed: int, epoch: int) -> Views:
    """Shifts by up to a pixel, and a box covered in a quarter of the images; nothing is mirrored.

    Boxes are those of random erasing (Zhong et al., arXiv:1708.04896) filled with black, which is
    the background; each side is 1/7 to 5/14 of the image's.

    Args:
        count: How many images.
        size: Their height and width.
        seed: Seed of the training.
        epoch: 0-based number of the epoch.
    """
    generator = torch.Generator().manual_seed(_seed(seed, epoch, "light"))
    corners = torch.randint(0, 2 * LIGHT_PADDING + 1, (count, 2), generator=generator)
    sides = SMALLEST + (LARGEST - SMALLEST) * torch.rand(count, 2, generator=generator)
    whole = torch.tensor(size)
    sides = (sides * whole).round().long().clamp(min=1)
    starts = (torch.rand(count, 2, generator=generator) * (whole - sides + 1)).long()
    covered = torch.rand(count, 1, generator=generator) < COVERED
    boxes = torch.cat([starts, torch.where(covered, sides, 0)], 1)
    crops = torch.cat([corners, torch.zeros(count, 1, dtype=torch.int64)], 1)
    return Views(crops, LIGHT_PADDING, boxes)


def cover(images: Tensor, boxes: Tensor) -> Tensor:
    """Images [N, H, W] of any type with a box of each set to 0.

    Args:
        images: The images.
        boxes: Integers [N, 4] on the same device: first row, first column, rows and columns.
    """
    top, left, rows, columns = (part[:, None] for part in boxes.unbind(1))
    row, column = (torch.arange(side, device=images.device) for side in images.shape[1:])
    in_rows = (row >= top) & (row < top + rows)
    in_columns = (column >= left) & (column < left + columns)
    return images.masked_fill(in_rows[:, :, None] & in_columns[:, None, :], 0)


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
