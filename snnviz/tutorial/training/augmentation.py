"""Images shifted and covered at random, each epoch anew.

What chance decides depends on seed and epoch alone, so that a resumed training draws the same.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

# What images are shifted by at most, and how many of them have a box of which size covered.
SHIFT = 1
COVERED = 0.25
SMALLEST, LARGEST = 1 / 7, 5 / 14


@dataclass(frozen=True, eq=False)
class Views:
    """How each of N images is seen in an epoch.

    Attributes:
        corners: For `shift`, [N, 2].
        boxes: For `cover`, [N, 4].
    """

    corners: Tensor
    boxes: Tensor

    def to(self, device: torch.device) -> "Views":
        """The same on that device."""
        return Views(self.corners.to(device), self.boxes.to(device))

    def of(self, images: Tensor, chosen: Tensor) -> Tensor:
        """Some of the N images as they are seen.

        Args:
            images: All of them, [N, H, W].
            chosen: Indices of those that are wanted.
        """
        return cover(shift(images[chosen], self.corners[chosen]), self.boxes[chosen])


def light_views(count: int, size: tuple[int, int], seed: int, epoch: int) -> Views:
    """Shifts by up to a pixel, and a box covered in a quarter of the images.

    Boxes are those of random erasing (Zhong et al., arXiv:1708.04896) filled with black, which is
    the background; each side is 1/7 to 5/14 of the image's. Drawn on the CPU, for all images
    together: the same on every device and any number of ranks.

    Args:
        count: How many images.
        size: Their height and width.
        seed: Seed of the training.
        epoch: 0-based number of the epoch.
    """
    generator = torch.Generator().manual_seed(_seed(seed, epoch))
    corners = torch.randint(0, 2 * SHIFT + 1, (count, 2), generator=generator)
    sides = SMALLEST + (LARGEST - SMALLEST) * torch.rand(count, 2, generator=generator)
    whole = torch.tensor(size)
    sides = (sides * whole).round().long().clamp(min=1)
    starts = (torch.rand(count, 2, generator=generator) * (whole - sides + 1)).long()
    covered = torch.rand(count, 1, generator=generator) < COVERED
    return Views(corners, torch.cat([starts, torch.where(covered, sides, 0)], 1))


def shift(images: Tensor, corners: Tensor, padding: int = SHIFT) -> Tensor:
    """Crops of zero-padded images; of the images' size and type.

    Args:
        images: [N, H, W] of any type.
        corners: Integers [N, 2] on the same device: first row and first column of the crop in the
            padded image, in 0 .. 2 * padding.
        padding: Rows and columns of zeros on each side.
    """
    count, height, width = images.shape
    top, left = (part[:, None] for part in corners.unbind(1))
    rows = top + torch.arange(height, device=images.device)
    columns = left + torch.arange(width, device=images.device)
    image = torch.arange(count, device=images.device)[:, None, None]
    return F.pad(images, (padding,) * 4)[image, rows[:, :, None], columns[:, None, :]]


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


def _seed(seed: int, epoch: int) -> int:
    """A seed that no other epoch has, whatever the user's seeds are."""
    numbers = [seed, epoch, 0, *b"light"]
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0])
