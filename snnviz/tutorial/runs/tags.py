"""The names by which scripts log accuracy and loss."""

import re
from collections.abc import Iterable

TAGS = ("train_loss", "train_acc", "val_loss", "val_acc", "test_loss", "test_acc")
# Words in tags and folders, and what they stand for.
_SPLITS = {
    "train": "train", "training": "train", "tr": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip
_MEASURES = {
    "acc": "acc", "accuracy": "acc", "accuracies": "acc", "acc1": "acc", "top1": "acc",
    "loss": "loss", "losses": "loss",
}  # fmt: skip
# What says no more than how the number was averaged: the later in this order, the worse.
_MEANS = ("epoch", "avg", "mean", "average", "total", "step", "batch", "iter")
_SINGLE = {"step", "batch", "iter"}


def split_of(name: str) -> str | None:
    """What the folder `name` is for, "train", "val" or "test"; None where that is no such name."""
    return _SPLITS.get(name.lower())


def spelled(tag: str) -> str | None:
    """The one of `TAGS` that `tag` is another spelling of, None where it is none.

    Such as `test_accuracy`, `Accuracy/test`, `val/acc`, `train_loss_epoch`, `Test Acc@1`.
    """
    words = _words(tag)
    splits = {_SPLITS[word] for word in words if word in _SPLITS}
    measures = {_MEASURES[word] for word in words if word in _MEASURES}
    others = [w for w in words if w not in _SPLITS and w not in _MEASURES and w not in _MEANS]
    if len(splits) != 1 or len(measures) != 1 or others:
        return None
    return f"{splits.pop()}_{measures.pop()}"


def has_split(tag: str) -> bool:
    """Whether a tag says of which images it is."""
    return any(word in _SPLITS for word in _words(tag))


def of_single_batches(tag: str) -> bool:
    """Whether a tag says that it is of single batches."""
    return bool(_SINGLE & set(_words(tag)))


def choose_tags(tags: Iterable[str]) -> tuple[dict[str, str], dict[str, list[str]]]:
    """For each of `TAGS` the best spelling among `tags`, and the others that were left out.

    Its own name comes first, then what is spelled otherwise, then what is said to be of an epoch,
    averaged or of a batch.
    """
    chosen: dict[str, str] = {}
    left_out: dict[str, list[str]] = {}
    for tag in sorted(tags, key=_rank):
        name = spelled(tag)
        if name is None:
            continue
        if name not in chosen:
            chosen[name] = tag
        elif not of_single_batches(tag):
            left_out.setdefault(name, []).append(tag)
    return {name: chosen[name] for name in TAGS if name in chosen}, left_out


def _rank(tag: str) -> tuple[bool, int, str]:
    worst = max((_MEANS.index(word) + 1 for word in _words(tag) if word in _MEANS), default=0)
    return tag not in TAGS, worst, tag


def _words(tag: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", tag)  # trainLoss
    return re.findall(r"[a-z]+\d*", apart.lower().replace("@", "")) if tag.isascii() else [tag]
