"""`evaluate` and `evaluation_report` of any network, against its own stepping."""

import numpy as np
import pytest
import torch
from scipy import stats
from spikingjelly.activation_based import functional, neuron
from torch import nn

import snnviz
from snnviz.data import ImageSet
from snnviz.errors import ConfigError, DataError
from snnviz.scoring.answers import channel_importance, evaluate, evaluation_report

IMAGES = snnviz.garments(30)


@pytest.fixture
def net():
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), neuron.IFNode(v_threshold=0.3))


def test_any_network_is_evaluated_by_its_mean_output(net):
    found = evaluate(net, IMAGES, T=5)
    images = torch.from_numpy(IMAGES.batch(range(30)))
    functional.reset_net(net)
    with torch.no_grad():
        answers = sum(net(images) for _ in range(5)).argmax(1).numpy()
    functional.reset_net(net)
    assert (found.correct, found.total) == (int((answers == IMAGES.labels).sum()), 30)
    measured = evaluation_report(net, IMAGES, T=5)
    assert measured.correct == found.correct
    assert len(measured.accuracy_at) == 5
    expected = np.zeros((10, 10), int)
    np.add.at(expected, (IMAGES.labels, answers), 1)
    assert measured.confusion.tolist() == expected.tolist()


def test_normalization_is_the_networks(net):
    shifted = nn.Sequential(nn.Flatten(), net[1], neuron.IFNode(v_threshold=0.3))
    plain = evaluation_report(net, IMAGES, T=5, mean=(0.5,), std=(0.25,))

    class Normalized(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = shifted

        def forward(self, x):
            return self.inner((x - 0.5) / 0.25)

    assert (
        plain.confusion.tolist() == evaluation_report(Normalized(), IMAGES, T=5).confusion.tolist()
    )


def test_the_tutorials_network_is_what_it_was():
    net = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4))
    from snnviz.scoring import evaluation, report

    assert evaluate(net, IMAGES) == evaluation.evaluate(net, IMAGES)
    found, expected = evaluation_report(net, IMAGES), report.evaluation_report(net, IMAGES)
    assert found.as_dict() == expected.as_dict()
    with pytest.raises(ConfigError, match="leave out T, mean and std"):
        evaluate(net, IMAGES, T=4)


def test_intervals_are_wilsons(net):
    found = evaluation_report(net, IMAGES, T=5)
    expected = stats.binomtest(found.correct, 30).proportion_ci(method="wilson")
    np.testing.assert_allclose(found.interval, [expected.low, expected.high])
    assert evaluate(net, IMAGES, T=5).interval == found.interval
    assert found.as_dict()["accuracy_interval"] == list(found.interval)


def test_what_has_no_answer_is_refused():
    maps = nn.Sequential(nn.Conv2d(1, 4, 3), neuron.IFNode())
    with pytest.raises(ConfigError, match="scores"):
        evaluate(maps, IMAGES, T=2)
    with pytest.raises(ConfigError, match="no spiking neurons"):
        evaluate(nn.Sequential(nn.Flatten(), nn.Linear(784, 10)), IMAGES, T=2)
    unlabelled = snnviz.ImageSet("x", IMAGES.images)
    with pytest.raises(DataError, match="label"):
        evaluate(nn.Sequential(nn.Flatten(), nn.Linear(784, 10), neuron.IFNode()), unlabelled)


def test_progress_is_told_or_drawn(net, capsys):
    told = []
    evaluation_report(net, IMAGES, T=2, progress=lambda *each: told.append(each))
    assert told[-1] == ("evaluate", 30, 30)
    assert capsys.readouterr().err == ""
    evaluation_report(net, IMAGES, T=2, progress=True)
    assert "evaluate: 100%" in capsys.readouterr().err
    evaluate(snnviz.build_network(snnviz.NetworkConfig(T=1, channels=4)), IMAGES, progress=True)
    assert "test: 100%" in capsys.readouterr().err


def test_results_are_told_in_a_few_words(net):
    told = repr(evaluation_report(net, IMAGES, T=5))
    assert "confusion=int64 [10, 10], correct_at=int64 [5]" in told
    assert len(told) < 700


class TwoLayers(nn.Module):
    """A network whose layers can lose a channel by a mask of their spikes."""

    def __init__(self):
        super().__init__()
        self.conv, self.first = nn.Conv2d(1, 3, 7, stride=7), neuron.IFNode(v_threshold=0.2)
        self.fc, self.second = nn.Linear(48, 5), neuron.IFNode(v_threshold=0.1)
        self.out = nn.Linear(5, 10)
        self.masks = {"first": torch.ones(3, 1, 1), "second": torch.ones(5)}

    def forward(self, x):
        x = self.first(self.conv(x)) * self.masks["first"]
        return self.out(self.second(self.fc(x.flatten(1))) * self.masks["second"])


@pytest.mark.parametrize(("layer", "muted", "K"), [(None, "first", 3), ("second", "second", 5)])
def test_channels_of_any_network_are_silenced_in_turn(layer, muted, K):
    torch.manual_seed(4)
    net = TwoLayers().eval()
    told = []
    options = {"T": 4, "mean": (0.4,), "std": (0.5,)}
    found = channel_importance(
        net, IMAGES, layer=layer, progress=lambda *each: told.append(each), **options
    )

    def correct():
        images = torch.from_numpy((IMAGES.batch(range(30)) - 0.4) / 0.5)
        functional.reset_net(net)
        with torch.no_grad():
            answers = sum(net(images) for _ in range(4)).argmax(1).numpy()
        functional.reset_net(net)
        return int((answers == IMAGES.labels).sum())

    assert (found.total, found.correct) == (30, correct())
    expected = []
    for k in range(K):
        net.masks[muted][k] = 0
        expected.append(correct())
        net.masks[muted][k] = 1
    assert found.correct_without.tolist() == expected
    assert len(set(expected)) > 1
    assert told == [("importance", done, K) for done in range(1, K + 1)]


def test_layers_that_cannot_be_silenced_alone_are_refused(net):
    class Twice(TwoLayers):
        def forward(self, x):
            return self.out(self.second(self.second(self.fc(self.first(self.conv(x)).flatten(1)))))

    with pytest.raises(ConfigError, match="second is one layer at several places"):
        channel_importance(Twice(), IMAGES, layer="second", T=2)
    with pytest.raises(ConfigError, match=r"no layer 'third' is called; choose from first, second"):
        channel_importance(TwoLayers(), IMAGES, layer="third", T=2)
    with pytest.raises(DataError, match="no labels"):
        channel_importance(net, ImageSet("mine", IMAGES.images), T=2)
    tutorial = snnviz.build_network(snnviz.NetworkConfig(T=2, channels=4))
    with pytest.raises(ConfigError, match=r"in its encoder alone, got layer .*; leave it out"):
        channel_importance(tutorial, IMAGES, layer="conv.4")
    assert channel_importance(tutorial, IMAGES).correct_without.shape == (4,)


def test_bars_of_all_that_takes_long(tmp_path, capsys):
    config = snnviz.TrainConfig(T=1, channels=2, batch_size=10, epochs=1)
    list(snnviz.train(config, IMAGES, IMAGES, progress=True))
    assert "train: 100%" in capsys.readouterr().err
    options = snnviz.FigureSetOptions(T=2, kinds=("first-spike",), dpi=60)
    samples = list(IMAGES.samples([0]))
    encoder = snnviz.load_encoder()
    snnviz.write_figure_sets(encoder, samples, tmp_path / "out", options, progress=True)
    assert "figures: 100%" in capsys.readouterr().err
