"""YAML text to plain data, with every mistake reported by line."""

from __future__ import annotations

from typing import Any

import yaml

from .errors import SiteError


def parse_yaml(text: str) -> dict[str, Any]:
    """Return the mapping that a YAML text holds.

    Raises SiteError for text that is not YAML, that is not a mapping at its top, or that gives a key twice (YAML
    itself would silently forget the first).
    """
    try:
        document = _Loader(text).get_single_data()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SiteError(f"line {line}", error.problem, "Correct the YAML there.") from None
    except yaml.YAMLError as error:
        raise SiteError("site file", str(error), "Save it as UTF-8 text.") from None
    if not isinstance(document, dict):
        raise SiteError("site file", type(document).__name__, "Begin with a section 'site:'.")
    return document


class _Loader(yaml.SafeLoader):
    """The safe loader, which refuses a key that is given twice in one mapping."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"{key.value} given twice", problem_mark=key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)
