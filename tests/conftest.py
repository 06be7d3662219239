"""Fixtures that several test files share."""

import os
from collections.abc import Callable
from pathlib import Path

# Before torch is imported, and for commands in processes of their own: workers side by side have no
# more processors than one, and sums are rounded in another order with another number of threads.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from torch import nn

from snnviz.data import ImageSet, fashion_mnist, garments
from snnviz.tutorial.network import ConvSNN, NetworkConfig, build_network
from tests.commands import status_of

# How long an example takes depends on what else the machine does.
settings.register_profile("snnviz", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("snnviz")


def pytest_collectstart() -> None:
    """Seeds layers that a file makes while its tests are collected."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """What a test draws without a seed is the same whatever ran before it."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Where real Fashion-MNIST lies; the test is skipped where it is not at hand, or not whole."""
    # Tests change the folder that a relative path starts from.
    root = Path(os.environ.get("SNNVIZ_DATA_DIR", "data")).resolve()
    for split in ("train", "t10k"):
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            file = root / "FashionMNIST" / "raw" / f"{split}-{kind}"
            if not (file.exists() or file.with_suffix(".gz").exists()):
                pytest.skip(f"needs Fashion-MNIST, got no {file}: set SNNVIZ_DATA_DIR")
    return root


@pytest.fixture(scope="session")
def real_images(data_dir: Path) -> ImageSet:
    return fashion_mnist(data_dir, "test", download=False)


@pytest.fixture(scope="session")
def drawn_images() -> ImageSet:
    return garments(40)


@pytest.fixture
def network() -> ConvSNN:
    """A small network whose BatchNorm is not the identity, with a silent and a saturated map."""
    net = build_network(NetworkConfig(T=8, channels=6), seed=1).eval()
    with torch.no_grad():
        batch_norm = net.static_conv[1]
        assert isinstance(batch_norm, nn.BatchNorm2d)
        batch_norm.running_mean.uniform_(-0.1, 0.1, generator=torch.Generator().manual_seed(2))
        batch_norm.running_var.fill_(0.05)
        batch_norm.bias.fill_(0.1)
        for channel, bias in ((0, -50.0), (1, 50.0)):  # silent, saturated
            batch_norm.weight[channel] = 0.1
            batch_norm.bias[channel] = bias
    return net


@pytest.fixture
def run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs the command line in this process and an empty folder: (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: object) -> tuple[int, str, str]:
        status = status_of(*arguments)
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)
