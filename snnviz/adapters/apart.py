"""Whether a network makes of each image what it makes of that one alone: tried by changing one."""

import torch

from snnviz.adapters.feeding import Source
from snnviz.adapters.listening import Track, Trial, Until, Way
from snnviz.errors import ConfigError


class NoFitError(Exception):
    """A way does not bring all images to the neurons."""


class DependsError(ConfigError):
    """What a network makes of an image depends on the others."""


def told_apart(source: Source) -> Source:
    """The images, where two are equal one of them turned around."""
    values = source.values.clone()
    axis = 1 if source.sequence else 0
    for n in range(1, len(source)):
        image = values.select(axis, n)
        if torch.equal(image, values.select(axis, 0)):
            image.copy_(image.flip(-1).roll(n, -1))
    return Source(values, source.sequence)


def check_apart(
    trial: Trial, way: Way, source: Source, steps: int, track: Track, until: Until
) -> frozenset[str]:
    """Layers that are changed for all images by another first or last one; the first is no such.

    Of large images only the first layer is looked at.

    Args:
        trial: The network.
        way: How it takes images.
        source: The images.
        steps: Number of time steps.
        track: What its first layer of neurons did.
        until: Where a run may end.

    Raises:
        DependsError: Another image changes the others' drives, too.
        NoFitError: It changes the drive of another one.
    """
    whole = {} if source.is_large else trial.run(way, source, steps, first=False)
    mixed: set[str] = set()
    for changed in (len(source) - 1, 0):
        values = source.values.clone()
        image = values.select(1 if source.sequence else 0, changed)
        # Another range, too: some code scales images by their brightest pixel.
        image.copy_(image.flip(-1) * 0.5 + 0.25 * (image.amax() == 0))
        heard = trial.run(
            way, Source(values, source.sequence), steps,
            until=() if whole else until, first=not whole,
        )  # fmt: skip
        others = [n for n in range(len(source)) if n != changed]
        mixed |= {
            key[0]
            for key in whole
            if key not in heard or not _equal_for(whole[key], heard[key], others)
        }
        try:
            _check_rows(track, next(iter(heard.values())), changed)
        except DependsError:
            same = next(iter(trial.run(way, source, steps, until=until).values()))
            pairs = zip(track.drives, same.drives, strict=True)
            if all(torch.equal(a, b) for a, b in pairs):
                raise
            raise DependsError(
                f"what {track.layer.name or 'the first layer of neurons'} gets differs from run to "
                "run, for equal images and equal seeds of torch, NumPy and Python: the network "
                "draws random numbers of its own, or counts its runs, and has no record"
            ) from None
    # Those behind may happen to do the same.
    names = [name for name, _ in whole]
    first = next((n for n, name in enumerate(names) if name in mixed), len(names))
    return frozenset(names[first:])


def _equal_for(track: Track, other: Track, images: list[int]) -> bool:
    """Whether two runs gave a layer the same drives, and it the same spikes, for those images."""
    pairs = list(zip(track.drives, other.drives, strict=False))
    same = all(a.shape == b.shape and torch.equal(a[images], b[images]) for a, b in pairs)
    return same and track.emissions.equals_for(other.emissions, images)


def _check_rows(track: Track, other: Track, changed: int) -> None:
    """Raises unless the drives of two runs differ for the image that was changed, and no other."""
    pairs = list(zip(track.drives, other.drives, strict=False))
    if any(a.shape != b.shape for a, b in pairs):
        raise NoFitError("the drive of the neurons changes its shape with an image")
    moved = [
        any(not torch.equal(a[n], b[n]) for a, b in pairs) for n in range(len(track.drives[0]))
    ]
    if not any(move for n, move in enumerate(moved) if n != changed):
        return
    if all(moved):
        raise DependsError(
            f"what {track.layer.name or 'the first layer of neurons'} gets of an image depends on "
            "the other images of its batch, so that it has no record of its own; normalize with "
            "running statistics, or each image by itself"
        )
    raise NoFitError("images and steps are mixed up")
