"""A profile file as a tree of texts with exact places: the first step of everything that reads a profile.

`reader` turns YAML into `nodes`; `places` knows where each character of a value stands in the file.
"""

from pbx_rules.document.nodes import Document, Mapping, Node, Scalar, Sequence, verbatim
from pbx_rules.document.reader import load

__all__ = ["Document", "Mapping", "Node", "Scalar", "Sequence", "load", "verbatim"]
