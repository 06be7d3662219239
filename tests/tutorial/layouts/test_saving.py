import pytest
import torch

from snnviz.errors import ExportError
from snnviz.tutorial.layouts import load_checkpoint, save_checkpoint
from tests.tutorial.layouts.networks import weights


class Unpicklable:
    def __reduce__(self):
        raise RuntimeError("on purpose")


def test_an_older_file_is_replaced(tmp_path):
    path = tmp_path / "a.pth"
    assert save_checkpoint({"net": weights(seed=1), "epoch": 1}, path) == path
    save_checkpoint({"net": weights(seed=2), "epoch": 2}, path)
    checkpoint = load_checkpoint(path)
    assert checkpoint.epoch == 2
    assert torch.equal(checkpoint.state["fc.1.weight"], weights(seed=2)["fc.1.weight"])
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_older_file(tmp_path):
    path = save_checkpoint({"net": weights(), "epoch": 1}, tmp_path / "a.pth")
    with pytest.raises(RuntimeError, match="on purpose"):
        save_checkpoint({"net": weights(), "bad": Unpicklable()}, path)
    assert load_checkpoint(path).epoch == 1
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_older_file(tmp_path):
    resource = pytest.importorskip("resource")
    path = save_checkpoint({"net": weights(), "epoch": 1}, tmp_path / "a.pth")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))  # no file may grow beyond
    try:
        with pytest.raises(ExportError, match="File too large"):
            save_checkpoint({"net": weights()}, path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert load_checkpoint(path).epoch == 1
    assert list(tmp_path.iterdir()) == [path]
