"""Records that declare more than they hold, and tags that no line can show."""

import struct

import pytest
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

from snnviz.errors import DataError
from snnviz.tutorial.runs import read_curves, records


def record(payload, length=None):
    head = struct.pack("<Q", len(payload) if length is None else length)
    sums = [struct.pack("<I", masked_crc32c(part)) for part in (head, payload)]
    return head + sums[0] + payload + sums[1]


def scalar(step, value=0.5, tag="test_acc"):
    values = [Summary.Value(tag=tag, simple_value=value)]
    return record(Event(step=step, summary=Summary(value=values)).SerializeToString())


def tensor(step, *shape):
    value = Summary.Value(tag="test_acc", tensor=TensorProto(dtype=1, float_val=[0.25]))
    value.metadata.plugin_data.plugin_name = "scalars"
    for side in shape:
        value.tensor.tensor_shape.dim.add(size=side)
    return record(Event(step=step, summary=Summary(value=[value])).SerializeToString())


def write(folder, *parts):
    path = folder / "events.out.tfevents.1.a"
    path.write_bytes(b"".join(parts))
    return path


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("length", [1 << 20, 1 << 40, (1 << 64) - 1])
def test_values_before_a_record_of_absurd_length_count(tmp_path, length):
    write(tmp_path, scalar(0), record(b"", length))
    assert read_curves(tmp_path)["test_acc"].values.tolist() == [0.5]


def test_a_record_that_is_there_may_still_be_too_long(tmp_path, monkeypatch):
    path = write(tmp_path, scalar(0), scalar(1), scalar(2))
    assert len(read_curves(tmp_path)["test_acc"].values) == 3
    monkeypatch.setattr(records, "_LARGEST_RECORD", len(scalar(1)) - 16)
    path.write_bytes(scalar(0) + scalar(1) + scalar(2, tag="test_accuracy"))
    with pytest.warns(UserWarning, match="damaged"):
        assert len(read_curves(tmp_path)["test_acc"].values) == 2


def test_one_number_of_any_shape(tmp_path):
    write(tmp_path, tensor(0), tensor(1, 1), tensor(2, 1, 1))
    assert read_curves(tmp_path)["test_acc"].values.tolist() == [0.25] * 3
    for shape in ((1 << 28,), (2, 3), (0,)):
        write(tmp_path, tensor(0), tensor(1, *shape))
        with pytest.warns(UserWarning, match="damaged after 1 values"):
            assert read_curves(tmp_path)["test_acc"].values.tolist() == [0.25]


def test_tags_are_shown_on_one_line(tmp_path):
    write(tmp_path, scalar(0, tag="\x1b[31m\nno"), scalar(0, tag="x" * 100_000))
    with pytest.raises(DataError) as error:
        read_curves(tmp_path)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 600
    assert "\N{REPLACEMENT CHARACTER}[31m\N{REPLACEMENT CHARACTER}no" in str(error.value)
