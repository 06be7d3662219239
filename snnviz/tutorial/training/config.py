"""How to train: the tutorial's options and some more, checked."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from torch.nn import Parameter
from torch.optim import SGD, Adam, Optimizer
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler, StepLR

from snnviz.errors import ConfigError, check_integer
from snnviz.tutorial.cuda import check_network
from snnviz.tutorial.network import NetworkConfig, Pooling, StepMode


@dataclass(frozen=True)
class TrainConfig:
    """How to train; the defaults are the tutorial's.

    Attributes:
        T: Number of time steps.
        batch_size: Images a step of the optimizer, all ranks together.
        epochs: Passes over the training images.
        opt: A name in `OPTIMIZERS`.
        lr: Learning rate of the first epoch, > 0.
        momentum: Momentum of SGD, in [0, 1).
        lr_scheduler: A name in `SCHEDULES`; the schedule is stepped once an epoch.
        step_size: Epochs between two drops of StepLR.
        gamma: What StepLR multiplies the learning rate with, > 0.
        t_max: Epochs in which CosALR falls to 0; a longer training follows the cosine up again.
        channels: Feature maps of both convolutions.
        step_mode: "s" or "m", see `ConvSNN`.
        amp: Automatic mixed precision: autocast to bfloat16 where the device has it, else to
            float16 with a scaled loss.
        cupy: On a GPU, neurons that are snnviz's own kernels, see `snnviz.tutorial.cuda`; needs
            `step_mode` "m" and T up to 64.
        deterministic: On a GPU, the tutorial's settings of cuDNN: algorithms that add in the same
            order in each run, instead of the fastest.
        sync_bn: Batch normalization over the batches of all ranks, instead of each rank's own.
        val_split: Training images held out to choose the best epoch on; 0: it is chosen on the
            test images, as the tutorial does.
        seed: Seed of initialization, shuffling, the choice of held-out images, and augmentation.
        device: Torch device to train on.
        pooling: See `NetworkConfig`.
        tau: See `NetworkConfig`; None trains neurons that do not leak.
        decay_input: See `NetworkConfig`.
        augment_lightly: Show each image shifted by up to a pixel and, with probability 1/4, with a
            box covered, anew in each epoch; but as they are in the last 15 % of the epochs.
        label_smoothing: Share of each image's target rate that all classes get alike, in [0, 1).
        ema: What averages of the weights keep in a step, such as 0.999; the averages are then what
            is measured and kept. 0 keeps none.

    Example:
        >>> config = snnviz.TrainConfig(T=8, epochs=5, opt="Adam", lr=1e-3)
        >>> config.batch_size, config.seed
        (128, 2020)
    """

    T: int = 4
    batch_size: int = 128
    epochs: int = 64
    opt: str = "SGD"
    lr: float = 0.1
    momentum: float = 0.9
    lr_scheduler: str = "CosALR"
    step_size: int = 32
    gamma: float = 0.1
    t_max: int = 64
    channels: int = 128
    step_mode: StepMode = "s"
    amp: bool = False
    cupy: bool = False
    deterministic: bool = False
    sync_bn: bool = False
    val_split: int = 0
    seed: int = 2020
    device: str = "cpu"
    pooling: Pooling = "max"
    tau: float | None = None
    decay_input: bool = True
    augment_lightly: bool = False
    label_smoothing: float = 0.0
    ema: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values that cannot train."""
        for name in ("T", "batch_size", "epochs", "step_size", "channels"):
            check_integer(name, getattr(self, name), 1)
        check_integer("T_max", self.t_max, 1)
        check_integer("the number of held-out images", self.val_split, 0)
        check_integer("the seed", self.seed, 0)
        for name, value in (("the learning rate", self.lr), ("gamma", self.gamma)):
            if not 0 < value < float("inf"):
                raise ConfigError(f"{name} must be a number above 0, got {value}")
        if not 0 <= self.momentum < 1:
            raise ConfigError(f"momentum must be in [0, 1), got {self.momentum}")
        for name in ("label_smoothing", "ema"):
            if not 0 <= (value := getattr(self, name)) < 1:
                raise ConfigError(f"{name} must be in [0, 1), got {value}")
        for name, table in (("opt", OPTIMIZERS), ("lr_scheduler", SCHEDULES)):
            if (value := getattr(self, name)) not in table:
                raise ConfigError(f"no {name} {value!r}; choose from {', '.join(table)}")
        network = self.network(NetworkConfig.image_size)
        if self.cupy:
            check_network(self.step_mode, network)

    @property
    def run_name(self) -> str:
        """The run folder's name: as the tutorial's script names it, then what that has not."""
        schedule = {
            "CosALR": f"CosALR_{self.t_max}",
            "StepLR": f"StepLR_{self.step_size}_{self.gamma}",
        }[self.lr_scheduler]
        name = f"T_{self.T}_b_{self.batch_size}_{self.opt}_lr_{self.lr}_{schedule}"
        parts = {
            "amp": self.amp,
            "cupy": self.cupy,
            self.pooling: self.pooling != "max",
            f"tau_{self.tau}": self.tau is not None,
            "whole_input": self.tau is not None and not self.decay_input,
            "light": self.augment_lightly,
            f"smooth_{self.label_smoothing}": self.label_smoothing > 0,
            f"ema_{self.ema}": self.ema > 0,
        }
        return "_".join([name, *(part for part, present in parts.items() if present)])

    @property
    def plain_from(self) -> int:
        """The first of the last 15 % of the epochs, in which light augmentation is off."""
        return self.epochs - round(0.15 * self.epochs)

    def network(self, image_size: tuple[int, int]) -> NetworkConfig:
        """The network to train on images [H, W] of this size."""
        return NetworkConfig(
            T=self.T,
            channels=self.channels,
            image_size=image_size,
            neuron="if" if self.tau is None else "lif",
            pooling=self.pooling,
            tau=self.tau,
            decay_input=self.decay_input,
        )


# What `-opt` and `-lr_scheduler` name, as the tutorial's script builds it. A fused step is one pass
# over the weights: the same update in half the time, and in a seventh of it for Adam on a CPU.
OPTIMIZERS: dict[str, Callable[[Iterable[Parameter], TrainConfig], Optimizer]] = {
    "SGD": lambda parameters, config: SGD(
        parameters, lr=config.lr, momentum=config.momentum, fused=True
    ),
    "Adam": lambda parameters, config: Adam(parameters, lr=config.lr, fused=True),
}
SCHEDULES: dict[str, Callable[[Optimizer, TrainConfig], LRScheduler]] = {
    "StepLR": lambda optimizer, config: StepLR(optimizer, config.step_size, config.gamma),
    "CosALR": lambda optimizer, config: CosineAnnealingLR(optimizer, config.t_max),
}
