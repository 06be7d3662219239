"""Put the encoder of a run into the package, with its provenance beside it.

    python tools/bundle_encoder.py RUN/checkpoint_max.pth --command "snnviz train ..."

Writes snnviz/assets/encoder.pth (static_conv and what rebuilds it, nothing else) and
snnviz/assets/provenance.json, and prints the latter.
"""

import json
import platform
from pathlib import Path

import click
import torch

from snnviz import __version__
from snnviz.tutorial.encoder import bundled
from snnviz.tutorial.layouts import encoder_checkpoint, load_checkpoint, save_checkpoint
from snnviz.tutorial.runs import LATEST


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, path_type=Path))
@click.option("--command", required=True, help="The command that trained it.")
def main(checkpoint: Path, command: str) -> None:
    """Bundle the encoder of CHECKPOINT."""
    source = load_checkpoint(checkpoint)
    # Our own file, already read once by the safe reader; `training` is for people only.
    training = torch.load(checkpoint, weights_only=True)["training"]
    save_checkpoint(
        encoder_checkpoint(
            source.state,
            source.config.as_dict(),
            epoch=source.epoch,
            max_test_acc=source.max_test_acc,
            training={"seed": source.seed},
        ),
        bundled(),
    )
    provenance = {
        "command": command,
        "best_epoch": source.epoch,
        "epochs": training["epochs"],
        "epochs_trained": _epochs_trained(checkpoint),
        "test_accuracy": source.max_test_acc,
        "train_set": training["train_set"],
        "train_images": training["train_images"],
        "test_images": training["test_images"],
        "T": source.config.T,
        "channels": source.config.channels,
        "seed": training["seed"],
        "checkpoint_sha256": source.sha256,
        "encoder_sha256": load_checkpoint(bundled()).sha256,
        "snnviz": __version__,
        "torch": torch.__version__,
        "machine": f"{platform.machine()}, {training['device']}",
        "note": "Best epoch chosen on the test images, as in the tutorial, which flatters.",
    }
    text = json.dumps(provenance, indent=1) + "\n"
    (bundled().parent / "provenance.json").write_text(text, encoding="utf-8", newline="\n")
    click.echo(text, nl=False)


def _epochs_trained(checkpoint: Path) -> int | None:
    """How many epochs the run has behind it, which may have been stopped before its last."""
    latest = load_checkpoint(checkpoint.parent / LATEST).epoch
    return None if latest is None else latest + 1


if __name__ == "__main__":
    main()
