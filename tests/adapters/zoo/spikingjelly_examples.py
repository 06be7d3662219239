"""The networks of SpikingJelly's own examples, imported from where it keeps them."""

import torch
from spikingjelly.activation_based import functional
from spikingjelly.activation_based.examples import (
    cifar10_r11_enabling_spikebased_backpropagation,
    conv_fashion_mnist,
    lif_fc_mnist,
    rsnn_sequential_fmnist,
    spiking_lstm_sequential_mnist,
)
from spikingjelly.activation_based.examples.memopt import models
from spikingjelly.activation_based.examples.plasticity import stdp_mnist
from torch import nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.spikingjelly_run import (
    OWN,
    STEP,
    TIME_FIRST,
    TIME_SECOND,
    entry,
    lively,
)

GREY, ROW = (1, 28, 28), (28,)


def unsupervised() -> nn.Module:
    """Return the network that learns by spike timing, on drawn covariances of pixels."""
    drawn = torch.rand(784, 784)
    return stdp_mnist._SNN(
        12, 0.1, 0.05, v_threshold=0.02, steps=8, covariance=drawn @ drawn.T, device="cpu"
    )


def recurrent(kind: type[nn.Module], gain: float = 3.0) -> nn.Module:
    """Return a network that reads an image row by row, as its example sets it up."""
    net = lively(kind(), gain)
    functional.set_step_mode(net, "m")
    return net


def example(name, layer, node, build, shape=GREY, form=STEP, **facts) -> Network:
    """Return a network of an example."""
    return entry(f"example/{name}", layer, node, shape, build, origin="example", form=form, **facts)


rows = rsnn_sequential_fmnist
NETWORKS = [
    example(
        "conv_fashion_mnist",
        "conv_fc.2",
        "IFNode",
        lambda: lively(conv_fashion_mnist.CSNN(T=4, channels=8)),
        form=OWN,
    ),
    example(
        "conv_fashion_mnist_encoder",
        "2",
        "IFNode",
        lambda: lively(conv_fashion_mnist.CSNN(T=4, channels=8)).spiking_encoder(),
        form=TIME_FIRST,
        T=7,
    ),
    example("lif_fc_mnist", "layer.2", "LIFNode", lambda: lively(lif_fc_mnist.SNN(tau=2.0), 4.0)),
    example("rows", "fc.1", "IFNode", lambda: recurrent(rows.PlainNet), ROW, TIME_FIRST),
    example(
        "rows_synapse",
        "fc.1",
        "IFNode",
        lambda: recurrent(rows.StatefulSynapseNet),
        ROW,
        TIME_FIRST,
    ),
    example(
        "rows_feedback",
        "fc.1.sub_module",
        "IFNode",
        lambda: recurrent(rows.FeedBackNet, 1.5),
        ROW,
        TIME_FIRST,
        T=6,
    ),
    example(
        "cifar10_dvs_vgg",
        "features.0.neuron",
        "LIFNode",
        lambda: lively(models.CIFAR10DVSVGG(), 4.0),
        (2, 48, 48),
        TIME_SECOND,
    ),
    example(
        "stdp_mnist",
        "sn.sub_module.1",
        "_AdaptiveLIFNode",
        unsupervised,
        (784,),
        reset="other",
        T=8,
    ),
    example(
        "cifar10_resnet11",
        "",
        "",
        cifar10_r11_enabling_spikebased_backpropagation.ResNet11,
        (3, 32, 32),
        refused="no spiking layer",
    ),
    example(
        "spiking_lstm",
        "",
        "",
        spiking_lstm_sequential_mnist.Net,
        ROW,
        TIME_FIRST,
        refused="no spiking layer",
    ),
]
