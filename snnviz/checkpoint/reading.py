"""A file as an inert tree of plain values and tensors; no code that it names runs.

torch's `weights_only` reader does the reading. It builds only what it is allowed to, so each
class that a file names is given to it as a fresh `StandIn`, which keeps the state that the file
holds and can do nothing. The file's instructions are looked through beforehand, without
following them, for the names to stand in for and for what an honest checkpoint never does.
"""

import hashlib
import io
import os
import re
import threading
import warnings
import zipfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, ClassVar, Self

import torch

from snnviz.checkpoint.kinds import (
    is_safetensors,
    read_safetensors,
    refuse_other_archives,
    refuse_other_kinds,
)
from snnviz.checkpoint.scanning import Instructions
from snnviz.errors import CheckpointError

# What may be called: torch's own way to write a tensor, and values beside the network, which
# become stand-ins.
_CALLABLES = re.compile(
    r"collections\.(OrderedDict|Counter|defaultdict|deque)|_codecs\.encode"
    r"|builtins\.(set|frozenset|complex|range|slice|bytes)|decimal\.Decimal|fractions\.Fraction"
    r"|torch\.Size|torch\.device|torch\._utils\._rebuild_(tensor|tensor_v2|parameter)"
    r"|numpy\.dtype|numpy\._?core\.multiarray\.(scalar|_reconstruct)|uuid\.UUID"
    r"|pathlib\.(_local\.)?(Pure)?(Posix|Windows)?Path|types\.SimpleNamespace"
    r"|datetime\.(datetime|date|time|timedelta|timezone)"
)
_SYSTEM = re.compile(r"(os|sys|posix|nt)\.")
# A file in torch's format before 1.6 is five pickles, then the tensors' bytes.
_LEGACY_PICKLES = 5
# Forty times what the tutorial's network takes with all that training needs. More would be read for
# minutes, were it but holes.
_LARGEST_FILE = 4 << 30
# torch's table of allowed names and the filter of warnings are one for the whole process.
_LOCK = threading.Lock()


class StandIn:
    """An object of a class that a file names, without that class.

    Attributes:
        global_name: The full name of the class in the file.
        args: What the file makes the object of.
        state: What the file gives the object to hold, most often a dict of attributes.
    """

    __slots__ = ("args", "state")
    global_name: ClassVar[str] = ""
    args: tuple[object, ...]
    state: object

    def __new__(cls, *args: object) -> Self:
        """An object that holds no state yet."""
        self = object.__new__(cls)
        self.args = args
        self.state = None
        return self

    def __setstate__(self, state: object) -> None:
        """Hold `state`."""
        self.state = state


class _Mapping:
    """Makes a plain dict in the place of an object that is filled as one: a defaultdict, say."""

    def __new__(cls, *_args: object) -> "OrderedDict[object, object]":  # type: ignore[misc]
        """An empty dict."""
        return OrderedDict()


class _Sequence:
    """Makes a plain list in the place of an object that is filled as one: a deque, say."""

    def __new__(cls, *_args: object) -> list[object]:  # type: ignore[misc]
        """An empty list."""
        return []


class _Bytes:
    """Makes no bytes: how none at all are pickled; all others are encoded text."""

    def __new__(cls, *_args: object) -> bytes:  # type: ignore[misc]
        """Nothing."""
        return b""


def as_dict(value: object) -> dict[object, object] | None:
    """A plain dict of the items of `value`, None where it is no dict.

    A file can give an OrderedDict attributes, even one named `items`; they stay behind.
    """
    return dict(dict.items(value)) if isinstance(value, dict) else None


def read_file(path: Path) -> tuple[object, str, int]:
    """The tree that `path` holds, the SHA-256 of its bytes in hexadecimal, and its size in bytes.

    Raises:
        CheckpointError: It cannot be read, is no file of torch.save or safetensors, or calls
            something; the message says so without the path.
    """
    try:
        # Warnings of torch and pickletools are about the file, and it is read or refused here.
        with path.open("rb") as file, _LOCK, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = file.tell()
            if is_safetensors(file):
                return read_safetensors(path), sha256, size
            refuse_other_kinds(file)
            return _read_tree(file, size), sha256, size
    except CheckpointError:
        raise
    except OSError as error:
        raise CheckpointError(f"cannot be read: {error.strerror or error}") from error
    except Exception as error:  # torch and pickle raise anything on bytes that are not theirs
        raise CheckpointError(
            "is not a checkpoint that torch.save wrote, or is damaged or cut off; "
            "copy or save it again"
        ) from error


def _read_tree(file: IO[bytes], size: int) -> object:
    instructions = Instructions()
    if is_zip := _starts_as_zip(file):
        instructions.scan(_zip_pickle(file, size))
    else:
        _scan_legacy(file, instructions)
    called = {name for name in instructions.calls if not _CALLABLES.fullmatch(name)}
    system = {name for name in instructions.globals if _SYSTEM.match(name)}
    if refused := called or system:
        raise CheckpointError(
            f"{'calls' if called else 'loads'} {ascii(min(refused))[1:-1][:80]} when it is opened; "
            "refusing it, nothing was run; ask its author for a state dict "
            "(torch.save(net.state_dict(), ...))"
        )
    # In the format before 1.6 torch asks for memory before it looks for the numbers.
    if max(sum(instructions.storages.values()), instructions.extent) > size:
        raise CheckpointError("claims more numbers than it has bytes; copy or save it again")
    file.seek(0)
    with _stand_ins(instructions):
        try:
            return torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:
            if not is_zip and "persistent_load of storage" in str(error):
                raise CheckpointError(
                    "holds a whole pickled network in torch's format before 1.6, which cannot be "
                    "read safely; open it with the SpikingJelly that wrote it and save "
                    "{'net': net.state_dict()}"
                ) from error
            raise


def _starts_as_zip(file: IO[bytes]) -> bool:
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return start == b"PK\x03\x04"


def _zip_pickle(file: IO[bytes], size: int) -> IO[bytes]:
    """The pickle in a file of torch.save since 1.6, the very bytes that torch.load follows."""
    with zipfile.ZipFile(file) as archive:
        refuse_other_archives(archive)
        # torch.save compresses nothing, so what lies within is never larger than the file.
        if sum(info.file_size for info in archive.infolist()) > size:
            raise CheckpointError("is a compressed zip archive; save it again with torch.save")
        # torch.load does not look at the checksums. torch.serialization.set_crc32_options can
        # leave them out, and then all of them are 0.
        if any(info.CRC for info in archive.infolist()) and (damaged := archive.testzip()):
            raise CheckpointError(
                f"is damaged: {ascii(damaged)[1:-1][:80]} in it does not match its checksum; copy "
                "or save it again"
            )
    file.seek(0)
    reader = torch._C.PyTorchFileReader(file)  # noqa: SLF001 - as torch.load opens it
    if "constants.pkl" in reader.get_all_records():
        raise CheckpointError(
            "is a TorchScript archive; save the network's state_dict() with torch.save instead"
        )
    return io.BytesIO(reader.get_record("data.pkl"))


def _scan_legacy(file: IO[bytes], instructions: Instructions) -> None:
    for done in range(_LEGACY_PICKLES):
        try:
            instructions.scan(file)
        except ValueError:
            # A plain pickle ends early; torch.load will say that it is none of its own.
            if done == 0:
                raise
            break


@contextmanager
def _stand_ins(instructions: Instructions) -> Iterator[None]:
    """In here torch's reader allows a stand-in for each name, and nothing that others allowed."""
    classes = [(_stand_in(name, instructions), name) for name in instructions.globals]
    others = torch.serialization.get_safe_globals()
    torch.serialization.clear_safe_globals()
    try:
        with torch.serialization.safe_globals(list(classes)):
            yield
    finally:
        torch.serialization.add_safe_globals(others)


def _stand_in(name: str, instructions: Instructions) -> type:
    """What stands for the class called `name`, a class of its own for each name."""
    if name == "builtins.bytes":
        return _Bytes
    if name in instructions.mappings:
        return type("Mapping", (_Mapping,), {})
    if name in instructions.sequences:
        return type("Sequence", (_Sequence,), {})
    return type("StandIn", (StandIn,), {"__slots__": (), "global_name": name})


def check_path(path: Path) -> None:
    """Refuse what is no regular file or has no end, before anything waits for it.

    Raises:
        CheckpointError: It is missing, a folder, a device or too large; the message has no path.
    """
    try:
        if path.is_dir():
            inner = path / "checkpoint_max.pth"
            hint = f"; did you mean {inner}?" if inner.is_file() else "; name a checkpoint in it"
            raise CheckpointError(f"is a folder{hint}")
        if not os.path.lexists(path):
            raise CheckpointError("does not exist; check the path")
        if not path.is_file():
            raise CheckpointError("is not a regular file; name a checkpoint of torch.save")
        if path.stat().st_size > _LARGEST_FILE:
            raise CheckpointError(
                f"is larger than {_LARGEST_FILE >> 30} GiB; no checkpoint of this network is"
            )
    except (OSError, ValueError) as error:
        raise CheckpointError(f"cannot be read: {error}") from error
