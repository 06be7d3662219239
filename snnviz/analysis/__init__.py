"""How good is an encoder? All metrics of it and of what it is compared with, and their tables."""

from snnviz._renaming import old_names
from snnviz.analysis.analyzing import Analysis, analyze
from snnviz.analysis.computing import EncodingMetrics
from snnviz.analysis.encodings import Encoding, encoding_of, pixel_encodings
from snnviz.analysis.folder import ANALYSIS, write_analysis
from snnviz.analysis.scorecard import SCORES, Score
from snnviz.analysis.tables import write_tables
from snnviz.analysis.text import scorecard_markdown, scorecard_text
from snnviz.analysis.within import InNetwork

__all__ = [
    "ANALYSIS",
    "SCORES",
    "Analysis",
    "Encoding",
    "EncodingMetrics",
    "InNetwork",
    "Score",
    "analyze",
    "encoding_of",
    "pixel_encodings",
    "scorecard_markdown",
    "scorecard_text",
    "write_analysis",
    "write_tables",
]

# Old to new: the old ones work for one version, with a warning.
__getattr__ = old_names(
    __name__,
    {
        "Coder": "Encoding",
        "Measured": "EncodingMetrics",
        "encoder_coder": "encoding_of",
        "pixel_coders": "pixel_encodings",
    },
)
