"""What the families found of one encoding."""

from dataclasses import dataclass, field
from typing import TypeVar

from snnviz._renaming import old_attribute
from snnviz.analysis.each_image import EachImage
from snnviz.analysis.encodings import Encoding
from snnviz.display import Brief
from snnviz.metrics import (
    ActivityResult,
    ClassesResult,
    ContourResult,
    CostResult,
    ExcitingResult,
    InformationResult,
    NeuronInformationResult,
    OperatingPointResult,
    ProbeResult,
    ReceptiveFieldResult,
    Reconstruction,
    ReconstructionResult,
    RedundancyResult,
    SkeletonResult,
    SynchronyResult,
)

Result = (
    ContourResult
    | ProbeResult
    | ActivityResult
    | InformationResult
    | NeuronInformationResult
    | RedundancyResult
    | CostResult
    | ReconstructionResult
    | ClassesResult
    | Reconstruction
    | SkeletonResult
    | SynchronyResult
    | OperatingPointResult
    | ReceptiveFieldResult
    | ExcitingResult
)
FAMILIES = (
    "contours",
    "probe",
    "activity",
    "information",
    "neurons",
    "redundancy",
    "cost",
    "reconstruction",
    "classes",
    "rule",
    "skeleton",
    "synchrony",
    "operating_point",
    "receptive_field",
    "exciting",
    "whole",
)
"""The attributes of `EncodingMetrics` that are results, in the order of the tables."""
Known = TypeVar("Known")


@dataclass(frozen=True, repr=False)
class EncodingMetrics(Brief):
    """What the families found of an encoding.

    Attributes:
        encoding: The encoding.
        shape: (K, H, W) of its records.
        contours: Correlations with contours and intensity.
        probe: Accuracy of the linear probe; None where images have no labels, or where there were
            none to fit on.
        activity: How often neurons fire; None for the pixels themselves, as all that follow.
        information: Bits of a channel's first spikes, wherever in the map they come from.
        neurons: Bits of a neuron's first spike.
        redundancy: How alike the channels are.
        cost: Synaptic operations into as many kernels as the encoder under study has maps; None
            where those of the encoding itself are not known.
        reconstruction: Images read back; None where there were none to fit on.
        classes: Selectivity and the atlas of mean maps; None where images have no labels.
        rule: What reads images back, as it was fitted; None without it.
        skeleton: Which first spikes stay under noise; this and what follows is of what was trained
            and of what it began as alone, see `snnviz.analysis.profiling`.
        synchrony: How far neurons of a channel fire in the same steps.
        operating_point: Where on their f-I curve they work.
        receptive_field: What they see; None where that is not known.
        exciting: Which images make each channel spike most.
        whole: Accuracy of the linear probe on all images that probes are scored on; None without a
            probe, and where others were not looked at.
        each: What it came to for each image; None where it is measured by some families alone.
        between: Pearson's r of the strength of contours with intensity over the same pixels, NaN
            where it is not known.
        cka: Debiased linear CKA with the encoder under study, in [-1, 1], see
            `snnviz.metrics.cka`; NaN where it is not known.
    """

    encoding: Encoding
    shape: tuple[int, int, int]
    contours: ContourResult
    probe: ProbeResult | None = None
    activity: ActivityResult | None = None
    information: InformationResult | None = None
    neurons: NeuronInformationResult | None = None
    redundancy: RedundancyResult | None = None
    cost: CostResult | None = None
    reconstruction: ReconstructionResult | None = None
    classes: ClassesResult | None = None
    rule: Reconstruction | None = None
    skeleton: SkeletonResult | None = field(default=None, repr=False)
    synchrony: SynchronyResult | None = field(default=None, repr=False)
    operating_point: OperatingPointResult | None = field(default=None, repr=False)
    receptive_field: ReceptiveFieldResult | None = field(default=None, repr=False)
    exciting: ExcitingResult | None = field(default=None, repr=False)
    whole: ProbeResult | None = None
    each: EachImage | None = None
    between: float = float("nan")
    cka: float = float("nan")

    @property
    def results(self) -> "dict[str, Result]":
        """What there is of the families and the rule, by name."""
        return {name: found for name in FAMILIES if (found := getattr(self, name)) is not None}

    coder = old_attribute("coder", "encoding")
    likeness = old_attribute("likeness", "cka")


def known(result: Known | None) -> Known:
    """What is there for all encodings but the pixels, which the caller has left out."""
    assert result is not None  # noqa: S101 - says so to type checkers
    return result
