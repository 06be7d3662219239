"""`-cupy` in training: on a CPU, with the kernels' source in place of the GPU."""

import json
import multiprocessing

import pytest
import torch

from snnviz.cli import plan
from snnviz.data import garments
from snnviz.ranks import Ranks
from snnviz.scoring.evaluation import to_device
from snnviz.tutorial.cuda import functions, fusing
from snnviz.tutorial.layouts import load_checkpoint, load_training_state
from snnviz.tutorial.network import build_network
from snnviz.tutorial.training import TrainConfig
from snnviz.tutorial.training.learner import Learner
from tests.tutorial.cuda import host

pytestmark = pytest.mark.skipif(host.compiler() is None, reason="needs a C++ compiler")

SMALL = ("train", "--dataset", "garments", "--n-images", 40, "--channels", 2, "-T", 2, "-b", 10,
         "--t-max", 3, "-device", "cpu", "-q")  # fmt: skip


@pytest.fixture
def run(run, monkeypatch):
    """The command with kernels that run on the CPU."""
    launched = []

    def launch(name, *arguments):
        launched.append(name)
        host.launch(name, *arguments)

    monkeypatch.setattr(functions, "launch", launch)
    for module in (plan, fusing):
        monkeypatch.setattr(module, "check_available", lambda _device: None)

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


@pytest.mark.slow
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


def one_step(ranks, cupy):
    """The state of the network after a step on ten images, shared by the ranks, and its model."""
    config = TrainConfig(
        T=4, batch_size=10, channels=8, lr=0.5, step_mode="m", cupy=cupy, sync_bn=True
    )
    learner = Learner(config, (28, 28), ranks, 10)
    images, labels = to_device(garments(10, "train"), torch.device("cpu"))
    learner.learn(images, labels, torch.arange(10), None)
    return learner.net.state_dict(), learner._model


def _one_rank(rank, store, queue):
    torch.set_num_threads(1)
    functions.launch = host.launch
    fusing.check_available = lambda _device: None
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{store}", rank=rank, world_size=2
    )
    found = []
    for cupy in (True, False):
        state, model = one_step(Ranks(rank, 2), cupy)
        found.append({name: value.contiguous().numpy() for name, value in state.items()})
    queue.put((rank, *found, model.broadcast_buffers))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.mark.slow
def test_two_processes_train_with_the_kernels_as_without(tmp_path):
    """And exchange gradients only at each step; running statistics once an epoch."""
    processes = multiprocessing.get_context("forkserver")
    queue = processes.Queue()
    ranks = [
        processes.Process(target=_one_rank, args=(rank, tmp_path / "store", queue))
        for rank in (0, 1)
    ]
    for rank in ranks:
        rank.start()
    results = {rank: rest for rank, *rest in (queue.get(timeout=120) for _ in ranks)}
    for rank in ranks:
        rank.join()
    before = build_network(TrainConfig(channels=8).network((28, 28)), seed=2020).state_dict()
    for name, start in before.items():
        (one, plain), (two, _) = (
            [torch.from_numpy(state[name]) for state in results[rank][:2]] for rank in (0, 1)
        )
        assert torch.equal(one, two), name
        step = (plain - start).abs().max()
        assert step > 0, name
        assert torch.allclose(one, plain, rtol=0, atol=1e-3 * float(step)), name
    assert [results[rank][2] for rank in (0, 1)] == [False, False]
