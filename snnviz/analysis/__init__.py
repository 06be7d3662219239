"""How good is an encoder? All metrics of it and of what it is compared with, and their tables."""

from snnviz._renaming import old_names
from snnviz.analysis.analyzing import Analysis, analyze
from snnviz.analysis.carding import Entrant
from snnviz.analysis.cards import LEAGUE_SCORES, Card
from snnviz.analysis.encodings import Encoding, encoding_of, pixel_encodings
from snnviz.analysis.folder import ANALYSIS, write_analysis
from snnviz.analysis.ranking import League, league
from snnviz.analysis.ranking_folder import LEAGUE, write_league
from snnviz.analysis.ranking_text import league_markdown, league_text
from snnviz.analysis.results import EncodingMetrics
from snnviz.analysis.scorecard import SCORES, Score
from snnviz.analysis.tables import write_tables
from snnviz.analysis.text import scorecard_markdown, scorecard_text
from snnviz.analysis.within import InNetwork

__all__ = [
    "ANALYSIS",
    "LEAGUE",
    "LEAGUE_SCORES",
    "SCORES",
    "Analysis",
    "Card",
    "Encoding",
    "EncodingMetrics",
    "Entrant",
    "InNetwork",
    "League",
    "Score",
    "analyze",
    "encoding_of",
    "league",
    "league_markdown",
    "league_text",
    "pixel_encodings",
    "scorecard_markdown",
    "scorecard_text",
    "write_analysis",
    "write_league",
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
