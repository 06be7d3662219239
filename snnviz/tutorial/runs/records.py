"""The scalars in TensorBoard's event files, in the order in which they were written."""

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from snnviz.errors import DataError

PATTERN = "events.out.tfevents.*"
# Scalars take a hundred bytes, pictures a few million; checksums of these take some seconds.
_LARGEST_RECORD = 64 << 20

_LONGEST_TAG = 100


class Point(NamedTuple):
    """A scalar at a step, and the file that it stands in."""

    tag: str
    step: int
    value: float
    file: Path


class Restart(NamedTuple):
    """A writer that began here: what was written of this step and later ones is void."""

    step: int


class Events(NamedTuple):
    """What the event files of one folder hold.

    Attributes:
        folder: The folder.
        items: Scalars and restarts, in the order of the files' names, as TensorBoard reads them.
        is_hparams: Whether they are the summary of a run's settings, as `add_hparams` writes it.
        faults: A sentence for each file that is cut off or damaged; what is before that counts.
    """

    folder: Path
    items: list[Point | Restart]
    is_hparams: bool
    faults: list[str]

    @property
    def tags(self) -> set[str]:
        """The tags of the scalars."""
        return {item.tag for item in self.items if isinstance(item, Point)}


def read_events(folder: Path) -> Events:
    """The scalars in the event files that lie in `folder` itself.

    Raises:
        DataError: A file cannot be opened.
    """
    from tensorboard.compat.proto.event_pb2 import Event  # noqa: PLC0415 - slow

    items: list[Point | Restart] = []
    plugins: dict[str, str] = {}
    faults = []
    for path in sorted(folder.glob(PATTERN)):
        try:
            with path.open("rb") as file:
                for record in _records(file):
                    items += _read(Event.FromString(record), plugins, path)
        except OSError as error:
            raise DataError(f"cannot read {path}: {error.strerror}") from error
        except Exception as error:  # noqa: BLE001 - whatever protobuf makes of damaged bytes
            fault = str(error) if isinstance(error, _DamagedError) else "damaged"
            count = sum(isinstance(item, Point) and item.file == path for item in items)
            faults.append(f"{path} is {fault} after {count} values")
    return Events(folder, items, "hparams" in plugins.values(), faults)


class _DamagedError(Exception):
    """What is wrong with a file, as the end of a sentence."""


def _records(file: BinaryIO) -> Iterator[bytes]:
    """The records of a TFRecord file: length, its checksum, bytes, their checksum.

    TensorBoard's own reader ends in silence where a file is cut or damaged.
    """
    # Its checksum is the one that torch's and TensorFlow's writers use.
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import (  # noqa: PLC0415 - slow
        masked_crc32c,
    )

    left = file.seek(0, 2)
    file.seek(0)
    while left > 0:
        header = file.read(12)
        if len(header) < 12:
            raise _DamagedError("cut off")
        (length,) = struct.unpack("<Q", header[:8])
        if masked_crc32c(header[:8]) != struct.unpack("<I", header[8:])[0]:
            raise _DamagedError("damaged")
        if length + 16 > left:
            raise _DamagedError("cut off")
        if length > _LARGEST_RECORD:
            raise _DamagedError("damaged")
        record, checksum = file.read(length), file.read(4)
        if masked_crc32c(record) != struct.unpack("<I", checksum)[0]:
            raise _DamagedError("damaged")
        yield record
        left -= length + 16


def _read(event: Any, plugins: dict[str, str], path: Path) -> Iterator[Point | Restart]:
    """What an event says; `plugins` keeps what each tag is, which only its first event tells."""
    if event.WhichOneof("what") == "session_log" and event.session_log.status == 1:  # START
        yield Restart(event.step)
    for value in event.summary.value:
        tag = _readable(value.tag)
        plugins.setdefault(tag, value.metadata.plugin_data.plugin_name)
        kind = value.WhichOneof("value")
        if kind == "simple_value":
            yield Point(tag, event.step, value.simple_value, path)
        elif kind == "tensor" and plugins[tag] == "scalars":  # as TensorFlow 2 writes them
            from tensorboard.util.tensor_util import make_ndarray  # noqa: PLC0415 - rare

            # One number declares any shape.
            if math.prod(side.size for side in value.tensor.tensor_shape.dim) != 1:
                raise _DamagedError("damaged")
            yield Point(tag, event.step, float(make_ndarray(value.tensor).item()), path)


def _readable(tag: str) -> str:
    """A tag of any length and of any characters as it can be shown on a line."""
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in tag[:_LONGEST_TAG]
    )
