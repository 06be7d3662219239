"""TensorBoard's event files, broken and hostile."""

import struct
import tempfile
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from torch.utils.tensorboard import SummaryWriter

from tests.fuzz import damage
from tests.fuzz.damage import Files, Holes, Make, Rng

NAME = "events.out.tfevents.1600000000.machine.1.0"
TAGS = ("train_loss", "train_acc", "test_loss", "test_acc")


@cache
def _bases() -> tuple[bytes, bytes]:
    """What a training writes, and a file of everything else that TensorBoard knows."""
    with tempfile.TemporaryDirectory() as folder, mock.patch("time.time", return_value=1.6e9):
        for name in ("scalars", "all"):
            writer = SummaryWriter(f"{folder}/{name}")
            for epoch in range(6):
                for tag in TAGS:
                    writer.add_scalar(tag, 0.1 * epoch, epoch, walltime=1.6e9 + epoch)
            if name == "all":
                writer.add_scalar("test_acc", 0.5, 6, new_style=True, walltime=1.6e9)
                writer.add_text("args", "Namespace(T=4)", walltime=1.6e9)
                writer.add_histogram("weights", np.arange(10.0), 1, walltime=1.6e9)
                writer.add_image("kernels", np.zeros((1, 4, 4)), 1, walltime=1.6e9)
            writer.close()
        scalars, rest = (
            b"".join(p.read_bytes() for p in sorted(Path(folder, name).iterdir()))
            for name in ("scalars", "all")
        )
    return scalars, rest


def record(payload: bytes, length: int | None = None) -> bytes:
    """A record with right checksums, and a length that may be wrong."""
    head = struct.pack("<Q", len(payload) if length is None else length % (1 << 64))
    sums = (struct.pack("<I", masked_crc32c(part)) for part in (head, payload))
    return head + next(sums) + payload + next(sums)


def _scalar(step: int = 0, value: float = 0.5, tag: str = "test_acc") -> Event:
    values = [Summary.Value(tag=tag, simple_value=value)]
    return Event(wall_time=1.6e9, step=step, summary=Summary(value=values))


def _file(*events: Event) -> bytes:
    start = Event(wall_time=1.6e9, file_version="brain.Event:2")
    return b"".join(record(event.SerializeToString()) for event in (start, *events))


def _damaged(how: str) -> Make:
    def make(rng: Rng, k: int) -> Files:
        data, other = _bases() if k % 2 else _bases()[::-1]
        return {NAME: damage.ANY[how](rng, k // 2, data, other)}

    return make


def _lengths(rng: Rng, k: int) -> Files:
    """Records with absurd lengths, checksums right or not."""
    data, payload = _bases()[0], _scalar(7).SerializeToString()
    bad = bytearray(record(payload, damage.absurd_unsigned(rng, 64) if k % 3 else len(payload) + 1))
    if k % 4 == 3:
        bad[int(rng.integers(len(bad)))] ^= 1
    return {NAME: data + bytes(bad) + (data if rng.random() < 0.5 else b"")}


def _checksums(rng: Rng, k: int) -> Files:
    """Checksums of the length or the content that are wrong, of the first record or a later one."""
    data = bytearray(_bases()[k % 2])
    starts, at = [], 0
    while at < len(data):
        starts.append(at)
        at += 16 + struct.unpack_from("<Q", data, at)[0]
    start = starts[int(rng.integers(len(starts)))] if k % 4 else 0
    length = struct.unpack_from("<Q", data, start)[0]
    place = start + (8 if rng.random() < 0.5 else 12 + length) + int(rng.integers(4))
    data[place] ^= 1 << int(rng.integers(8))
    return {NAME: bytes(data)}


def _contents(rng: Rng, k: int) -> Files:
    """Whole records of damaged events."""
    event = bytearray(_scalar(3).SerializeToString())
    names = [name for name in damage.ANY if name != "as made"]
    odd = (
        *(
            damage.ANY[name](rng, int(rng.integers(50)), bytes(event), rng.bytes(40))
            for name in names
        ),
        rng.bytes(60),
        b"",
        b"\x0a\xff\xff\xff\xff\x7f" + bytes(20),
        # Groups within groups, and messages within messages.
        b"\x0b" * 50_000,
        b"\x2a\x00" * 5000,
    )
    payload = odd[k % len(odd)]
    return {NAME: _file(_scalar(1)) + record(payload) + _file(_scalar(2))}


def _values(rng: Rng, k: int) -> Files:
    """Steps, values, times and tags that no training has."""
    tags = ("test_acc", "train_loss", "", "x" * 100_000, "\x1b[31m\n", "../../test_acc", "\u202e")
    numbers = (float("nan"), float("inf"), -float("inf"), 3e38, -1.0, 0.0)
    steps = (0, -1, (1 << 63) - 1, -(1 << 63), 1 << 40)
    events = [
        _scalar(
            steps[int(rng.integers(5))], numbers[int(rng.integers(6))], tags[int(rng.integers(7))]
        )
        for _ in range(1 + k % 5)
    ]
    for event in events[k % 2 :]:
        event.wall_time = numbers[int(rng.integers(6))]
    return {NAME: _file(*events)}


def _tensors(rng: Rng, k: int) -> Files:
    """Scalars as tensors of absurd shapes, of other types, and without their numbers."""
    shape = [
        [],
        [1],
        [0],
        [1 << 40],
        [1 << 20, 1 << 20],
        [-1],
        [1] * 300,
        [1 << 62] * 3,
        [1 << 28],
    ][k % 9]
    kind = (1, 2, 3, 7, 10, 0, 99, 20)[k // 8 % 8] if rng.random() < 0.5 else 1
    tensor = TensorProto(dtype=kind, float_val=[0.5] * int(rng.integers(3)))
    tensor.tensor_shape.SetInParent()
    for side in shape:
        tensor.tensor_shape.dim.add(size=side)
    if rng.random() < 0.3:
        tensor.tensor_content = rng.bytes(int(rng.integers(20)))
    if rng.random() < 0.2:
        tensor.string_val.append(rng.bytes(30))
    value = Summary.Value(tag="test_acc", tensor=tensor)
    value.metadata.plugin_data.plugin_name = ("scalars", "text", "hparams", "")[k // 2 % 4]
    value.metadata.data_class = int(rng.integers(4))
    return {NAME: _file(Event(wall_time=1.6e9, step=1, summary=Summary(value=[value])))}


def _others(rng: Rng, k: int) -> Files:
    """Graphs, session logs and media with junk in them, and one tag of several kinds."""
    del rng
    event = Event(wall_time=1.6e9, step=2)
    if k % 5 == 0:
        event.graph_def = b"\xff" * 200
    elif k % 5 == 1:
        event.session_log.status = 1
        event.session_log.checkpoint_path = "/etc/passwd"
    elif k % 5 == 2:
        value = event.summary.value.add(tag="test_acc")
        value.histo.num, value.histo.min = float("nan"), float("inf")
    elif k % 5 == 3:
        value = event.summary.value.add(tag="test_acc")
        value.image.height = value.image.width = (1 << 31) - 1
        value.image.encoded_image_string = b"\x89PNG junk"
    else:
        event.tagged_run_metadata.tag = "a"
        event.tagged_run_metadata.run_metadata = b"\xff" * 20
    return {NAME: _file(_scalar(1), event, _scalar(3))}


def _folders(rng: Rng, k: int) -> Files:
    """Several files of a run, empty ones, and files that only have the name."""
    data, rest = _bases()
    other = NAME.replace("1600000000", "1600000001")
    return (
        {NAME: b"", other: data},
        {NAME: b""},
        {NAME: data, f"{other}.v2": rest},
        {NAME: b"\x1f\x8b" + rng.bytes(100)},
        {NAME: b"<html>" * 200},
        {NAME: data, other: damage.flip_bits(rng, data)},
        {NAME: bytes(100_000)},
        {NAME: Holes(data)},
        {NAME: Holes(data + record(b"", 1 << 35)[:12])},
        {f"{NAME}.d/x": b"", other: data},
    )[k % 10]


def _many(rng: Rng, k: int) -> Files:
    """Thousands of events, of tags, or of values in one event."""
    count = int(rng.integers(500, 2000))
    if k % 3 == 0:
        return {NAME: _file(*(_scalar(i // 2) for i in range(count)))}
    if k % 3 == 1:
        return {NAME: _file(*(_scalar(1, 0.5, f"tag {i}") for i in range(count)), _scalar(1))}
    values = [Summary.Value(tag="test_acc", simple_value=0.1)] * (count * 10)
    return {NAME: _file(Event(wall_time=1.6e9, step=1, summary=Summary(value=values)))}


MUTATIONS: dict[str, Make] = {
    **{how: _damaged(how) for how in damage.ANY},
    "absurd lengths": _lengths,
    "wrong checksums": _checksums,
    "damaged events in whole records": _contents,
    "odd steps, values and tags": _values,
    "tensors of absurd shapes": _tensors,
    "other events": _others,
    "other files": _folders,
    "thousands of events": _many,
}
