"""The columns of a scorecard: which encodings share one, and what stands in it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from snnviz.analysis.results import EncodingMetrics
from snnviz.analysis.score_values import defined_mean
from snnviz.analysis.scorecard import Score

if TYPE_CHECKING:
    from snnviz.analysis.analyzing import Analysis


def grouped(analysis: "Analysis") -> dict[str, list[EncodingMetrics]]:
    """The encodings by the columns they go into: all untrained ones into one.

    Others that are measured by some families alone have no column; `snnviz.analysis.sections` has
    what they are for.
    """
    untrained = [m for m in analysis.measured if m.encoding.kind == "untrained"]
    groups: dict[str, list[EncodingMetrics]] = {}
    for measured in analysis.measured:
        if measured.encoding.kind != "untrained":
            if measured.encoding.families is None:
                groups[measured.encoding.name] = [measured]
        elif measured is untrained[0]:
            groups[_untrained_name(len(untrained))] = untrained
    return groups


def _untrained_name(count: int) -> str:
    return f"untrained ({count} seeds)" if count > 1 else "untrained (1 seed)"


def steps_of(score: Score, analysis: "Analysis") -> str:
    """Of which steps the encoder's number is, such as "0-7"; "" for what is of none.

    Of other encodings it is the same, but for those whose T is another.
    """
    encoding = analysis.studied.encoding
    last = {
        "all": encoding.T - 1,
        "first": 0,
        "last": encoding.t,
        "cost": (analysis.cost_steps or encoding.T) - 1,
    }
    if score.steps not in last:
        return ""
    end = last[score.steps]
    return str(end) if score.steps in ("first", "last") or not end else f"0-{end}"


def written(score: Score, group: Sequence[EncodingMetrics]) -> str:
    """The number for a column, "mean ± standard deviation" where it stands for several.

    Encoders for which it is not defined are left out; "-" where there are no others.
    """
    values = np.array([score.of(measured) for measured in group])
    values = values[~np.isnan(values)]
    if not len(values):
        return "-"
    mean = format(values.mean(), score.form)
    if len(values) == 1:
        return mean
    return f"{mean} ± {format(values.std(ddof=1), score.form.replace('+', ''))}"


def mean_score(score: Score, group: Sequence[EncodingMetrics]) -> float:
    """The mean that `written` writes; NaN where it writes none."""
    return defined_mean(np.array([score.of(measured) for measured in group]))
