"""What a network takes images for, found while something else is done with them."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace

from snnviz.batching import batches
from snnviz.data import Sample
from snnviz.scoring.classifier import Classifier
from snnviz.scoring.evaluation import Answers

# Images a pass, where the network's spikes are not counted.
_BATCH = 128


def predicted_beside(
    net: Classifier, samples: Sequence[Sample], *, threads: int = 1
) -> Callable[[], list[Sample]]:
    """What waits for the samples with what `net` takes each for, see `with_predictions`.

    A thread looks at them from now on. What is compiled runs beside Python, so that one processor
    predicts while another draws.

    Args:
        net: A whole network, which nobody else uses before the answers are there.
        samples: Images of the size that the network takes.
        threads: How many of them. As many as draw meanwhile: who is done first leaves them the
            processors.
    """
    found: list[int] = []
    failures: list[BaseException] = []
    said: list[Answers] = []

    def look() -> None:
        try:
            answers = Answers(net, len(samples), threads=threads)
            said.append(answers)
            for some in batches(len(samples), max(_BATCH, answers.batch)):
                found.extend(answers.of(samples[some]))
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            failures.append(error)

    # A daemon, since who is interrupted does not wait for answers.
    thread = threading.Thread(target=look, daemon=True)
    thread.start()

    def wait() -> list[Sample]:
        thread.join()
        for error in failures:
            raise error
        for answers in said:
            answers.warn()
        return [
            replace(sample, predicted=predicted)
            for sample, predicted in zip(samples, found, strict=True)
        ]

    return wait
