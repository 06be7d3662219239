"""The models of SpikingJelly's zoo that repeat an image by themselves."""

from types import SimpleNamespace

import numpy as np
from spikingjelly.activation_based import neuron
from spikingjelly.activation_based.model import (
    masnn,
    maxformer,
    ms_resnet,
    qkformer,
    snas_net,
    spike_dhs,
    spike_driven_transformer,
    spikformer,
)

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.spikingjelly_run import OWN, TIME_FIRST, entry, lively

GREY, COLOUR, EVENTS = (1, 28, 28), (3, 32, 32), (2, 32, 32)


def repeating() -> list[Network]:
    """Return networks that repeat the images by themselves, or take a sequence as well."""
    ms = ms_resnet
    former = {"T": 4, "num_classes": 5, "embed_dims": 32}
    return [
        entry(
            "ms_resnet18",
            "layer1.0.spike1",
            "LIFNode",
            COLOUR,
            lambda: lively(ms.ms_resnet18(T=4, num_classes=5)),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "ms_resnet_of_a_sequence",
            "layer1.0.spike1",
            "LIFNode",
            GREY,
            lambda: lively(
                ms.MSResNet(T=6, in_channels=1, layers=(1, 1, 1), base_channels=8, num_classes=5)
            ),
            origin="zoo",
            form=TIME_FIRST,
            T=5,
        ),
        entry(
            "max_resnet18",
            "layer1.0.spike1",
            "IFNode",
            COLOUR,
            lambda: lively(
                ms.MaxResNet(
                    T=3,
                    base_channels=8,
                    num_classes=5,
                    stem_pool=True,
                    spiking_neuron=neuron.IFNode,
                    step_mode="m",
                )
            ),
            origin="zoo",
            form=OWN,
            T=3,
        ),
        entry(
            "att_ms_resnet",
            "layer1.0.spike1",
            "LIFNode",
            COLOUR,
            lambda: lively(
                masnn.AttMSResNet(T=4, layers=(1, 1, 1), base_channels=16, num_classes=5)
            ),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "masnn",
            "conv_blocks.0.cell",
            "LIFNode",
            EVENTS,
            lambda: lively(
                masnn.MASNN(T=5, channels=(8, 8), pools=(1, 2), fc_hidden=16, num_classes=5),
                3.0,
            ),
            origin="zoo",
            form=OWN,
            T=5,
        ),
        entry(
            "spikformer",
            "patch_embed.stages.0.neuron",
            "LIFNode",
            COLOUR,
            lambda: lively(
                spikformer.Spikformer(
                    img_size_h=32, img_size_w=32, patch_size=4, num_heads=4, depths=1, **former
                ),
                20.0,
            ),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "spikformer_ti",
            "patch_embed.stages.0.neuron",
            "LIFNode",
            (3, 64, 64),
            lambda: lively(
                spikformer.spikformer_ti(T=4, img_size_h=64, img_size_w=64, num_classes=5), 20.0
            ),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "qkformer",
            "patch_embed1.lif1",
            "LIFNode",
            COLOUR,
            lambda: lively(qkformer.QKFormer(num_heads=(2, 2, 2), depths=(1, 1, 1), **former), 3.0),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "spike_driven_transformer",
            "patch_embed.stages.0.2",
            "LIFNode",
            COLOUR,
            lambda: lively(
                spike_driven_transformer.SpikeDrivenTransformer(
                    num_heads=2, depths=1, pooling_stat="0011", **former
                ),
                3.0,
            ),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "max_former",
            "patch_embed1.lif1",
            "LIFNode",
            COLOUR,
            lambda: lively(maxformer.MaxFormer(depths=(1, 1, 1), **former), 3.0),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "max_former_cifar",
            "patch_embed1.branch.0",
            "LIFNode",
            COLOUR,
            lambda: lively(maxformer.MaxFormer(depths=(1, 1, 1), cifar=True, **former), 3.0),
            origin="zoo",
            form=OWN,
        ),
    ]


def searched() -> list[Network]:
    """Return networks that an architecture search found."""
    forward = np.array([[0, 2, 4, 1], [0, 0, 3, 2], [0, 0, 0, 2], [0, 0, 0, 0]])
    backward = np.array([[0, 2, 0, 1], [1, 0, 2, 0], [4, 2, 0, 2], [2, 2, 1, 0]])

    def snas(celltype, cells):
        settings = SimpleNamespace(
            timestep=4,
            second_avgpooling=4,
            dataset="cifar100",
            celltype=celltype,
            threshold=1.0,
            tau=4 / 3,
        )
        return lively(snas_net.SNASNet(settings, cells), 2.0)

    return [
        entry(
            "snasnet_forward",
            "cell1.cell_architecture.0.0",
            "LIFNode",
            COLOUR,
            lambda: snas("forward", forward),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "snasnet_backward",
            "cell1.cell_architecture.0.0",
            "LIFNode",
            COLOUR,
            lambda: snas("backward", backward),
            origin="zoo",
            form=OWN,
        ),
        entry(
            "spike_dhs",
            "feature.stem0.spike_m",
            "save_v_LIFNode",
            COLOUR,
            lambda: lively(
                spike_dhs.SpikeDHS(
                    3,
                    SimpleNamespace(
                        fea_step=3,
                        fea_num_layers=8,
                        fea_block_multiplier=3,
                        fea_filter_multiplier=48,
                    ),
                ),
                mode="m",
            ),
            origin="zoo",
            form=OWN,
            T=6,
        ),
    ]


NETWORKS = [*repeating(), *searched()]
