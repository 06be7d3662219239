"""Robustness as a whole, against other functions of the package on images made worse by hand."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from spikingjelly.activation_based import neuron
from torch import nn

import snnviz
from snnviz.data import garments, to_input
from snnviz.errors import ConfigError, DataError
from snnviz.metrics import CORRUPTIONS, corrupt, first_spike_delay, first_spikes_kept
from snnviz.metrics.wilson import wilson_interval
from snnviz.scoring.attacks import ATTACKS, EPSILONS
from snnviz.scoring.predicting import predict
from snnviz.scoring.robustness import robustness
from snnviz.tutorial.encoder import load_encoder
from snnviz.tutorial.network import NetworkConfig, build_network
from tests.lively import lively

COUNT, ATTACKED, T, AT_ONCE = 18, 3, 3, 8


@pytest.fixture(scope="module")
def net():
    return lively(build_network(NetworkConfig(T=T, channels=4), seed=0)).eval()


@pytest.fixture(scope="module")
def images(net):
    """Images with the network's own answers as labels, but for some."""
    drawn = garments(COUNT)
    labels = predict(net, drawn.images)
    return replace(drawn, labels=np.where(np.arange(COUNT) % 5 == 0, (labels + 1) % 10, labels))


@pytest.fixture(scope="module")
def found(net, images):
    start = lively(build_network(net.config, seed=1)).eval()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("snnviz.scoring.robustness._BATCH", AT_ONCE)
        patched.setattr("snnviz.scoring.reading._BATCH", 5)
        return robustness(net, images, attacked=ATTACKED, seed=4, start=start)


def worse(images, kind, severity):
    return replace(images, images=corrupt(images.images, kind, severity, seed=4))


def test_every_change_is_there_once(found):
    changes = [each.change for each in found.outcomes]
    assert len(set(changes)) == len(changes) == 25 + 3 + 11 + 15
    assert {each.kind for each in changes if each.family == "attack"} == set(ATTACKS)
    assert [o.change.strength for o in found.of("pgd")] == list(EPSILONS)
    assert [o.change.strength for o in found.of("T")] == [1, 6, 12]
    assert {o.total for o in found.of("fgsm")} == {ATTACKED}
    assert found.notes == ()
    assert (found.T, found.total, found.blind) == (T, COUNT, 0)


def test_accuracy_on_corrupted_images_is_that_of_the_network_on_them(net, images, found):
    before = predict(net, images.images) == images.labels
    assert found.clean.correct == before.sum() == COUNT - 4
    assert found.clean.interval == wilson_interval(COUNT - 4, COUNT)
    assert found.chance == np.bincount(images.labels).max() / COUNT
    for kind, severity in (("noise", 2), ("shift", 5), ("occlusion", 1), ("contrast", 5)):
        after = predict(net, worse(images, kind, severity).images) == images.labels
        outcome = found.outcome(kind, severity)
        assert outcome.correct == after.sum()
        assert outcome.paired.lost == (before & ~after).sum()
        assert outcome.paired.gained == (~before & after).sum()
        assert outcome.change.strength == CORRUPTIONS[kind][severity - 1]


def test_other_numbers_of_steps_are_those_of_the_same_weights(net, images, found):
    for severity, steps in enumerate((1, 6, 12), start=1):
        other = build_network(replace(net.config, T=steps))
        other.load_state_dict(net.state_dict())
        expected = snnviz.evaluate(other, images).correct
        assert found.outcome("T", severity).correct == expected
    assert net.T == T


def test_first_spikes_are_those_of_the_encoder(net, images, found):
    encoder = snnviz.split_encoder(net)
    before = encoder.encode(to_input(images.images)).first_spike
    for kind, severity in (("blur", 3), ("noise", 5)):
        seen = to_input(worse(images, kind, severity).images)
        after = encoder.encode(seen).first_spike
        outcome = found.outcome(kind, severity)
        assert outcome.kept.value == pytest.approx(first_spikes_kept(before, after, T).mean())
        assert outcome.delay.value == pytest.approx(first_spike_delay(before, after, T).mean())
        assert outcome.kept.low < outcome.kept.value < outcome.kept.high
    start = snnviz.split_encoder(lively(build_network(net.config, seed=1)).eval())
    one, other = (
        start.encode(to_input(i.images)).first_spike for i in (images, worse(images, "blur", 3))
    )
    expected = first_spikes_kept(one, other, T).mean()
    assert found.outcome("blur", 3).untrained_kept.value == pytest.approx(expected)
    # The floor: each image against the one before, the first against the last.
    pairs = np.roll(before, 1, axis=0)
    assert found.clean.kept.value == pytest.approx(first_spikes_kept(before, pairs, T).mean())


def test_clean_images_are_read_back_best_and_guesses_worst(found):
    psnr = [o.psnr.value for o in found.of("noise")]
    assert found.clean.psnr.value > psnr[0] > psnr[-1]
    assert found.clean.psnr.value > found.psnr_floor.value
    assert found.of("fgsm")[0].psnr is None


def test_the_same_seed_gives_the_same_and_another_does_not(net, images, found):
    again = robustness(net, images, attacked=ATTACKED, seed=4)  # all at once
    for one, other in zip(found.outcomes, again.outcomes, strict=True):
        assert replace(one, untrained_kept=None) == other
    few = images.head(6)
    one, other = (robustness(net, few, attacked=0, seed=seed) for seed in (0, 1))
    assert one.outcome("noise", 3).kept != other.outcome("noise", 3).kept
    assert one.outcome("contrast", 3) == other.outcome("contrast", 3)
    assert one.blind is None
    assert one.of("pgd") == ()


def test_it_is_plain_json(found):
    values = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert values["clean"]["correct"] == found.clean.correct
    last = next(v for v in values["outcomes"] if v["kind"] == "jittered" and v["severity"] == 5)
    assert last["strength"] is None
    assert last["accuracy"] == found.outcome("jittered", 5).accuracy
    assert values["outcomes"][0]["kept"]["low"] == found.outcomes[0].kept.low
    with pytest.raises(ConfigError, match="'fog' at severity 1; there are noise, blur"):
        found.outcome("fog")


def test_images_without_labels_have_first_spikes_alone(net, images):
    found = robustness(net, replace(images.head(4), labels=None))
    (note,) = found.notes
    assert "has no labels: accuracy, other numbers of steps" in note
    assert found.clean.accuracy is found.chance is found.blind is None
    assert {each.change.family for each in found.outcomes} == {"image"}
    assert found.outcome("noise", 3).kept.value < 1


def test_an_encoder_has_first_spikes_alone():
    found = robustness(load_encoder(), garments(4), T=2, start=load_encoder())
    (note,) = found.notes
    assert note.startswith("an encoder gives no answers")
    assert found.T == 2
    assert found.outcome("blur", 1).untrained_kept == found.outcome("blur", 1).kept


def test_what_cannot_be_measured_is_left_out_and_said():
    class Own(nn.Module):
        """No maps, a fixed number of steps, and no gradient."""

        def __init__(self):
            super().__init__()
            self.flat, self.node = nn.Flatten(), neuron.IFNode()
            self.fc = nn.Linear(784, 10)

        def forward(self, x):
            with torch.no_grad():
                drive = self.fc(self.flat(x)) * 5
                return torch.stack([self.node(drive) for _ in range(4)])

    found = robustness(Own().eval(), garments(4), attacked=2)
    assert [note.partition(":")[0] for note in found.notes[:5]] == [
        "reconstruction is left out",
        "T = 2 is left out",
        "T = 8 is left out",
        "T = 16 is left out",
        "attacks are left out",
    ]
    assert "choose" not in found.notes[1]
    assert found.of("reversed")[0].total == 4


def test_one_image_has_no_other_to_compare_with(net, images):
    found = robustness(net, images.head(1), attacked=0)
    assert found.clean.kept is None
    assert found.outcome("blur", 5).kept is not None


def test_one_step_has_no_spikes_to_move_in_time(net, images):
    """Rows that cannot differ from the clean ones are left out, and said to be."""
    found = robustness(net, images.head(2), T=1, attacked=0)
    edited = {each.change.kind for each in found.outcomes if each.change.family == "spikes"}
    assert edited == {"deleted"}
    sentence = "in one step no spike has another time: jittered and reversed spikes are left out"
    assert sentence in found.notes
    found = robustness(net, images.head(2), T=2, attacked=0)
    assert {"deleted", "jittered", "reversed"} <= {each.change.kind for each in found.outcomes}
    assert not any("in one step" in note for note in found.notes)


def test_what_is_refused(net, images):
    with pytest.raises(DataError, match="no images"):
        robustness(net, replace(images, images=images.images[:0], labels=images.labels[:0]))
    with pytest.raises(DataError, match="class 11, the network knows"):
        robustness(net, replace(images, labels=np.full(COUNT, 11), classes=()))
    with pytest.raises(ConfigError, match="attacked must be at least 0"):
        robustness(net, images, attacked=-1)
    with pytest.raises(ConfigError, match="no spiking neurons"):
        robustness(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), images)
