"""Every neuron of SpikingJelly by its constructor, behind one small convolution or linear layer."""

from collections.abc import Callable

import torch
from spikingjelly.activation_based import layer, neuron, surrogate
from torch import Tensor, nn

from tests.adapters.zoo.network import Network
from tests.adapters.zoo.spikingjelly_run import STEP, TIME_FIRST, entry, lively

GREY, COLOUR, ROW = (1, 14, 14), (3, 12, 10), (20,)
ANALOG = surrogate.Sigmoid(spiking=False)
Node = Callable[[], nn.Module]


def conv(node: nn.Module, mode: str, channels: int = 1, H: int = 14, W: int = 14) -> nn.Module:
    """Return convolution, normalization, the neuron, and a head of pooling and one layer."""
    return lively(
        nn.Sequential(
            layer.Conv2d(channels, 4, 3, padding=1, bias=False),
            layer.BatchNorm2d(4),
            node,
            layer.AvgPool2d(2),
            layer.Flatten(),
            layer.Linear(4 * (H // 2) * (W // 2), 5),
        ),
        3.0,
        mode,
    )


def linear(node: nn.Module, mode: str, K: int = 20) -> nn.Module:
    """Return a linear layer, the neuron and a head."""
    return lively(nn.Sequential(layer.Linear(K, 12), node, layer.Linear(12, 5)), 3.0, mode)


def of(
    name: str,
    node: Node,
    reset: str,
    mode: str = "s",
    shape: tuple[int, ...] = GREY,
    refused: str = "",
    T: int = 6,
) -> Network:
    """Return the neuron's network: stepped one image a call, or with time first."""

    def build() -> nn.Module:
        return linear(node(), mode) if shape == ROW else conv(node(), mode, *shape)

    return entry(
        f"node/{name}",
        "1" if shape == ROW else "2",
        type(node()).__name__,
        shape,
        build,
        origin="constructor",
        reset=reset,
        form=TIME_FIRST if mode == "m" else STEP,
        T=T,
        refused=refused,
    )


def gated(inplane: int | None = None, T: int = 6) -> nn.Module:
    """Return a gated LIF whose gates are drawn by torch: NumPy draws them by default."""
    node = neuron.GatedLIFNode(T, inplane=inplane)
    for gate in (node.alpha, node.beta, node.gamma):
        nn.init.uniform_(gate, -1.0, 1.0)
    return node


def psn(T: int = 6) -> nn.Module:
    """Return a parallel spiking neuron whose steps differ, as after training."""
    node = neuron.PSN(T)
    nn.init.uniform_(node.weight, -0.5, 1.0)
    return node


def masked(lambda_: float, T: int = 6) -> nn.Module:
    """Return a masked parallel spiking neuron, masked wholly (1) or in part."""
    node = neuron.MaskedPSN(k=2, T=T, lambda_init=lambda_)
    nn.init.uniform_(node.weight, -0.5, 1.5)
    return node


def scaled_klif(scale_reset: bool) -> nn.Module:
    """Return a KLIF whose factor has been learned."""
    node = neuron.KLIFNode(scale_reset=scale_reset, tau=1.5)
    node.k.data.fill_(1.7)
    return node


def normalized(**settings: object) -> nn.Module:
    """Return a LIF with a normalization of its membrane potential, as after training."""
    node = neuron.MPBNLIFNode(tau=1.5, out_channels=4, **settings)
    node.vbn.running_mean.uniform_(-0.2, 0.4)
    node.vbn.running_var.uniform_(0.5, 1.5)
    return node


def at_rest(T: int = 6) -> nn.Module:
    """Return a noisy neuron without its noise, as for evaluation."""
    return neuron.NoisyCUBALIFNode(12, is_training=False, T=T)


def two_currents(x: Tensor, fast: Tensor, slow: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return spikes of a neuron that a user writes for FlexSN, and its two states."""
    fast = 0.5 * fast + x
    slow = 0.9 * slow + fast
    spikes = (slow >= 2.0).to(x)
    return spikes, fast, slow * (1.0 - spikes)


def integrating() -> list[Network]:
    """Return integrate-and-fire neurons: resets, thresholds, step modes."""
    per_map = torch.tensor([0.5, 1.0, 1.5, 2.0])
    return [
        of("if", neuron.IFNode, "hard"),
        of("if_m", lambda: neuron.IFNode(store_v_seq=True), "hard", "m", COLOUR),
        of("if_row", lambda: neuron.IFNode(v_threshold=0.7), "hard", shape=ROW),
        of("if_soft", lambda: neuron.IFNode(v_reset=None), "soft"),
        of("if_soft_m_row", lambda: neuron.IFNode(1.3, None), "soft", "m", ROW, T=9),
        of("if_reset_below", lambda: neuron.IFNode(v_reset=-0.4), "hard"),
        of("if_reset_above_zero", lambda: neuron.IFNode(v_reset=0.5), "hard", "m"),
        of("if_threshold_zero", lambda: neuron.IFNode(v_threshold=0.0), "hard"),
        of("simple_if", neuron.SimpleIFNode, "hard"),
        # It starts at 0, wherever it is reset to: its second interval is another than its first.
        of("simple_if_reset", lambda: neuron.SimpleIFNode(v_reset=0.6), "hard", T=8),
        of("simple_if_soft_m", lambda: neuron.SimpleIFNode(v_reset=None), "soft", "m"),
        of("half_threshold_if", neuron.HalfThresholdIFNode, "soft"),
        of(
            "activation_aware_if",
            lambda: neuron.ActivationAwareIFNode(per_map, 0.2, channel_dim=1),
            "soft",
        ),
        of(
            "activation_aware_if_hard",
            lambda: neuron.ActivationAwareIFNode(0.8, 0.1, v_reset=0.0),
            "hard",
            "m",
        ),
    ]


def leaky() -> list[Network]:
    """Return leaky, adaptive, exponential and quadratic neurons, and those with a synapse."""
    return [
        of("lif", neuron.LIFNode, "hard"),
        of("lif_m", lambda: neuron.LIFNode(tau=4.0, decay_input=False), "hard", "m", COLOUR),
        of("lif_row", lambda: neuron.LIFNode(1.2, v_reset=-0.1), "hard", "m", ROW),
        of("lif_soft", lambda: neuron.LIFNode(1.5, v_reset=None), "soft"),
        of("lif_soft_m", lambda: neuron.LIFNode(3.0, False, v_reset=None), "soft", "m"),
        of("simple_lif", lambda: neuron.SimpleLIFNode(1.5, decay_input=True), "hard"),
        of("simple_lif_m", lambda: neuron.SimpleLIFNode(1.5, False, v_reset=0.3), "hard", "m"),
        of("plif", lambda: neuron.ParametricLIFNode(1.4), "hard"),
        of("plif_soft_m", lambda: neuron.ParametricLIFNode(3.0, False, v_reset=None), "soft", "m"),
        of("klif", lambda: scaled_klif(False), "hard"),
        of("klif_scaled_m", lambda: scaled_klif(True), "hard", "m"),
        of("complementary_lif", lambda: neuron.ComplementaryLIFNode(1.5), "soft"),
        of("complementary_lif_m", lambda: neuron.ComplementaryLIFNode(1.5), "soft", "m"),
        of("cuba_lif", neuron.CUBALIFNode, "hard"),
        of("cuba_lif_m", lambda: neuron.CUBALIFNode(0.2, 0.6, v_reset=None), "soft", "m"),
        of("qif", lambda: neuron.QIFNode(v_c=0.5), "hard"),
        of("eif", neuron.EIFNode, "hard"),
        of("eif_m", lambda: neuron.EIFNode(tau=1.5, v_reset=-0.3), "hard", "m"),
        of("izhikevich", lambda: neuron.IzhikevichNode(a=0.2, b=0.5, tau_w=3.0), "hard", T=8),
        of("resonate_and_fire", lambda: neuron.RAFNode(omega=0.8), "hard", T=8),
        of("mpbn_lif", normalized, "hard"),
        of("mpbn_lif_m", lambda: normalized(learnable_vth=True), "hard", "m"),
        of("ottt_lif", neuron.OTTTLIFNode, "soft"),
        of("sltt_lif", lambda: neuron.SLTTLIFNode(1.5), "hard"),
        of("flex_sn", lambda: neuron.FlexSN(two_currents, 2), "other", "m"),
        of("flex_sn_s", lambda: neuron.FlexSN(two_currents, 2, step_mode="s"), "other"),
    ]


def parallel() -> list[Network]:
    """Return neurons that see all steps at once, and neurons whose spikes are no 0 and 1."""
    spiking_in_turn = neuron.FewSpikeTable([2.0, 1.0, 0.5, 0.2], [2.0, 1.0, 0.5, 0.2], [1.0] * 4)
    weighted = neuron.FewSpikeTable(
        [2.0, 1.0, 0.5, 0.2], [2.0, 1.0, 0.5, 0.2], [2.0, 1.0, 0.5, 0.2]
    )
    return [
        of("psn", psn, "none", "m"),
        of("psn_row", psn, "none", "m", ROW),
        of("masked_psn", lambda: masked(1.0), "none", "m"),
        of("masked_psn_half", lambda: masked(0.5), "none", "m"),
        of("masked_psn_s", lambda: masked(1.0), "none"),
        of("sliding_psn", lambda: neuron.SlidingPSN(3, exp_init=False), "none", "m"),
        of("sliding_psn_s", lambda: neuron.SlidingPSN(3), "none"),
        of("gated_lif", gated, "other", "m"),
        of("gated_lif_of_maps", lambda: gated(4), "other", "m"),
        of("few_spikes", lambda: neuron.FewSpikeNode(spiking_in_turn), "none", "m", T=4),
        of("ilif", neuron.ILIFNode, "soft"),
        of(
            "ilif_m_up_to_8",
            lambda: neuron.ILIFNode(2.0, 0.5, surrogate.MultiLevelSpikeCount(8)),
            "soft",
            "m",
            COLOUR,
        ),
        of("dsr_if", lambda: neuron.DSRIFNode(6, 1.5), "soft", "m"),
        of("dsr_if_as_built", neuron.DSRIFNode, "soft", "m", T=8),
        of("dsr_lif", lambda: neuron.DSRLIFNode(6, 0.25, 2.0, 0.5), "soft", "m"),
        of("st_bif_positive", lambda: neuron.STBIFNode(0.5, 16), "soft"),
        # These write the next step's input in place, and restart at each call.
        of("ilc_if", lambda: neuron.ILCIFNode(3, 4), "hard", "m", ROW),
        of("ilc_cuba_lif", lambda: neuron.ILCCUBALIFNode(4, 3), "hard", "m", ROW),
        of(
            "noisy_at_rest",
            lambda: neuron.NoisyCUBALIFNode(12, is_training=False, T=6),
            "hard",
            "m",
            ROW,
        ),
        of("ternary_if", neuron.TernaryIFNode, "hard", refused="both signs"),
        of("ternary_lif_m", lambda: neuron.TernaryLIFNode(1.5), "hard", "m", refused="both signs"),
        of("st_bif", lambda: neuron.STBIFNode(0.5, 16, True), "soft", refused="both signs"),
        of(
            "outlier_aware",
            lambda: neuron.OutlierAwareThresholdNode(spiking_in_turn, weighted, 2.0),
            "none",
            "m",
            refused="both signs",
            T=4,
        ),
        of("few_spikes_weighted", lambda: neuron.FewSpikeNode(weighted), "none", refused="analog"),
        of("liaf", lambda: neuron.LIAFNode(torch.relu, False), "hard", refused="analog"),
        # In step mode "m" it leaves its activation out, and emits the LIF's spikes.
        of("liaf_m", lambda: neuron.LIAFNode(torch.tanh, True, 1.5), "hard", "m"),
        of(
            "if_not_spiking",
            lambda: neuron.IFNode(surrogate_function=ANALOG),
            "hard",
            refused="analog",
        ),
        of(
            "lif_not_spiking_m",
            lambda: neuron.LIFNode(1.5, surrogate_function=surrogate.ATan(spiking=False)),
            "hard",
            "m",
            refused="analog",
        ),
        of("psn_not_spiking", lambda: neuron.PSN(6, ANALOG), "none", "m", refused="analog"),
    ]


NETWORKS = [*integrating(), *leaky(), *parallel()]
