"""The YAML reader behind ``formats.yaml_documents``."""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.composer import Composer

_MAX_MERGED_KEYS = 10_000

if yaml.__with_libyaml__:

    class _SafeLoader(Composer, yaml.CSafeLoader):
        """libyaml's scanner, five times faster, with PyYAML's own composer.

        The composer in C recurses without a limit, and takes the process down on a document that is nested deeply enough.
        """

        def __init__(self, stream: str | bytes) -> None:
            yaml.CSafeLoader.__init__(self, stream)
            Composer.__init__(self)

else:
    _SafeLoader = yaml.SafeLoader  # type: ignore[assignment,misc]


class YamlLoader(_SafeLoader):
    """PyYAML's safe loader, reading scalars as YAML 1.2 does (core schema, section 10.3) where YAML 1.1 surprises.

    ``no``, ``off`` and ``y`` are words. Dates stay text, so that one bad date spoils its row and not the file; ``12:30`` and
    ``0123`` stay text. A key given twice in one mapping is an error (YAML 1.2, section 3.2.1.3) because the first value would
    vanish silently.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                if key.value in seen:
                    raise yaml.constructor.ConstructorError(
                        "while constructing a mapping", node.start_mark, f"the key {key.value!r} is given twice", key.start_mark
                    )
                seen.add(key.value)
        return super().construct_mapping(node, deep)

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        # Nested merge keys multiply at every level; aliases alone cost nothing because they are shared references.
        super().flatten_mapping(node)
        if len(node.value) > _MAX_MERGED_KEYS:
            raise yaml.constructor.ConstructorError(None, None, "merge keys expand without end", node.start_mark)


YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in rows if tag.rpartition(":")[2] not in {"timestamp", "int", "float", "bool"}]
    for first, rows in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
YamlLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
YamlLoader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"[-+]?(?:0|[1-9][0-9]*)$"), list("-+0123456789"))
YamlLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+]?[0-9]+)?$"), list("-+0123456789")
)
