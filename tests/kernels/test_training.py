"""`-cupy` in training: on a CPU, with the kernels' source in place of the GPU."""

import json

import pytest
import torch

from snnviz import cli
from snnviz.checkpoint import load_checkpoint, load_training_state
from snnviz.cli import plan
from snnviz.kernels import functions, fusing
from snnviz.training import TrainConfig
from tests.kernels import host

pytestmark = pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler")

SMALL = ("train", "--dataset", "garments", "--n-images", 40, "--channels", 2, "-T", 2, "-b", 10,
         "--t-max", 3, "-device", "cpu", "-q")  # fmt: skip


@pytest.fixture
def run(monkeypatch, tmp_path, capsys):
    """The command with kernels that run on the CPU."""
    monkeypatch.chdir(tmp_path)
    launched = []

    def launch(name, *arguments):
        launched.append(name)
        host.launch(name, *arguments)

    monkeypatch.setattr(functions, "launch", launch)
    for module in (plan, fusing):
        monkeypatch.setattr(module, "check_available", lambda _device: None)

    def run(*arguments):
        with pytest.raises(SystemExit) as end:
            cli.main([*map(str, arguments)])
        captured = capsys.readouterr()
        return end.value.code or 0, captured.out, captured.err

    run.launched = launched
    return run


def folder(tmp_path, name="logs"):
    (path,) = (tmp_path / name).iterdir()
    return path


def test_it_trains_as_the_multi_step_network(run, tmp_path):
    assert run(*SMALL, "-epochs", 2, "-cupy") == (0, "", "")
    ours = folder(tmp_path)
    assert ours.name == "T_2_b_10_SGD_lr_0.1_CosALR_3_cupy"
    # 4 batches of training and as many gradients, and the test images, each epoch.
    assert run.launched.count("fire_still_and_pool_backward") == 8
    assert run.launched.count("fire_rate") > 8
    config = json.loads((ours / "config.json").read_text())["training"]
    assert (config["cupy"], config["step_mode"]) == (True, "m")
    assert "cupy=True" in (ours / "args.txt").read_text()
    run.launched.clear()
    assert run(*SMALL, "-epochs", 2, "--step-mode", "m", "--out-dir", "plain")[0] == 0
    assert not run.launched
    plain = load_checkpoint(folder(tmp_path, "plain") / "checkpoint_latest.pth")
    checkpoint = load_checkpoint(ours / "checkpoint_latest.pth")
    assert checkpoint.max_test_acc == plain.max_test_acc
    for name, values in plain.state.items():
        assert torch.allclose(checkpoint.state[name], values, rtol=1e-4, atol=1e-5), name


def test_it_goes_on_as_it_began(run, tmp_path):
    assert run(*SMALL, "-epochs", 3, "-cupy", "--out-dir", "whole")[0] == 0
    assert run(*SMALL, "-epochs", 1, "-cupy")[0] == 0
    path = folder(tmp_path)
    assert run("train", "--resume", path, "-epochs", 2, "-q") == (0, "", "")
    # By the options again, without naming the run.
    assert run(*SMALL, "-epochs", 3, "-cupy", "--resume") == (0, "", "")
    assert folder(tmp_path) == path
    states = [
        load_training_state(each / "checkpoint_latest.pth").checkpoint.state
        for each in (path, folder(tmp_path, "whole"))
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[1])


def test_a_run_without_it_does_not_go_on_with_it(run, tmp_path):
    assert run(*SMALL, "-epochs", 1)[0] == 0
    status, _, err = run("train", "--resume", folder(tmp_path), "-epochs", 2, "-cupy", "-q")
    assert status == 1
    assert "was begun with cupy False, got True" in err


def test_mixed_precision_is_in_the_name_before_it():
    config = TrainConfig(cupy=True, step_mode="m", amp=True)
    assert config.run_name == "T_4_b_128_SGD_lr_0.1_CosALR_64_amp_cupy"
