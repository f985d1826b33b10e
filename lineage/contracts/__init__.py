"""Two versions of a contract or schema compared (pure): what changed, and whom it breaks.

What is compared are facts: a version is what its feed says of it. So every format that a feed reads can be compared, without
a second parser, and the ids of what changed are those of the graph.
"""

from lineage.contracts.change import Change, Direction
from lineage.contracts.compare import compare
from lineage.contracts.version import Version, version_of

__all__ = ["Change", "Direction", "Version", "compare", "version_of"]
