"""What the options of a command say of a network, and of the images that it is run on."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from snnviz.cli.network_options import check_model_options
from snnviz.cli.options import stated_size

if TYPE_CHECKING:
    from snnviz.cli.subjects import Model
    from snnviz.data import ImageSet, Split


@dataclass(frozen=True, eq=False)
class Asked:
    """A network and images, as `network_options` and their kin name them.

    Attributes:
        ckpt: `--ckpt`.
        model: `--model`.
        mean: `--mean`.
        std: `--std`.
        split: `--split`.
        dataset: `--dataset`.
        size: `--size`.
        data_dir: `--data-dir`.
        T: `-T`.
        neuron: `--neuron`.
        v_threshold: `--v-threshold`.
        v_reset: `--v-reset`.
        tau: `--tau`.
        device: `--device`.
        quiet: `--quiet`.
    """

    ckpt: Path | None
    model: str | None
    mean: tuple[float, ...] | None
    std: tuple[float, ...] | None
    split: "Split"
    dataset: str
    size: tuple[int, int] | None
    data_dir: Path
    T: int | None
    neuron: str | None
    v_threshold: float | None
    v_reset: tuple[float | None, ...]
    tau: float | None
    device: str | None
    quiet: bool

    @property
    def stated(self) -> dict[str, Any]:
        """The neurons of a checkpoint that does not say, by the options' names."""
        return {
            "neuron": self.neuron,
            "v_threshold": self.v_threshold,
            "v_reset": self.v_reset,
            "tau": self.tau,
        }

    def check(self) -> None:
        """Raise where options contradict `--model`, or need it."""
        check_model_options(self.model, self.mean, self.std, **self.stated)

    def open_model(self, device: str) -> "Model":
        """The network that `--model` names."""
        from snnviz.cli.subjects import open_model

        assert self.model is not None  # noqa: S101 - who calls this has looked
        return open_model(
            self.model,
            self.ckpt,
            device,
            T=self.T,
            mean=self.mean,
            std=self.std,
            quiet=self.quiet,
        )

    def images(self, channels: int, count: int | None = None) -> "ImageSet":
        """So many images, the first ones, or all of them, in so many channels."""
        from snnviz.data import load_dataset

        return load_dataset(
            self.dataset, self.split, self.data_dir, count=count, channels=channels, size=self.size
        )

    def images_or(self, most: int, channels: int, count: int | None) -> "ImageSet":
        """So many images; at most `most` of them where nobody says how many."""
        images = self.images(channels, count)
        return images if count else images.head(min(most, len(images)))

    def about(self, images: "ImageSet") -> dict[str, Any]:
        """What the JSON says of where the images are from."""
        return {"dataset": images.name, "split": self.split, **stated_size(self.size)}
