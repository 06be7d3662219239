"""SpikingJelly's own zoo of models, by its constructors and at sizes that are quick to run."""

from spikingjelly.activation_based import layer, neuron, surrogate
from spikingjelly.activation_based.model import (
    parametric_lif_net,
    sew_resnet,
    spiking_resnet,
    spiking_vgg,
    spiking_vggws_ottt,
)
from torch import nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.spikingjelly_run import TIME_FIRST, entry, lively

GREY, COLOUR = (1, 28, 28), (3, 32, 32)
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


NETWORKS = [*resnets(), *convolutional()]
