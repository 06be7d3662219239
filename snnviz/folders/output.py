"""`OutputFolder`: what a run does to a folder that it holds."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard

from snnviz._version import __version__
from snnviz.errors import ConfigError, ExportError
from snnviz.files import LOCK, json_bytes, make_folder, remove, write_bytes
from snnviz.folders.layout import FILES, Layout, listed_files

# Of a mark: what it lists is being deleted, and nothing new is there.
_CLEARING = "clearing"

Identity = Mapping[str, object]


class OutputFolder:
    """A folder that is this run's alone for as long as `hold_folder` holds it.

    Attributes:
        folder: The folder.
        layout: What is written into it.
    """

    def __init__(self, folder: Path, layout: Layout) -> None:
        self.folder = folder
        self.layout = layout
        self._identity: Identity = {}
        # Read at once: what cannot be gone over is refused before anything is computed.
        self._mark, self._manifest = map(self._read, (layout.mark, layout.manifest))

    @contextmanager
    def replaced(
        self, content: Mapping[str, bytes | memoryview], results: Mapping[str, object] | None = None
    ) -> Iterator[list[Path]]:
        """The paths of files that are written in place of what an earlier run wrote.

        They count as whole when the block, which may write elsewhere, has ended.

        Args:
            content: What goes into them, by their names.
            results: What else the manifest is to say.

        Raises:
            ExportError: A file cannot be written, or one of an earlier run cannot be deleted.
        """
        self.begin(content, {"snnviz": __version__})
        for parent in dict.fromkeys((self.folder / name).parent for name in content):
            make_folder(parent, argument=self.layout.argument)
        yield [write_bytes(data, self.folder / name) for name, data in content.items()]
        self.finish({**(results or {}), FILES: list(content)})

    def begin(self, planned: Iterable[str], identity: Identity, *, resume: bool = False) -> None:
        """Mark the folder as this run's, with nothing in it that could pass for this run's own.

        Args:
            planned: The names of the files that the run may write.
            identity: What makes the run; plain values.
            resume: Keep the files of a run of the same identity.

        Raises:
            ConfigError: `resume`, and the folder holds a run of another identity.
            ExportError: A file of an earlier run cannot be deleted.
        """
        names, self._identity = list(planned), identity
        if strange := [name for name in names if not self.layout.owned.fullmatch(name)]:
            raise ValueError(f"{self.layout.run} does not write {strange[0]}")
        earlier = self._mark or self._manifest
        if resume and earlier is not None and _CLEARING not in earlier:
            self._compare(earlier)
        elif any(path.name != LOCK for path in self.folder.iterdir()):
            self.clear([*names, *self.earlier()])
        # From now on, a file that is there is whole and this run's.
        self._write(self.layout.mark, {**self._identity, FILES: names})
        self._remove(self.folder / self.layout.manifest)

    def clear(self, names: Iterable[object]) -> None:
        """Delete files of earlier runs, and folders that are empty without them.

        Wherever it breaks off, a mark says that what is left is no run any more; it stays.

        Args:
            names: What the layout does not own, what is behind a link to another folder, and what
                is no file is left alone.
        """
        stale = sorted({name for name in names if self._is_own(name)})
        found = [path for name in stale if not (path := self.folder / name).is_dir()]
        parents = {path.parent for path in found} - {self.folder}
        if self._mark is None and not any(map(os.path.lexists, found)):
            return
        self._write(self.layout.mark, {_CLEARING: True, FILES: stale})
        for path in found:
            self._remove(path)
        for parent in parents:
            with suppress(OSError):  # something else is in it
                parent.rmdir()
        self._remove(self.folder / self.layout.manifest)

    def unmark(self) -> None:
        """Take the mark away: what the folder holds is whole."""
        self._remove(self.folder / self.layout.mark)

    def finish(self, results: Mapping[str, object]) -> Path:
        """The manifest of a finished run: its identity, and what it came to.

        Args:
            results: What the layout's `listed` finds the names of all files in.
        """
        path = self._write(self.layout.manifest, {**self._identity, **results})
        self.unmark()
        return path

    def earlier(self) -> Iterator[object]:
        """The names that earlier runs may have left, as their lists say."""
        if self._mark is not None:
            yield from listed_files(self._mark)
        if self._manifest is not None:
            yield from self.layout.listed(self._manifest)
        if FILES not in (self._mark or self._manifest or {}):
            yield from self.layout.unlisted(self.folder)

    def _is_own(self, name: object) -> TypeGuard[str]:
        """Whether it is a file that runs of this kind write, and in this folder."""
        if not isinstance(name, str) or not self.layout.owned.fullmatch(name):
            return False
        *parents, _ = PurePosixPath(name).parents
        return not any((self.folder / parent).is_symlink() for parent in parents)

    def _read(self, name: str) -> dict[str, Any] | None:
        """What the mark or the manifest says, None where there is none."""
        path = self.folder / name
        if not os.path.lexists(path):
            return None
        try:
            found = json.loads(path.read_bytes()) if path.is_file() else None
        except (OSError, ValueError, RecursionError) as error:
            reason = getattr(error, "strerror", None) or error
            raise self._unreadable(path, reason) from error
        if not isinstance(found, dict):
            raise self._unreadable(path, "it is no JSON object")
        return found

    def _unreadable(self, path: Path, reason: object) -> ExportError:
        return ExportError(
            f"cannot read {path} ({reason}), which lists what {self.layout.run} left; delete the "
            "folder, or that file alone to keep the others"
        )

    def _remove(self, path: Path) -> None:
        remove(path, argument=self.layout.argument)

    def _write(self, name: str, value: Mapping[str, object]) -> Path:
        return write_bytes(json_bytes(value), self.folder / name)

    def _compare(self, found: Mapping[str, object]) -> None:
        """Raise where the folder's run is not of this identity."""
        left_out = {FILES, *self.layout.results}
        earlier = {key: value for key, value in found.items() if key not in left_out}
        identity = self._identity
        changed = [key for key in {**identity, **earlier} if identity.get(key) != earlier.get(key)]
        if changed:
            raise ConfigError(
                f"{self.folder} was begun with other {_differences(identity, earlier, changed)}",
                "repeat those",
                f"choose another `{self.layout.argument}`",
            )


def _differences(identity: Identity, earlier: Identity, changed: list[str]) -> str:
    """The values that differ, the first few, as "name (was X, is Y)"."""
    texts = []
    for key in changed:
        new, old = identity.get(key), earlier.get(key)
        if isinstance(new, dict) and isinstance(old, dict):
            inner = [name for name in {**new, **old} if new.get(name) != old.get(name)]
            texts += [f"{name} (was {old.get(name)}, is {new.get(name)})" for name in inner]
        else:
            texts.append(f"{key} (was {str(old)[:16]}, is {str(new)[:16]})")
    return ", ".join(texts[:3])
