"""What changes while a network learns: its weights, the optimizer and the schedule."""

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from snnviz.batching import batches
from snnviz.device import autocast_type
from snnviz.errors import CheckpointError, TrainingError
from snnviz.ranks import Ranks
from snnviz.scoring.evaluation import mean_squared_error, scale_images
from snnviz.scoring.progress import Progress
from snnviz.tutorial.acceleration import FastNetwork, accelerate, counting
from snnviz.tutorial.cuda import fuse
from snnviz.tutorial.layouts import TrainingState
from snnviz.tutorial.network import ConvSNN, build_network
from snnviz.tutorial.training.augmentation import Views
from snnviz.tutorial.training.averaging import BATCHES, Averages, statistics_anew
from snnviz.tutorial.training.config import OPTIMIZERS, SCHEDULES, TrainConfig
from snnviz.tutorial.training.synchronization import synchronize_batch_norm

# A rate that was kept as a float of 32 bits is another number than the one it stands for.
_PRECISION = 1e-6


def _agree(saved: object, value: Any) -> bool:
    """Whether a saved setting is `value`, but for the rounding of a shorter float."""
    if isinstance(saved, (int, float)) and isinstance(value, (int, float)):
        return math.isclose(saved, value, rel_tol=_PRECISION)
    return bool(saved == value)


class Learner:
    """A network that learns, an epoch at a time.

    Args:
        config: How it learns.
        image_size: Height and width of the images, in pixels.
        ranks: The processes that learn together; each keeps the same weights.
        images: How many images an epoch has.

    Attributes:
        net: The network.
        fused: What computes it on the kernels of `cupy`; None without.
        measured: What gives its rates in evaluation fastest; None where the network itself knows.
    """

    def __init__(
        self, config: TrainConfig, image_size: tuple[int, int], ranks: Ranks, images: int
    ) -> None:
        self.config = config
        self.ranks = ranks
        device = torch.device(config.device)
        self.net: ConvSNN = build_network(
            config.network(image_size), step_mode=config.step_mode, seed=config.seed
        )
        if config.sync_bn and ranks.world > 1:
            synchronize_batch_norm(self.net)
        self.net.to(device).to(memory_format=torch.channels_last)
        self._optimizer = OPTIMIZERS[config.opt](self.net.parameters(), config)
        self._schedule = SCHEDULES[config.lr_scheduler](self._optimizer, config)
        self._autocast = autocast_type(device)
        self._mixed = config.amp and self._autocast is not torch.float32
        if config.amp and not self._mixed:
            warnings.warn("this processor has no bfloat16: products are float32", stacklevel=1)
        self._scaler = torch.amp.GradScaler(
            device.type, enabled=self._mixed and self._autocast is torch.float16
        )
        if self._scaler.is_enabled():
            self._begin_momentum()
        self._averages = Averages(self.net, config.ema) if config.ema else None
        self.fused = fuse(self.net) if config.cupy else None
        self._model: nn.Module = self.fused or accelerate(self.net, images, amp=self._mixed)
        self.measured = self._measured()
        if ranks.world > 1:
            parallel = DistributedDataParallel(self._model)
            # Running statistics play no part while the network learns; `learn` shares them once.
            # Set here, since torch is about to give the parameter another name.
            parallel.broadcast_buffers = False
            self._model = parallel

    def _measured(self) -> Callable[[Tensor], Tensor] | None:
        if isinstance(self._model, FastNetwork) and not counting.takes(self.net):
            return self._model.rates
        return self.fused

    def _begin_momentum(self) -> None:
        """Give SGD's momentum its start, for the case that the scaler skips the first step.

        A fused step that is skipped leaves memory there that nobody has written, and the next one
        takes it for a sum of gradients.
        """
        if self.config.opt == "SGD" and self.config.momentum:
            for parameter in self.net.parameters():
                self._optimizer.state[parameter]["momentum_buffer"] = torch.zeros_like(parameter)

    def load(self, saved: TrainingState) -> None:
        """Go on from `saved`.

        Raises:
            CheckpointError: It is the state of another network or of another optimizer.
        """
        path = saved.checkpoint.path
        config = saved.checkpoint.config
        if saved.checkpoint.recorded_T is None:
            config = replace(config, T=self.config.T)
        if config != self.net.config:
            raise CheckpointError(
                f"{path}: holds a network of {config}, the training is of {self.net.config}; "
                "resume with the options that it was begun with"
            )
        self._check_settings(saved)
        self.net.load_state_dict(saved.checkpoint.state)
        self._load_averages(saved)
        try:
            self._optimizer.load_state_dict(saved.optimizer)
            self._schedule.load_state_dict(saved.lr_scheduler)
            if saved.scaler:
                self._scaler.load_state_dict(saved.scaler)
        except (ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
            raise CheckpointError(
                f"{path}: its optimizer state does not fit the network ({error}); resume from a "
                "checkpoint of this very run"
            ) from error
        for parameter, values in self._optimizer.state.items():
            for name, value in values.items():
                if name == "step" or value is None:
                    continue
                if not isinstance(value, Tensor) or value.shape != parameter.shape:
                    shape = list(value.shape) if isinstance(value, Tensor) else "no tensor"
                    raise CheckpointError(
                        f"{path}: {name} of its optimizer is {shape}, expected "
                        f"{list(parameter.shape)}; resume from a checkpoint of this very run"
                    )
        self._fit_optimizer_state()

    def _load_averages(self, saved: TrainingState) -> None:
        if self._averages is not None:
            self._averages.load(saved.averaging, saved.checkpoint.path)
        elif saved.averaging:
            raise CheckpointError(
                f"{saved.checkpoint.path}: holds averaged weights, and the training keeps none; "
                "resume with the options that it was begun with"
            )

    def _fit_optimizer_state(self) -> None:
        """Bring what was loaded to where a fused step looks for it.

        It goes through memory in the order in which the parameter lies there, and trusts that its
        state lies in the same; a file can say otherwise, and that the step was not fused.
        """
        for group in self._optimizer.param_groups:
            group.update(fused=True, foreach=None)
        for parameter, values in self._optimizer.state.items():
            for name, value in values.items():
                if name == "step":
                    values[name] = torch.as_tensor(value, dtype=torch.float32).to(parameter.device)
                elif value is not None:
                    values[name] = torch.empty_like(parameter).copy_(value)

    def _check_settings(self, saved: TrainingState) -> None:
        """Refuse the state of another optimizer or schedule, which torch would take in part."""
        group = (saved.optimizer.get("param_groups") or [{}])[0]
        mine = self._optimizer.param_groups[0]
        expected: dict[str, dict[str, Any]] = {
            "SGD": {"initial_lr": self.config.lr, "momentum": self.config.momentum},
            "Adam": {"initial_lr": self.config.lr, "betas": list(mine.get("betas", ()))},
            "CosALR": {"T_max": self.config.t_max},
            "StepLR": {"step_size": self.config.step_size, "gamma": self.config.gamma},
        }
        for name, found in (
            (self.config.opt, group),
            (self.config.lr_scheduler, saved.lr_scheduler),
        ):
            for key, value in expected[name].items():
                if key not in found or not _agree(found[key], value):
                    raise CheckpointError(
                        f"{saved.checkpoint.path}: its state is not that of {name} with {key} "
                        f"{value} ({found.get(key, 'none')} there); resume with the options that "
                        "it was begun with"
                    )

    def state(self) -> dict[str, Any]:
        """What `load` takes; the tensors are the live ones and change with the next epoch.

        The network is that of the averaged weights, where there are some.
        """
        return {
            "net": self.net.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "lr_scheduler": self._schedule.state_dict(),
            "scaler": self._scaler.state_dict(),
            **({} if self._averages is None else {"averaging": self._averages.state()}),
        }

    def learn(
        self,
        images: Tensor,
        labels: Tensor,
        order: Tensor,
        progress: Progress | None,
        views: Views | None = None,
    ) -> tuple[float, float]:
        """Mean loss and accuracy of one pass over `images` in `order`, whole batches only.

        Args:
            images: All training images, bytes [N, H, W].
            labels: Their classes, [N].
            order: Indices into them, [N].
            progress: Called as `progress("train", done, total)`, in images.
            views: How each image is seen; None shows them as they are.

        Raises:
            TrainingError: The weights are no finite numbers any more.
        """
        if self._averages is not None:
            self._averages.hide()
        self._model.train()
        size = self.config.batch_size
        whole_batches = len(order) // size * size
        loss_sum = torch.zeros((), dtype=torch.float64, device=images.device)
        correct = torch.zeros((), dtype=torch.int64, device=images.device)
        for batch in batches(whole_batches, size):
            chosen = self.ranks.share(order[batch])
            label = labels[chosen]
            image = scale_images(images[chosen] if views is None else views.of(images, chosen))
            with torch.autocast(image.device.type, self._autocast, enabled=self._mixed):
                rate = self._model(image)
            loss = mean_squared_error(rate.float(), label, self.config.label_smoothing)
            self._optimizer.zero_grad()
            self._scaler.scale(loss).backward()
            self._scaler.step(self._optimizer)
            self._scaler.update()
            if self._averages is not None:
                self._averages.step()
            loss_sum += loss.detach() * len(label)
            correct += (rate.argmax(1) == label).sum()
            if progress is not None:
                progress("train", batch.stop, whole_batches)
        self._schedule.step()
        self._share_buffers()
        losses, hits = zip(*self.ranks.gather([(float(loss_sum), int(correct))]), strict=True)
        mean_loss = math.fsum(losses) / whole_batches
        self._check_finite(mean_loss)
        if self._averages is not None:
            self._averages.show()
            self._normalize(images, order[:whole_batches])
        return mean_loss, sum(hits) / whole_batches

    @torch.no_grad()
    def _normalize(self, images: Tensor, order: Tensor) -> None:
        """Take BatchNorm's statistics anew, from the first images of an epoch as they are."""
        size = self.config.batch_size
        with statistics_anew(self.net):
            for batch in batches(min(len(order), BATCHES * size), size):
                image = scale_images(images[self.ranks.share(order[batch])])
                with torch.autocast(image.device.type, self._autocast, enabled=self._mixed):
                    self._model(image)
        self._share_buffers()

    def _share_buffers(self) -> None:
        """Give every rank the first one's running statistics, which the checkpoint holds."""
        if self.ranks.world > 1:
            for buffer in self.net.buffers():
                torch.distributed.broadcast(buffer, src=0)

    def _check_finite(self, loss: float) -> None:
        # The loss alone does not tell: a potential that is no number never reaches the threshold,
        # so that the network is silent and its loss finite.
        norms = torch.stack([parameter.detach().norm() for parameter in self.net.parameters()])
        if not (math.isfinite(loss) and norms.isfinite().all()):
            raise TrainingError(
                f"the weights are no finite numbers any more (training loss {loss:.4g}) with a "
                f"learning rate of {self.config.lr}; choose a smaller one"
            )
