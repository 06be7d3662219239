"""SpikingJelly's own zoo of models, by its constructors and at sizes that are quick to run."""

from types import SimpleNamespace

import numpy as np
from spikingjelly.activation_based import layer, neuron, surrogate
from spikingjelly.activation_based.model import (
    masnn,
    maxformer,
    ms_resnet,
    parametric_lif_net,
    qkformer,
    sew_resnet,
    snas_net,
    spike_dhs,
    spike_driven_transformer,
    spikformer,
    spiking_resnet,
    spiking_vgg,
    spiking_vggws_ottt,
)
from torch import nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.spikingjelly_run import OWN, TIME_FIRST, entry, lively

GREY, COLOUR, EVENTS = (1, 28, 28), (3, 32, 32), (2, 32, 32)
ATAN = surrogate.ATan()


def resnets() -> list[Network]:
    """Return Spiking ResNets and SEW ResNets: stepped, with time first, with several neurons."""

    def small(module, block, spiking_neuron, mode, **settings):
        kind = module.SpikingResNet if module is spiking_resnet else module.SEWResNet
        net = kind(block, [1, 1, 1, 1], 5, spiking_neuron=spiking_neuron, **settings)
        return lively(net, 1.5, mode)

    plain, sew = spiking_resnet, sew_resnet
    return [
        entry(
            "spiking_resnet18",
            "sn1",
            "IFNode",
            COLOUR,
            lambda: lively(
                plain.spiking_resnet18(
                    spiking_neuron=neuron.IFNode, num_classes=5, surrogate_function=ATAN
                ),
                mode="m",
            ),
            origin="zoo",
            form=TIME_FIRST,
        ),
        entry(
            "spiking_resnet34_soft_lif",
            "sn1",
            "LIFNode",
            COLOUR,
            lambda: lively(
                plain.spiking_resnet34(
                    spiking_neuron=neuron.LIFNode, num_classes=5, tau=1.5, v_reset=None
                )
            ),
            origin="zoo",
            reset="soft",
        ),
        entry(
            "spiking_resnet_plif",
            "sn1",
            "ParametricLIFNode",
            COLOUR,
            lambda: small(plain, plain.BasicBlock, neuron.ParametricLIFNode, "s", init_tau=1.8),
            origin="zoo",
        ),
        entry(
            "spiking_resnext_klif",
            "sn1",
            "KLIFNode",
            COLOUR,
            lambda: small(
                plain, plain.Bottleneck, neuron.KLIFNode, "m", groups=32, width_per_group=4
            ),
            origin="zoo",
            form=TIME_FIRST,
        ),
        entry(
            "spiking_resnet_odd_size",
            "sn1",
            "IFNode",
            (3, 45, 31),
            lambda: small(plain, plain.BasicBlock, neuron.IFNode, "s", zero_init_residual=True),
            origin="zoo",
        ),
        entry(
            "sew_resnet18_add",
            "sn1",
            "IFNode",
            COLOUR,
            lambda: lively(
                sew.sew_resnet18(spiking_neuron=neuron.IFNode, num_classes=5, cnf="ADD"), mode="m"
            ),
            origin="zoo",
            form=TIME_FIRST,
        ),
        entry(
            "sew_resnet34_and",
            "sn1",
            "LIFNode",
            COLOUR,
            lambda: lively(
                sew.sew_resnet34(
                    spiking_neuron=neuron.LIFNode, num_classes=5, cnf="AND", decay_input=False
                )
            ),
            origin="zoo",
        ),
        entry(
            "sew_resnet_iand_qif",
            "sn1",
            "QIFNode",
            COLOUR,
            lambda: small(sew, sew.BasicBlock, neuron.QIFNode, "m", cnf="IAND"),
            origin="zoo",
            form=TIME_FIRST,
        ),
        entry(
            "sew_resnet50_eif",
            "sn1",
            "EIFNode",
            COLOUR,
            lambda: small(sew, sew.Bottleneck, neuron.EIFNode, "s", cnf="ADD"),
            origin="zoo",
        ),
    ]


def convolutional() -> list[Network]:
    """Return VGGs, and the networks of the parametric LIF's and OTTT's papers."""
    paper = parametric_lif_net

    def features(cfg, spiking_neuron, mode="s", **settings):
        parts = spiking_vgg.SpikingVGG.make_layers(cfg, True, None, spiking_neuron, **settings)
        head = nn.Sequential(layer.AdaptiveAvgPool2d(1), layer.Flatten(), layer.Linear(cfg[-2], 5))
        return lively(nn.Sequential(parts, head), mode=mode)

    return [
        entry(
            "spiking_vgg11_bn",
            "features.2",
            "IFNode",
            COLOUR,
            lambda: lively(
                spiking_vgg.spiking_vgg11_bn(
                    spiking_neuron=neuron.IFNode, num_classes=5, init_weights=False
                ),
                mode="m",
            ),
            origin="zoo",
            form=TIME_FIRST,
        ),
        entry(
            "spiking_vgg_izhikevich",
            "0.2",
            "IzhikevichNode",
            COLOUR,
            lambda: features(
                [8, "M", 8, 16, "M"], neuron.IzhikevichNode, a=0.3, b=0.4, tau_w=3.0, v_reset=0.1
            ),
            origin="zoo",
            T=6,
        ),
        entry(
            "spiking_vgg_sliding_psn",
            "0.2",
            "SlidingPSN",
            COLOUR,
            lambda: features([8, 16, "M"], neuron.SlidingPSN, "m", k=2),
            origin="zoo",
            reset="none",
            form=TIME_FIRST,
        ),
        entry(
            "mnist_net",
            "conv_fc.2",
            "ParametricLIFNode",
            GREY,
            lambda: lively(
                paper.MNISTNet(8, neuron.ParametricLIFNode, init_tau=2.0, decay_input=False)
            ),
            origin="zoo",
        ),
        entry(
            "fashion_mnist_net",
            "conv_fc.2",
            "ParametricLIFNode",
            GREY,
            lambda: lively(
                paper.FashionMNISTNet(
                    6, neuron.ParametricLIFNode, surrogate_function=ATAN, detach_reset=True
                ),
                3.0,
                "m",
            ),
            origin="zoo",
            form=TIME_FIRST,
        ),
        entry(
            "nmnist_net",
            "conv_fc.2",
            "LIFNode",
            (2, 34, 34),
            lambda: lively(paper.NMNISTNet(4, neuron.LIFNode, v_threshold=0.6, v_reset=-0.2)),
            origin="zoo",
        ),
        entry(
            "cifar10_net",
            "conv_fc.2",
            "IFNode",
            COLOUR,
            lambda: lively(paper.CIFAR10Net(8, neuron.IFNode, v_reset=None), mode="m"),
            origin="zoo",
            reset="soft",
            form=TIME_FIRST,
        ),
        entry(
            "cifar10_dvs_net",
            "conv_fc.2",
            "ParametricLIFNode",
            (2, 128, 128),
            lambda: lively(paper.CIFAR10DVSNet(3, neuron.ParametricLIFNode, init_tau=1.4)),
            origin="zoo",
        ),
        entry(
            "dvs_gesture_net",
            "conv_fc.2",
            "LIFNode",
            (2, 128, 128),
            lambda: lively(paper.DVSGestureNet(3, neuron.LIFNode, detach_reset=True), mode="m"),
            origin="zoo",
            form=TIME_FIRST,
        ),
        entry(
            "ottt_vgg_standardized_weights",
            "features.1",
            "OTTTLIFNode",
            COLOUR,
            lambda: spiking_vggws_ottt.OTTTSpikingVGG(
                [16, "A", 512, "M"], num_classes=5, spiking_neuron=neuron.OTTTLIFNode
            ),
            origin="zoo",
            reset="soft",
        ),
        entry(
            "ottt_vgg_sltt",
            "features.1",
            "SLTTLIFNode",
            COLOUR,
            lambda: lively(
                spiking_vggws_ottt.OTTTSpikingVGG(
                    [8, "A", 512, "M"],
                    weight_standardization=False,
                    num_classes=5,
                    spiking_neuron=neuron.SLTTLIFNode,
                    drop_rate=0.2,
                )
            ),
            origin="zoo",
        ),
    ]


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


NETWORKS = [*resnets(), *convolutional(), *repeating(), *searched()]
