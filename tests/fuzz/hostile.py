"""Pickles by hand: what calls, names, nests and counts as no checkpoint does."""

import pickle
import pickletools
import struct
from typing import TYPE_CHECKING

import torch

from tests.fuzz import damage
from tests.fuzz.damage import Rng
from tests.fuzz.runner import NAMED_MODULES

if TYPE_CHECKING:
    from collections.abc import Callable

MARKER = "ran"
# What each would do, were it followed: (module, name), and its arguments as a pickled tuple.
_TEXT = "touch " + MARKER


def text(value: str) -> bytes:
    """Instruction that puts `value` on the stack."""
    encoded = value.encode("utf-8", "surrogatepass")
    return b"X" + struct.pack("<I", len(encoded)) + encoded


def name(module: str, attribute: str) -> bytes:
    """Instruction that puts what is called so on the stack."""
    return f"c{module}\n{attribute}\n".encode()


_CALLS: dict[str, bytes] = {
    "os.system": name("os", "system") + text(_TEXT) + b"\x85R",
    "posix.system": name("posix", "system") + text(_TEXT) + b"\x85R",
    "eval": name("builtins", "eval") + text(f"open({MARKER!r}, 'w')") + b"\x85R",
    "exec, by its old name": name("__builtin__", "exec") + text("import this") + b"\x85R",
    "open": name("io", "open") + text(MARKER) + text("w") + b"\x86R",
    "INST": b"(" + text(_TEXT) + b"ios\nsystem\n",
    "OBJ": b"(" + name("os", "system") + text(_TEXT) + b"o",
    "NEWOBJ": name("subprocess", "Popen") + text(_TEXT) + b"\x85\x81",
    "STACK_GLOBAL": text("os") + text("system") + b"\x93" + text(_TEXT) + b"\x85R",
    "getattr": name("builtins", "getattr") + name("os", "path") + text("join") + b"\x86R",
    "import_module": name("importlib", "import_module") + text(NAMED_MODULES[0]) + b"\x85R",
    "__import__": name("builtins", "__import__") + text(NAMED_MODULES[0]) + b"\x85R",
    "torch.load": name("torch", "load") + text(MARKER) + b"\x85R",
    "runpy": name("runpy", "run_path") + text(MARKER) + b"\x85R",
    "bytearray": name("builtins", "bytearray") + b"\x8a\x06\0\0\0\0\0\1\x85R",
    "range": name("builtins", "list") + name("builtins", "range") + b"J\xff\xff\xff\x7f\x85R\x85R",
    "partial": name("functools", "partial") + name("os", "system") + text(_TEXT) + b"\x86R",
    "compiler": name("torch.utils.cpp_extension", "load_inline") + text("a") + text("") + b"\x86R",
    "zeros": name("torch", "zeros") + b"J\xff\xff\xff\x7f\x85R",
    "BUILD on a class": name("collections", "OrderedDict") + b"}" + text("a") + b"K\x01sb",
    "codecs": name("_codecs", "encode") + text("a" * 100) + text("zlib") + b"\x86R",
    "decode": name("_codecs", "decode") + text("a") + text("rot13") + b"\x86R",
    "set": name("builtins", "set") + b"]K\x01a\x85R",
    "Counter": name("collections", "Counter") + text("aab") + b"\x85R",
    "dtype": name("numpy", "dtype") + text("V2000000000") + b"\x85R",
    "NumPy": name("numpy.core.multiarray", "_reconstruct") + name("numpy", "ndarray")
    + b"J\xff\xff\xff\x7f\x85" + text("b") + b"\x87R",
    "NumPy scalar": name("numpy._core.multiarray", "scalar") + name("numpy", "dtype")
    + text("O8") + b"\x85R" + text("x") + b"\x86R",
    "torch.Size": name("torch", "Size") + b"(" + b"J\xff\xff\xff\x7f" * 9 + b"t\x85R",
    "torch.device": name("torch", "device") + text("cuda:99999") + b"\x85R",
    "Path": name("pathlib", "PosixPath") + text("/etc/passwd") + b"\x85R",
    "datetime": name("datetime", "datetime") + b"C\x0a" + bytes(10) + b"\x85R",
    "rebuild": name("torch._utils", "_rebuild_tensor_v2") + b"NK\0))\x89N(tR",
    "sparse": name("torch._utils", "_rebuild_sparse_tensor") + b"K\x01)\x86R",
}  # fmt: skip


def place(rng: Rng, k: int, value: bytes) -> bytes:
    """A pickle of a checkpoint that holds `value` in one of the places where it may hold things."""
    del rng
    places = (
        b"\x80\x02" + value + b".",
        b"\x80\x02}" + text("net") + value + b"s.",
        b"\x80\x02}(" + text("net") + b"}" + text("static_conv.0.weight") + value + b"s"
        + text("epoch") + b"K\x01u.",
        b"\x80\x02}(" + text("epoch") + value + text("net") + b"}u.",
        b"\x80\x02}" + value + b"K\x01s.",
        b"\x80\x02]" + value + b"a.",
        b"\x80\x02" + name("some.network", "Net") + b")\x81}" + text("_modules") + value + b"sb.",
    )  # fmt: skip
    return places[k % len(places)]


def around(honest: bytes, value: bytes, key: str) -> bytes:
    """The pickle of a dict, `honest`, with one more entry."""
    assert honest.endswith(b"u.")
    return honest[:-2] + text(key) + value + b"u."


KEYS = ("epoch", "max_test_acc", "optimizer", "lr_scheduler", "training", "network", "T", "args",
        "scaler", "extra", "net", "max_val_acc")  # fmt: skip


def call(k: int) -> bytes:
    """Instructions that call something."""
    return list(_CALLS.values())[k % len(_CALLS)]


def names_module(rng: Rng, k: int) -> bytes:
    """Instructions that name a module of `NAMED_MODULES`, as a class, as an object, by a call."""
    module = NAMED_MODULES[int(rng.integers(len(NAMED_MODULES)))]
    written = (name(module, "Thing"), text(module) + text("Thing") + b"\x93")[
        int(rng.integers(8) == 0)
    ]
    return (
        written,
        written + b")\x81",
        written + b")\x81}" + text("a") + b"K\x01sb",
        written + b")R",
        b"(i" + module.encode() + b"\nThing\n",
        b"(" + written + b"o",
        name(f"{module}.{module}", "a.b.c"),
        b"\x8c\x01a0" + written,
    )[k % 8]


def nested(rng: Rng, k: int) -> bytes:
    """Instructions of lists, dicts and tuples in one another, deep, shared or endless."""
    depth = (60, 900, 1100, 20_000, 100_000)[int(rng.integers(5))]
    empty, put = ((b"]", b"a"), (b"}", b"s"), (b")", b"\x85"))[k % 3]
    key = b"K\x01" if empty == b"}" else b""
    if k % 4 == 0:  # deep
        return (
            b")" + b"\x85" * depth if empty == b")" else (empty + key) * depth + b"N" + put * depth
        )
    if k % 4 == 1:  # each holds the one before it twice
        levels = (20, 40, 64, 200)[int(rng.integers(4))]
        if empty == b")":
            return b")" + b"q\1h\1\x86" * levels
        if empty == b"]":
            return b"]" + b"q\1]h\1ah\1aq\1" * levels
        return b"}" + b"q\1}K\1h\1sK\2h\1sq\1" * levels
    if k % 4 == 2:  # holds itself
        return (b"]q\1h\1a", b"}q\1K\1h\1s", b"]q\1h\1\x85a")[k // 4 % 3]
    # A module that holds itself, or shares its parts.
    module = name("torch.nn.modules.container", "Sequential") + b")\x81q\1}(" + text("_modules")
    empties = text("_parameters") + b"}" + text("_buffers") + b"}"
    return module + b"}" + text("0") + b"h\1s" + empties + b"ub"


_ODD_KEYS = ("", "\ud800", "\x1b[31m", "\n", "module." * 50, "static_conv.0.weight\0",
             "x" * 200_000, "__class__", "static_conv.0", "static_conv..weight",
             "\u202e", "net")  # fmt: skip


def odd_keys(rng: Rng, k: int) -> bytes:
    """The pickle of a state dict whose keys are odd."""
    values = b"".join(
        text(_ODD_KEYS[int(rng.integers(len(_ODD_KEYS)))] + "ab"[: int(rng.integers(3))]) + b"K\1"
        for _ in range(1 + k % 4)
    )
    others = (b"K\1K\1", b"NK\1", b"G" + b"\x7f\xf8" + bytes(6) + b"K\1", b")K\1", b"\x88K\1",
              b"C\1aK\1")  # fmt: skip
    state = b"}(" + values + others[k % 6] * (k % 2) + b"u"
    return b"\x80\x02" + (state if k % 3 else b"}" + text("net") + state + b"s") + b"."


def many(rng: Rng, k: int) -> bytes:
    """The pickle of too much: entries, classes, instructions, marks, long texts."""
    count = int(rng.integers(10_000, 40_000))
    return (
        b"\x80\x02}(" + b"".join(text(f"layer{i}.weight") + b"K\1" for i in range(count)) + b"u.",
        b"\x80\x02(" + b"".join(name("nowhere", f"C{i}") for i in range(500)) + b"t.",
        b"\x80\x02" + b"K\x010" * (count * 10) + b"].",
        b"\x80\x02" + b"(" * count + b"t.",
        b"\x80\x02" + text("x" * count * 20) + b".",
        b"\x80\x02}" + text("net") + text("x" * count * 20) + b"s.",
        b"\x80\x02]" + b"q\1" * count + b".",
        b"\x80\x02]r\xff\xff\xff\x7f.",
    )[k % 8]


def number(rng: Rng, k: int) -> bytes:
    """Instructions for a number of absurd size, or for what is none."""
    value = damage.absurd(rng)
    data = pickle.encode_long(value)
    long = (
        b"\x8a" + bytes([len(data)]) + data
        if len(data) < 256
        else b"\x8b" + struct.pack("<i", len(data)) + data
    )
    floats = (float("nan"), float("inf"), -float("inf"), 1e300, 5e-324, -0.0, 95.5)
    return (
        long,
        b"G" + struct.pack(">d", floats[int(rng.integers(7))]),
        b"\x88",
        b"I%d\n" % value,
        b"L%dL\n" % value,
        b"F1e999\n",
        text(str(value)[:100]),
        b"(" + long * 3 + b"t",
        long + b"\x85",
        name("builtins", "complex") + b"K\1K\1\x86R",
    )[k % 10]


def settings(rng: Rng, k: int) -> bytes:
    """Instructions for a dict like snnviz's 'network', with an absurd number in it."""
    keys = ("T", "channels", "in_channels", "num_classes", "votes", "v_threshold", "v_reset",
            "dropout", "image_size", "hidden", "tau", "__class__")  # fmt: skip
    value = number(rng, int(rng.integers(10)))
    if k % 12 == 8 and rng.random() < 0.7:
        value = value + b"K\x08\x86"
    return b"}" + text(keys[k % 12]) + value + b"s"


def edit_numbers(rng: Rng, pickled: bytes, *, only_large: bool) -> bytes:
    """A pickle with one to three of its whole numbers replaced by absurd ones."""
    places = []
    for opcode, argument, at in pickletools.genops(pickled):
        if opcode.name in ("BININT", "BININT1", "BININT2") and (not only_large or argument > 1):
            length = {"BININT": 5, "BININT1": 2, "BININT2": 3}[opcode.name]
            places.append((at, length))
    data = bytearray(pickled)
    chosen = rng.choice(len(places), min(int(rng.integers(1, 4)), len(places)), replace=False)
    for index in sorted(map(int, chosen), reverse=True):
        at, length = places[index]
        value = damage.absurd(rng) if rng.random() < 0.6 else int(rng.integers(0, 5000))
        new = pickle.encode_long(value)[:255]
        data[at : at + length] = b"\x8a" + bytes([len(new)]) + new
    return bytes(data)


def odd_tensor(rng: Rng, k: int, like: torch.Tensor) -> object:
    """Something in a tensor's place: of another type, shape or layout, or no tensor at all."""
    dense = like.float()
    wide = torch.zeros(1).expand(*(int(2 ** rng.uniform(0, 12)) for _ in range(3)))
    make: tuple[Callable[[], object], ...] = (
        dense.double,
        lambda: dense.to(torch.complex64),
        lambda: dense.to(torch.int32),
        dense.bool,
        dense.bfloat16,
        lambda: dense.to(torch.float8_e4m3fn),
        lambda: torch.quantize_per_tensor(dense, 0.1, 0, torch.qint8),
        dense.to_sparse,
        lambda: torch.empty_like(dense, device="meta"),
        lambda: torch.zeros([2] * int(rng.integers(0, 9))),
        lambda: torch.zeros(0, 3, 3),
        lambda: dense.unsqueeze(0),
        lambda: dense.reshape(-1),
        lambda: dense.new_full(dense.shape, (float("nan"), float("inf"), 3e38, -1.0)[k % 4]),
        # Strided and expanded: each number at its own place, or all of them at one.
        lambda: dense.mT if dense.dim() > 1 else dense.flip(0),
        lambda: torch.stack([dense, dense], -1)[..., 0],
        lambda: dense.flatten()[:1].expand(dense.shape) if dense.dim() else dense.expand(2, 2),
        lambda: (
            torch.zeros(40).as_strided(dense.shape, [1] * dense.dim()) if dense.dim() < 2 else wide
        ),
        lambda: wide,
        lambda: torch.zeros(1).expand(1 << 30),
        lambda: torch.zeros(1).expand(1 << 20, 1 << 20, 1 << 20),
        lambda: None,
        lambda: "weights",
        lambda: [0.5] * 9,
        lambda: {"weight": dense},
        lambda: 5,
        lambda: float("nan"),
        lambda: b"\0" * 100,
        lambda: {1, 2},
        dense.numpy,
        lambda: dense.numpy().astype("O"),
        lambda: torch.Size([1 << 40]),
        lambda: torch.float32,
    )
    return make[k % len(make)]()
