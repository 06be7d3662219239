"""The launch by CuPy: by a stand-in that runs on the CPU, and by CuPy where there is a GPU."""

import re
import subprocess
import sys
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from snnviz.errors import ConfigError
from snnviz.tutorial.cuda import Neuron, check_available, functions, launching, reference
from tests.benchmarks import gpu_check
from tests.tutorial.cuda import host

needs_compiler = pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler")
on_a_gpu = pytest.mark.skipif(
    not torch.cuda.is_available() or find_spec("cupy") is None, reason="needs a GPU and CuPy"
)
TYPES = {"float": np.float32, "Int": np.int64}
DRIVES = {
    name: torch.rand(shape, generator=torch.Generator().manual_seed(0))
    for name, shape in {
        "fire": (3, 2, 4, 6),
        "fire_and_pool": (3, 2, 2, 5, 7),
        "fire_rate": (3, 50),
        "fire_still": (2, 4, 6),
        "fire_still_and_pool": (2, 2, 5, 7),
    }.items()
}


class Block:
    """What is entered: a device or a stream."""

    entered = ()

    def __init__(self, thing):
        self.thing = thing

    def __enter__(self):
        Block.entered += (self.thing,)

    def __exit__(self, *_):
        Block.entered = Block.entered[:-1]


class Module:
    """CuPy's RawModule, with the host's C++ compiler in place of NVIDIA's."""

    built = ()
    looked_up = ()

    def __init__(self, code, options=()):
        assert "__global__" in code
        Module.built += (options,)
        self.options = options

    def get_function(self, name):
        Module.looked_up += (name,)
        assert Block.entered[:1] == ("device None",)

        def kernel(grid, block, arguments):
            assert Block.entered == ("device None", "cupy's stream of torch's")
            assert 0 < grid[0] * block[0] < 2**31
            dtype = next(key for key, macro in launching._STORED.items() if f"-D{macro}" in options)
            library = host.library(dtype, int(options[-2].partition("=")[2]))
            given = [np.ctypeslib.as_ctypes_type(type(each))(each.item()) for each in arguments]
            library.place(0, 0, 1, 1)
            getattr(library, name)(*given)
            launched.append((name, grid, block, arguments))

        options, launched = self.options, self.launched
        return kernel


@pytest.fixture
def cupy(monkeypatch):
    """The stand-in; what it is given when it launches is in `launched`."""
    caches = launching._kernel, launching._module, launching._stream
    Module.built = Module.looked_up = ()
    Module.launched = []

    def from_external(stream):
        assert Block.entered, "a stream is of the device that is current"
        return Block(f"cupy's stream of {stream}")

    cuda = SimpleNamespace(
        Device=lambda index: Block(f"device {index}"),
        Stream=SimpleNamespace(from_external=from_external),
        runtime=SimpleNamespace(getDeviceCount=lambda: 1),
    )
    monkeypatch.setitem(sys.modules, "cupy", SimpleNamespace(cuda=cuda, RawModule=Module))
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _device: "torch's")
    for cache in caches:
        cache.cache_clear()
    yield Module
    for cache in caches:
        cache.cache_clear()


def signatures():
    """The types of each kernel's parameters, as the preprocessor leaves them."""
    command = [host.compiler(), "-E", "-P", "-x", "c++", "-DSTEPS=4", "-DSTORED_FLOAT"]
    source = ["-include", host.__file__.replace(".py", ".h"), str(launching.SOURCE)]
    text = subprocess.run([*command, *source], check=True, capture_output=True, text=True).stdout
    found = re.findall(r'extern "C"\s+void (\w+)\(([^)]*)\)', text)
    return {
        name: [np.uint64 if "*" in each else TYPES[each.split()[0]] for each in values.split(",")]
        for name, values in found
        if name != "place"
    }


def compute(module, name, drive, neuron):
    function, x = getattr(module, name), drive.clone().requires_grad_()
    found = function(x, neuron, 4) if "still" in name else function(x, neuron)
    found.backward(torch.linspace(-1, 1, found.numel()).view(found.shape).to(found))
    return found.detach(), x.grad


@needs_compiler
@pytest.mark.parametrize("name", DRIVES)
def test_arguments_arrive_in_their_order_and_sizes(name, cupy):
    neuron = Neuron(v_threshold=0.8, v_reset=-0.2, alpha=3.0, detach_reset=True)
    spikes, gradient = compute(functions, name, DRIVES[name], neuron)
    expected, wanted = compute(reference, name, DRIVES[name], neuron)
    assert torch.equal(spikes, expected)
    assert 0 < spikes.float().mean() < 1
    assert torch.allclose(gradient, wanted, rtol=1e-5, atol=1e-7)
    known = signatures()
    assert len(known) == 10
    assert [launch[0] for launch in cupy.launched] == [name, f"{name}_backward"]
    for kernel, grid, block, arguments in cupy.launched:
        assert [type(each) for each in arguments] == known[kernel], kernel
        count = next(int(each) for each in arguments if type(each) is np.int64)
        assert grid[0] * block[0] - block[0] < count <= grid[0] * block[0]


@needs_compiler
def test_a_kernel_is_compiled_and_looked_up_once(cupy):
    for drive in (DRIVES["fire"], DRIVES["fire"].half()):
        for _ in range(3):
            compute(functions, "fire", drive, Neuron())
    assert len(cupy.launched) == 12
    assert cupy.looked_up == ("fire", "fire_backward") * 2
    assert [options[-1] for options in cupy.built] == ["-DSTORED_FLOAT", "-DSTORED_HALF"]


def test_what_works_is_available(cupy):
    check_available("cuda")
    assert cupy.looked_up == ("nothing",)
    assert not Block.entered


def fail(error):
    def failing(*_args, **_options):
        raise error

    return failing


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\n=====\nFailed to import CuPy.\n\nOriginal error:\n", "Failed to import CuPy."),
        ("", "ImportError"),
        ("libcuda.so.1: cannot open", "libcuda.so.1: cannot open"),
    ],
)
@pytest.mark.parametrize(
    ("cuda", "package"),
    [("13.0", r"'snnviz\[cupy\]'"), (None, r"'snnviz\[cupy\]'"), ("12.8", "cupy-cuda12x")],
)
def test_a_package_that_cannot_be_imported_is_one_line(text, reason, cuda, package, monkeypatch):
    class Finder:
        @staticmethod
        def find_spec(name, *_):
            if name == "cupy":
                raise ImportError(text)

    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Finder, *sys.meta_path])
    monkeypatch.setattr(torch.version, "cuda", cuda)
    with pytest.raises(ConfigError, match=rf"^cupy: .* \({reason}\); pip install {package}$"):
        check_available("cuda:0")


@pytest.mark.parametrize("broken", ["driver", "stream", "compiler"])
def test_a_package_that_does_not_work_is_one_line(broken, cupy, monkeypatch):
    error = RuntimeError(f"the {broken} is too old\nand more")
    package = sys.modules["cupy"]
    if broken == "driver":
        monkeypatch.setattr(package.cuda.runtime, "getDeviceCount", fail(error))
    elif broken == "stream":
        monkeypatch.setattr(package.cuda.Stream, "from_external", fail(error))
    else:
        monkeypatch.setattr(cupy, "get_function", fail(error))
    with pytest.raises(ConfigError, match=rf"on cuda:0 \(the {broken} is too old\); see what .*$"):
        check_available("cuda:0")


@on_a_gpu
def test_on_a_gpu_kernels_are_their_reference():
    check_available("cuda:0")
    assert gpu_check.check_kernels("cuda:0", (1, 4))


@on_a_gpu
def test_on_a_gpu_kernels_run_on_torchs_stream():
    assert gpu_check.runs_on_its_stream("cuda:0")


@on_a_gpu
@pytest.mark.parametrize("name", gpu_check.OURS)
def test_on_a_gpu_no_iteration_waits(name):
    assert gpu_check.waits_for_nothing(name, "cuda:0")
