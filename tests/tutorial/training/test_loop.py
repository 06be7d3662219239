"""Training on drawn garments: the tutorial's loop, and that something is learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from snnviz.data import ImageSet, garments
from snnviz.device import autocast_type, choose_device
from snnviz.errors import CheckpointError, ConfigError, DataError, TrainingError
from snnviz.ranks import Ranks
from snnviz.scoring import evaluation
from snnviz.scoring.evaluation import to_device as to
from snnviz.tutorial.encoder import bundled
from snnviz.tutorial.layouts import load_training_state, save_checkpoint
from snnviz.tutorial.network import NetworkConfig, build_network
from snnviz.tutorial.training import TrainConfig, learner, loop, train

# Steep enough that spikes reach the output within a few batches.
CONFIG = TrainConfig(T=4, batch_size=10, epochs=2, channels=8, lr=0.5, t_max=2)


@pytest.fixture(scope="module")
def train_set():
    return garments(75, "train")


@pytest.fixture(scope="module")
def test_set():
    return garments(30, "test")


def build_tutorials(settings, net):
    """Optimizer and schedule, as the tutorial's script builds them."""
    if settings.get("opt") == "Adam":
        # Fused it rounds otherwise (SGD does not), and the last bit can move a spike.
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01, fused=True)
    else:
        optimizer = torch.optim.SGD(net.parameters(), lr=0.5, momentum=0.9)
    if settings.get("lr_scheduler") == "StepLR":
        return optimizer, torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.25)
    return optimizer, torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)


@pytest.mark.parametrize(
    "settings",
    [{}, {"opt": "Adam", "lr": 0.01}, {"lr_scheduler": "StepLR", "step_size": 1, "gamma": 0.25}],
    ids=str,
)
def test_it_is_the_tutorials_loop(settings, train_set, test_set):
    """The same epochs in the tutorial's own words, from the same start and in the same order."""
    results = list(train(replace(CONFIG, **settings), train_set, test_set))
    net = build_network(NetworkConfig(T=4, channels=8), seed=CONFIG.seed)
    net.to(memory_format=torch.channels_last)
    optimizer, schedule = build_tutorials(settings, net)
    for epoch, result in enumerate(results):
        net.train()
        order = torch.randperm(
            75, generator=torch.Generator().manual_seed(CONFIG.seed * 1_000_003 + epoch)
        ).numpy()
        loss_sum = hits = 0
        for start in range(0, 70, 10):  # 75 images: the last five are left out
            chosen = order[start : start + 10]
            label = torch.from_numpy(train_set.labels[chosen]).long()
            out = net(torch.from_numpy(train_set.batch(chosen)))
            loss = F.mse_loss(out, F.one_hot(label, 10).float())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * 10
            hits += (out.argmax(1) == label).sum().item()
        schedule.step()
        assert result.train_loss == pytest.approx(loss_sum / 70, rel=1e-5)
        assert result.train_acc == pytest.approx(hits / 70)
    assert results[-1].train_acc > 0.1
    for name, value in net.state_dict().items():
        saved = results[-1].checkpoint["net"][name]
        assert torch.allclose(saved.float(), value.float(), atol=1e-6), name


@pytest.mark.slow
def test_something_is_learned():
    config = TrainConfig(T=2, batch_size=50, epochs=4, t_max=4, channels=8, step_mode="m", seed=3)
    *_, last = train(config, garments(1500, "train"), garments(300, "test"))
    assert last.test_acc > 0.5
    assert last.max_test_acc >= last.test_acc


@pytest.mark.parametrize("step_mode", ["s", "m"])
@pytest.mark.parametrize("amp", [False, True])
def test_a_seed_repeats_bit_for_bit(step_mode, amp, train_set, test_set):
    config = replace(CONFIG, epochs=1, step_mode=step_mode, amp=amp)
    first, second = (next(train(config, train_set, test_set)) for _ in range(2))
    assert first.train_loss == second.train_loss
    for name, value in first.checkpoint["net"].items():
        assert torch.equal(value, second.checkpoint["net"][name]), name
    other = next(train(replace(config, seed=1), train_set, test_set))
    assert other.train_loss != first.train_loss


def test_progress_counts_images(train_set, test_set):
    calls = []
    next(train(CONFIG, train_set, test_set, lambda *call: calls.append(call)))
    assert calls == [
        *(("train", done, 70) for done in range(10, 71, 10)),
        *(("test", done, 30) for done in (10, 20, 30)),
    ]


def test_every_set_is_copied_to_the_device_once(train_set, test_set, monkeypatch):
    copied = []
    for module in (evaluation, loop):
        monkeypatch.setattr(
            module, "to_device", lambda images, device: copied.append(images) or to(images, device)
        )
    results = list(train(replace(CONFIG, epochs=3, val_split=20), train_set, test_set))
    assert len(results) == 3
    assert [len(images) for images in copied] == [55, 20, 30]


@pytest.mark.parametrize("deterministic", [False, True])
def test_cudnn_is_set_while_training(deterministic, train_set, test_set, monkeypatch):
    """Whatever it was before, and as it was before between the epochs."""
    cudnn = torch.backends.cudnn
    monkeypatch.setattr(cudnn, "deterministic", not deterministic)
    monkeypatch.setattr(cudnn, "benchmark", deterministic)
    seen = set()

    def look(phase, _done, _total):
        seen.add((phase, cudnn.deterministic, cudnn.benchmark))

    next(train(replace(CONFIG, deterministic=deterministic), train_set, test_set, look))
    assert seen == {(phase, deterministic, not deterministic) for phase in ("train", "test")}
    assert (cudnn.deterministic, cudnn.benchmark) == (not deterministic, deterministic)


def test_mixed_precision_is_float16_only_where_there_is_no_bfloat16(monkeypatch):
    """Of several cards the one that trains counts; an older one would emulate bfloat16, slowly."""
    cards = {"cuda:0": (8, 0), "cuda:1": (7, 5), "cuda:2": (12, 0)}
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: cards[str(device)])
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda *_: True)
    assert autocast_type("cuda:0") is torch.bfloat16
    assert autocast_type(torch.device("cuda:1")) is torch.float16
    assert autocast_type("cuda:2") is torch.bfloat16
    for there, expected in ((True, torch.bfloat16), (False, torch.float32)):
        monkeypatch.setattr("snnviz.device.has_bfloat16", lambda there=there: there)
        assert autocast_type("cpu") is expected


@pytest.mark.parametrize("val_split", [0, 25])
def test_the_best_epoch_is_marked(val_split, train_set, test_set):
    config = replace(CONFIG, epochs=6, val_split=val_split)
    results = list(train(config, train_set, test_set))
    chosen_on = [result.val_acc if val_split else result.test_acc for result in results]
    for epoch, result in enumerate(results):
        assert result.is_best == (epoch == 0 or chosen_on[epoch] > max(chosen_on[:epoch]))
        assert result.max_test_acc == max(before.test_acc for before in results[: epoch + 1])
        assert (result.val_acc is None) == (result.val_loss is None) == (val_split == 0)


def test_an_epoch_without_a_hit_is_the_best_so_far(train_set):
    """So that a run never ends without its best checkpoint."""
    wrong = ImageSet("wrong", train_set.images[:20], np.full(20, 9, np.uint8))
    silent = replace(CONFIG, lr=1e-9, epochs=2)
    results = list(train(silent, train_set, wrong))
    assert [(result.test_acc, result.is_best) for result in results] == [(0, True), (0, False)]


def test_held_out_images_are_not_learned(train_set, test_set):
    """What is learned is what is learned from the other images alone, in their order."""
    config = replace(CONFIG, val_split=25)
    held_out = np.random.default_rng(config.seed).permutation(75)[:25]
    rest = np.setdiff1d(np.arange(75), held_out)
    others = ImageSet("others", train_set.images[rest], train_set.labels[rest])
    expected = list(train(replace(config, val_split=0), others, test_set))
    for result, same in zip(train(config, train_set, test_set), expected, strict=True):
        assert (result.train_loss, result.test_loss) == (same.train_loss, same.test_loss)
        assert result.checkpoint["training"]["train_images"] == 50
    with pytest.raises(ConfigError, match="hold out 75 of 75"):
        train(replace(config, val_split=75), train_set, test_set)


def copy_of(checkpoint, path):
    save_checkpoint(checkpoint, path)
    return load_training_state(path)


def assert_equal_trees(a, b):
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_equal_trees(a[key], b[key])
    elif isinstance(a, (list, tuple)):
        for one, other in zip(a, b, strict=True):
            assert_equal_trees(one, other)
    else:
        assert a == b


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"step_mode": "m", "amp": True},
        {"opt": "Adam", "lr": 0.01},
        {"lr_scheduler": "StepLR", "step_size": 2, "val_split": 20},
    ],
    ids=str,
)
def test_four_epochs_are_two_and_two_more(settings, train_set, test_set, tmp_path):
    """Bit for bit: weights, optimizer, schedule, curves and which epoch is the best."""
    config = replace(CONFIG, epochs=4, t_max=4, **settings)
    first = train(replace(config, epochs=2), train_set, test_set)
    next(first)
    state = copy_of(next(first).checkpoint, tmp_path / "latest.pth")
    straight = list(train(config, train_set, test_set))
    resumed = list(train(config, train_set, test_set, resume=state))
    assert [result.epoch for result in resumed] == [2, 3]
    for result, expected in zip(resumed, straight[2:], strict=True):
        for name in ("train_loss", "test_loss", "val_loss", "test_acc", "max_test_acc", "is_best"):
            assert getattr(result, name) == getattr(expected, name), name
    assert_equal_trees(resumed[-1].checkpoint, straight[-1].checkpoint)
    assert resumed[-1].train_loss != straight[0].train_loss


def test_a_state_that_does_not_fit_is_refused(train_set, test_set, tmp_path):
    checkpoint = next(train(CONFIG, train_set, test_set)).checkpoint
    state = copy_of(checkpoint, tmp_path / "latest.pth")
    with pytest.raises(CheckpointError, match=r"channels=8.*channels=4"):
        train(replace(CONFIG, channels=4), train_set, test_set, resume=state)
    with pytest.raises(CheckpointError, match=r"not that of Adam with betas \[0.9, 0.999\]"):
        train(replace(CONFIG, opt="Adam"), train_set, test_set, resume=state)
    with pytest.raises(CheckpointError, match=r"StepLR with step_size 32 \(none there"):
        train(replace(CONFIG, lr_scheduler="StepLR"), train_set, test_set, resume=state)
    with pytest.raises(CheckpointError, match=r"momentum 0.5 \(0.9 there"):
        train(replace(CONFIG, momentum=0.5), train_set, test_set, resume=state)
    with pytest.raises(ConfigError, match="1 epochs behind it"):
        train(replace(CONFIG, epochs=1), train_set, test_set, resume=state)
    bare = {"net": checkpoint["net"]}
    with pytest.raises(CheckpointError, match="no 'optimizer'"):
        copy_of(bare, tmp_path / "bare.pth")
    with pytest.raises(CheckpointError, match="encoder alone"):
        load_training_state(bundled())
    buffer = {"momentum_buffer": torch.zeros(3)}
    damaged = {**checkpoint["optimizer"], "state": dict.fromkeys(range(8), buffer)}
    state = copy_of({**checkpoint, "optimizer": damaged}, tmp_path / "damaged.pth")
    with pytest.raises(CheckpointError, match=r"momentum_buffer of its optimizer is \[3\]"):
        train(CONFIG, train_set, test_set, resume=state)
    other = {**checkpoint, "optimizer": [1]}
    with pytest.raises(CheckpointError, match="'optimizer' is a list"):
        copy_of(other, tmp_path / "list.pth")


def test_a_state_of_the_tutorials_script_goes_on(train_set, test_set, tmp_path):
    """Such a file states no options; T is not in it."""
    checkpoint = next(train(CONFIG, train_set, test_set)).checkpoint
    names = ("net", "optimizer", "lr_scheduler", "epoch", "max_test_acc")
    state = copy_of({name: checkpoint[name] for name in names}, tmp_path / "theirs.pth")
    (result,) = train(replace(CONFIG, T=2), train_set, test_set, resume=state)
    assert result.epoch == 1


@pytest.mark.parametrize("opt", ["SGD", "Adam"])
def test_a_state_of_a_step_that_was_not_fused_goes_on_fused(opt, train_set, test_set, tmp_path):
    """Such a file says so, and its tensors lie in memory in another order."""
    config = replace(CONFIG, opt=opt, lr=0.01)
    checkpoint = next(train(config, train_set, test_set)).checkpoint
    saved = checkpoint["optimizer"]
    theirs = {
        "param_groups": [
            {**group, "fused": None, "foreach": True} for group in saved["param_groups"]
        ],
        "state": {
            number: {name: value.contiguous() for name, value in values.items()}
            for number, values in saved["state"].items()
        },
    }
    buffers = [value for values in saved["state"].values() for value in values.values()]
    assert not all(buffer.is_contiguous() for buffer in buffers)
    ours = copy_of(checkpoint, tmp_path / "ours.pth")
    (expected,) = train(config, train_set, test_set, resume=ours)
    state = copy_of({**checkpoint, "optimizer": theirs}, tmp_path / "theirs.pth")
    (result,) = train(config, train_set, test_set, resume=state)
    assert_equal_trees(result.checkpoint, expected.checkpoint)


def test_weights_that_are_no_numbers_end_the_training(train_set, test_set):
    results = train(replace(CONFIG, lr=1e38), train_set, test_set)
    with pytest.raises(TrainingError, match=r"learning rate of 1e\+38"):
        list(results)


@pytest.mark.parametrize(
    "wrong",
    [
        {"T": 0},
        {"batch_size": 0},
        {"epochs": 0},
        {"channels": 0},
        {"lr": 0.0},
        {"lr": float("nan")},
        {"momentum": 2.0},
        {"momentum": -0.1},
        {"t_max": 0},
        {"step_size": 0},
        {"gamma": 0.0},
        {"lr": float("inf")},
        {"opt": "SDG"},
        {"lr_scheduler": "Cos"},
        {"val_split": -1},
    ],
)
def test_impossible_settings_are_refused(wrong):
    assert TrainConfig()
    with pytest.raises(ConfigError, match=str(next(iter(wrong.values())))):
        TrainConfig(**wrong)


def test_sets_that_do_not_fit_are_refused(train_set, test_set):
    with pytest.raises(ConfigError, match="smaller batch"):
        next(train(replace(CONFIG, batch_size=100), train_set, test_set))
    unlabelled = ImageSet("pictures", train_set.images)
    with pytest.raises(DataError, match="no labels"):
        next(train(CONFIG, unlabelled, test_set))
    other = ImageSet("small", np.zeros((30, 8, 8), np.uint8), np.zeros(30, np.uint8))
    with pytest.raises(DataError, match="one size"):
        next(train(CONFIG, train_set, other))


def test_the_run_folder_is_named_as_the_tutorial_names_it():
    assert TrainConfig().run_name == "T_4_b_128_SGD_lr_0.1_CosALR_64"
    assert TrainConfig(amp=True).run_name == "T_4_b_128_SGD_lr_0.1_CosALR_64_amp"
    assert TrainConfig(epochs=5, t_max=9).run_name == "T_4_b_128_SGD_lr_0.1_CosALR_9"
    adam = TrainConfig(T=8, opt="Adam", lr=1e-3, lr_scheduler="StepLR", step_size=16, gamma=0.5)
    assert adam.run_name == "T_8_b_128_Adam_lr_0.001_StepLR_16_0.5"


def test_labels_beyond_the_networks_classes_are_refused(train_set, test_set):
    many = ImageSet("letters", train_set.images, np.full(len(train_set), 10, np.uint8))
    message = r"letters has images of class 10, the network knows 0\.\.9"
    for sets in ((many, test_set), (train_set, many)):
        with pytest.raises(DataError, match=message):
            train(TrainConfig(T=1, channels=2, batch_size=10), *sets)


def test_a_first_step_that_the_scaler_skips_leaves_no_trace(train_set, monkeypatch):
    """As on a GPU without bfloat16, where a scaled loss may overflow float16."""
    monkeypatch.setattr(learner, "autocast_type", lambda _device: torch.float16)
    config = replace(CONFIG, amp=True, lr=0.1)
    images, labels = to(train_set, torch.device("cpu"))

    found = learner.Learner(config, (28, 28), Ranks(), len(train_set))
    parameters = list(found.net.parameters())
    start = [parameter.detach().clone() for parameter in parameters]
    found._scaler._lazy_init_scale_growth_tracker(torch.device("cpu"))
    for scale in (1e30, 1.0):
        assert all(map(torch.equal, start, parameters))
        momenta = [found._optimizer.state[each]["momentum_buffer"] for each in parameters]
        assert not any(momentum.any() for momentum in momenta)
        found._scaler.update(scale)
        found.learn(images, labels, torch.arange(10), None)
    # The first step that counts: momentum is its gradient, as if nothing had been before.
    for parameter, momentum in zip(parameters, momenta, strict=True):
        assert torch.equal(momentum, parameter.grad)
    assert not torch.equal(start[0], parameters[0])


@pytest.mark.parametrize("name", ["T", "batch_size", "epochs", "val_split", "t_max", "seed"])
def test_settings_that_count_are_whole_numbers(name):
    with pytest.raises(ConfigError, match=r"whole number, got 2\.5"):
        TrainConfig(**{name: 2.5})
    with pytest.raises(ConfigError, match=r"at least [01], got -1"):
        TrainConfig(**{name: -1})


def test_what_cannot_be_trained_or_measured_is_refused_at_once(train_set, test_set):
    none = ImageSet("none", np.zeros((0, 28, 28), np.uint8), np.zeros(0, np.uint8))
    with pytest.raises(DataError, match="none has no images to measure on"):
        train(CONFIG, train_set, none)
    with pytest.raises(ConfigError, match="no device 'warp' here"):
        train(replace(CONFIG, device="warp"), train_set, test_set)


def test_any_seed_that_the_command_takes_can_be_used():
    orders = [loop._epoch_order(9, seed, 3).tolist() for seed in (2020, 20261126152233, 2**63 - 1)]
    assert orders[0] != orders[1] != orders[2]
    expected = torch.randperm(9, generator=torch.Generator().manual_seed(2020 * 1_000_003 + 3))
    assert orders[0] == expected.tolist(), "the order of trainings that are under way"
    build_network(NetworkConfig(T=1, channels=2), seed=2**63 - 1)


@pytest.mark.parametrize("device", ["meta", "mps:0", "xpu"])
def test_devices_that_are_not_computed_on_are_refused(device):
    with pytest.raises(ConfigError, match=r'use `device="cpu"`$'):
        choose_device(device)
