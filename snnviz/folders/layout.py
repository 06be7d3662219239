"""What runs of one kind leave in a folder."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

FILES = "files"
"""The key of a manifest, and of a mark, under which names of files stand."""


def listed_files(manifest: Mapping[str, object]) -> Iterable[object]:
    """What most manifests list."""
    names = manifest.get(FILES)
    return names if isinstance(names, list) else ()


def _nothing(_folder: Path) -> Iterable[str]:
    return ()


@dataclass(frozen=True)
class Layout:
    """What runs of one kind write, and how they call it.

    Names of files are relative to the folder, with "/" between.

    Attributes:
        run: What to call such a run in a message, with its article.
        manifest: The file that lists what a finished run wrote; it comes last.
        mark: The hidden file that is there while a run lasts.
        owned: The names that such runs write at all. What a manifest lists besides is not touched,
            so that one that lies deletes nothing of anybody else's.
        listed: The names that a manifest lists.
        results: Keys of a manifest that say what a run came to, and not what makes it.
        unlisted: The names of what a run of an earlier version may have left, which listed none.
        resumes: Whether an interrupted run can be gone on with.
        argument: What the user names the folder with, for errors.
    """

    run: str
    manifest: str
    mark: str
    owned: re.Pattern[str]
    listed: Callable[[Mapping[str, object]], Iterable[object]] = listed_files
    results: tuple[str, ...] = (FILES,)
    unlisted: Callable[[Path], Iterable[str]] = _nothing
    resumes: bool = False
    argument: str = "out_dir"
