"""Files that would run something, or never end, if they were opened carelessly."""

import builtins
import functools
import importlib
import io
import operator
import os
import pickle
import pty
import subprocess
import sys
import warnings
import zipfile

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from snnviz.errors import CheckpointError
from snnviz.tutorial.layouts import Checkpoint, load_checkpoint
from tests.tutorial.layouts.networks import NETWORK, installed, make_class, weights, whole_network
from tests.tutorial.layouts.pickles import legacy_file, zip_file


class Call:
    """Pickled as a call of `function`."""

    def __init__(self, function, *args):
        self.call = function, args

    def __reduce__(self):
        return self.call


# How each leaves a trace; the trace's path takes the place of {}.
PAYLOADS = {
    "system": (f"{os.system.__module__}.system", os.system, "touch {}"),
    "eval": ("builtins.eval", builtins.eval, "open({!r}, 'w')"),
    "exec": ("builtins.exec", builtins.exec, "open({!r}, 'w')"),
    "getattr": ("builtins.getattr", builtins.getattr, os, "system"),
    "open": ("io.open", open, "{}", "w"),
    "popen": ("subprocess.Popen", subprocess.Popen, "touch {}", -1, None, None, None, None, None,
              True, True),
    "partial": ("functools.partial", functools.partial, os.path.exists, "{}"),
    "attrgetter": ("operator.attrgetter", operator.attrgetter, "system"),
    "import": ("importlib.import_module", importlib.import_module, "snnviz_trace"),
    "load": ("torch.serialization.load", torch.load, "{}"),
    "spawn": ("pty.spawn", pty.spawn, "touch {}"),
    "bytearray": ("builtins.bytearray", bytearray, 2**40),
    "sparse": ("torch._utils._rebuild_sparse_tensor", torch._utils._rebuild_sparse_tensor, 1, ()),
}  # fmt: skip
PLACES = {
    "net": lambda payload: {"net": payload},
    "beside": lambda payload: {"net": weights(), "epoch": payload},
    "file": lambda payload: payload,
    "value": lambda payload: {"net": {**weights(), "fc.1.weight": payload}},
    "key": lambda payload: {"net": weights(), payload: 1},
    "attribute": lambda payload: {"net": _with_attribute(payload)},
}


def _with_attribute(payload):
    net = whole_network("csnn", weights())
    net.extra = [payload]
    return net


def _substitute(argument, trace):
    return argument.replace("{!r}", repr(str(trace))).replace("{}", str(trace))


@pytest.mark.filterwarnings("ignore:Couldn't retrieve source code")
@pytest.mark.parametrize("form", ["zip", "legacy", "pickle"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("payload", PAYLOADS)
def test_calls_are_refused_by_name(save, tmp_path, monkeypatch, payload, place, form):
    trace = tmp_path / "trace"
    (tmp_path / "snnviz_trace.py").write_text(f"open({str(trace)!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    name, function, *args = PAYLOADS[payload]
    if payload == "getattr":  # modules cannot be pickled
        args = [dict, "fromkeys"]
    args = [_substitute(a, trace) if isinstance(a, str) else a for a in args]
    tree = PLACES[place](Call(function, *args))
    if form == "pickle":
        path = tmp_path / "plain.pkl"
        with installed(NETWORK):
            tree = tree if place != "attribute" else {"net": Call(function, *args)}
            path.write_bytes(pickle.dumps(tree, protocol=2))
    else:
        path = save(tree, legacy=form == "legacy")
    before = set(sys.modules)

    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)

    assert_one_line(error, path)
    assert f"calls {name} when it is opened; refusing" in str(error.value)
    assert not trace.exists()
    assert "snnviz_trace" not in set(sys.modules) - before


def assert_one_line(error, path):
    message = str(error.value)
    assert message.startswith(f"{path}: ")
    assert message.isascii()
    assert message.isprintable()
    assert len(message) < 400 + len(str(path))


def refused(tmp_path, data, match=None):
    path = tmp_path / "bad.pth"
    path.write_bytes(data)
    with pytest.raises(CheckpointError, match=match) as error:
        load_checkpoint(path)
    assert_one_line(error, path)


@pytest.mark.parametrize("wrap", [zip_file, legacy_file])
@pytest.mark.parametrize("module", [b"os", b"nt", b"posix", b"sys", b"__builtin__", b"nt.path"])
def test_calls_of_other_systems(tmp_path, wrap, module):
    name = module.decode().replace("__builtin__", "builtins")
    call = b"\x80\x02c" + module + b"\nsystem\nX\x02\x00\x00\x00ls\x85R."
    refused(tmp_path, wrap(call), rf"calls {name}\.system when it is opened")


def test_functions_of_the_system_are_refused_uncalled(save):
    path = save({"net": weights(), "hook": os.getpid})
    with pytest.raises(
        CheckpointError, match=rf"loads {os.getpid.__module__}\.getpid when"
    ) as error:
        load_checkpoint(path)
    assert_one_line(error, path)


@pytest.mark.parametrize("wrap", [zip_file, legacy_file])
@pytest.mark.parametrize(
    "instructions",
    [
        b"(X\x02\x00\x00\x00lsios\nsystem\n.",  # INST
        b"(cos\nsystem\nX\x02\x00\x00\x00lso.",  # OBJ
        b"\x80\x02csubprocess\nPopen\n)\x81R.",  # calls an object
        b"\x80\x02]R.",
        b"\x80\x02)R.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x02ls\x85R.",
        b"\x80\x02\x82\x01.",  # EXT1
        b"\x80\x02(a.",
        b"\x80\x02h\x05.",
        b"\x80\x020.",
        b"\x80\x02X\xff\xff\xff\x7fab.",
        b"\x80\x02\x8b\xff\xff\xff\x7f\x00.",
        b"\x80\x02",
        b".",
        b"",
        b"\x80\x02c\xc3\xa9\nx\n.",
        b"\x80\x02}]K\x01s.",  # a list as key
        b"\x80\x02(X\x07\x00\x00\x00storage]X\x01\x00\x00\x000]J\xff\xff\xff\x7ftQ.",
        b"\x80\x02)Q.",
        b"\x80\x02K\x05Q.",
    ],
)
def test_odd_instructions(tmp_path, wrap, instructions):
    refused(tmp_path, wrap(instructions))


def test_stand_ins_made_with_arguments_hold_nothing(tmp_path):
    refused(tmp_path, zip_file(b"\x80\x02csubprocess\nPopen\nX\x02\x00\x00\x00ls\x85\x81."),
            r"object of class subprocess\.Popen")  # fmt: skip


DEEP_TUPLE = b")" + b"\x85" * 200_000
# A tuple that holds the one before it twice, sixty times over.
WIDE_TUPLE = b")" + b"".join(b"q\x01h\x01\x86" for _ in range(60))


@pytest.mark.parametrize("wrap", [zip_file, legacy_file])
@pytest.mark.parametrize("key", [DEEP_TUPLE, WIDE_TUPLE])
def test_keys_that_cannot_be_hashed(tmp_path, wrap, key):
    refused(tmp_path, wrap(b"\x80\x02}" + key + b"K\x01s."), "nests tuples without end")


def test_deep_and_endless_values(tmp_path):
    refused(tmp_path, zip_file(b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."), "holds a list")
    refused(tmp_path, zip_file(b"\x80\x02}" + b"K\x01K\x01s" * 400_000 + b"."), "over 500,000")
    names = b"".join(b"cbuiltins\nx%d\n" % i for i in range(300))
    refused(tmp_path, zip_file(b"\x80\x02(" + names + b"t."), "over 200 classes")


def test_modules_in_modules(save):
    cyclic = whole_network("ours", weights())
    cyclic._modules["again"] = cyclic
    with pytest.raises(CheckpointError, match="over 1000 parts"):
        load_checkpoint(save(cyclic))
    branching = nn.Linear(1, 1)
    for _ in range(40):
        branching = nn.Sequential(branching, branching)
    with pytest.raises(CheckpointError, match="over 1000 parts"):
        load_checkpoint(save({"net": branching}))


def test_modules_with_odd_parts(save):
    for parts in (5, {1: nn.Linear(1, 1)}, {"a" * 200: nn.Linear(1, 1)}):
        net = NETWORK()
        net.__dict__["_modules"] = parts
        with pytest.raises(CheckpointError, match="_modules are not named parts"):
            load_checkpoint(save(net))
    net = NETWORK()
    net.__dict__["_modules"] = {"a": [1]}
    with pytest.raises(CheckpointError, match=r"holds a list at 'a\.'"):
        load_checkpoint(save(net))


def test_dicts_whose_methods_are_values(tmp_path):
    names = (b"items", b"get", b"keys", b"values", b"__class__")
    shadows = b"".join(b"X" + bytes([len(n), 0, 0, 0]) + n + b"K\x01" for n in names)
    tree = b"\x80\x02ccollections\nOrderedDict\n)R}(" + shadows + b"ub."
    refused(tmp_path, zip_file(tree), "holds no state dict")


TENSORS = {
    "expanded": lambda: torch.zeros(1).expand(10**9).view(10**5, 10**4),
    "expanded a little": lambda: torch.zeros(1).expand(80, 900),
    "meta": lambda: torch.empty(80, 45, device="meta"),
    "complex": lambda: torch.zeros(80, 45, dtype=torch.complex64),
    "integer": lambda: torch.zeros(80, 45, dtype=torch.int32),
    "sparse": lambda: torch.zeros(80, 45).to_sparse(),
    "quantized": lambda: torch.quantize_per_tensor(torch.zeros(80, 45), 0.1, 0, torch.qint8),
    "number": lambda: 5,
    "none": lambda: None,
    "string": lambda: "\x1b[31m\n" * 1000,
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", TENSORS)
def test_odd_tensors(save, kind):
    path = save({"net": {**weights(), "fc.1.weight": TENSORS[kind]()}})
    with pytest.raises(CheckpointError) as error:
        load_checkpoint(path)
    assert_one_line(error, path)


def test_tensors_larger_than_their_bytes(tmp_path, save):
    path = save(weights())
    data = path.read_bytes()
    sizes = {b"K\x50K\x2d\x86": b"(J\xff\xff\xff\x7fK\x2dt", b"K\x2dK\x01\x86": b"(K\x00K\x00t"}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        pickled = archive.read("some/data.pkl")
        for old, new in sizes.items():
            assert pickled.count(old) == 1
            pickled = pickled.replace(old, new)
        records = {n: archive.read(n) for n in archive.namelist() if not n.endswith("data.pkl")}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, record in records.items():
            archive.writestr(name, record)
        archive.writestr("some/data.pkl", pickled)
    refused(tmp_path, out.getvalue(), "fc.1.weight claims more bytes")


def test_archives_of_other_kinds(tmp_path):
    honest = b"\x80\x02}."
    refused(tmp_path, zip_file(honest), "dict with the keys none")  # so the wrapping is right
    refused(tmp_path, zip_file(honest, extra=[("archive/constants.pkl", b"")]), "TorchScript")
    refused(tmp_path, zip_file(honest + bytes(10**6), compression=zipfile.ZIP_DEFLATED),
            "compressed zip")  # fmt: skip
    refused(tmp_path, zip_file(b"", entry="version"), "torch.save wrote")
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("../../evil.txt", "a")
    refused(tmp_path, other.getvalue(), "torch.save wrote")


@pytest.mark.parametrize("legacy", [False, True])
def test_every_truncation(tmp_path, save, legacy):
    data = save({"net": weights()}, legacy=legacy).read_bytes()
    for length in {*range(40), *range(40, len(data), len(data) // 60), len(data) - 1}:
        refused(tmp_path, data[:length])


@pytest.mark.filterwarnings("ignore")
def test_a_bit_that_turned_in_the_weights(tmp_path, save):
    data = bytearray(save({"net": weights()}).read_bytes())
    value = weights()["fc.1.weight"].numpy().tobytes()[:64]
    data[data.index(value) + 5] ^= 1
    refused(tmp_path, bytes(data), "does not match its checksum")


def test_a_file_without_checksums_is_read(save):
    torch.serialization.set_crc32_options(False)
    try:
        path = save({"net": weights()})
    finally:
        torch.serialization.set_crc32_options(True)
    assert zipfile.ZipFile(path).testzip() is not None
    assert torch.equal(load_checkpoint(path).state["fc.1.weight"], weights()["fc.1.weight"])


def test_no_warnings_are_shown(tmp_path, save, capfd):
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        load_checkpoint(save({"net": whole_network("cupy-old", weights())}))
        refused(tmp_path, legacy_file(b"\x80\x03}."), "keys none")
        refused(tmp_path, b"S'\\'\n.", "torch.save wrote")
    assert [str(warning.message) for warning in shown] == []
    assert capfd.readouterr() == ("", "")


@pytest.fixture(scope="module")
def honest_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("honest")
    extra = make_class("nowhere.Extra")
    files = []
    for legacy in (False, True):
        with installed(extra):
            tree = {"net": weights(), "args": extra(), "epoch": 2}
            torch.save(tree, folder / "f.pth", _use_new_zipfile_serialization=not legacy)
        files.append((folder / "f.pth").read_bytes())
    return folder, files


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(0, 1),
    st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_any_damage_is_refused_or_harmless(honest_files, which, damage):
    folder, files = honest_files
    data = bytearray(files[which])
    for at, value in damage:
        data[at] = value
    path = folder / "damaged.pth"
    path.write_bytes(data)
    try:
        assert isinstance(load_checkpoint(path), Checkpoint)
    except CheckpointError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017
