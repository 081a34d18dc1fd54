"""From a user's types to what both codecs decode and encode by.

`compile` makes the schema of a type for JSON, `shape_of` what the encoder needs of a class. `members_of` says what a class
declares, `scalar_node` what a scalar type is: they serve the XML codec too. What all of it looks like is in ``_nodes``
(the compiled side) and ``_members`` (the declared side).
"""

from forkedenc._schema._classes import is_class, members_of
from forkedenc._schema._compile import compile, shape_of
from forkedenc._schema._hints import alias_value, is_alias, is_union, is_unset, meaning, peel, refuse, type_text
from forkedenc._schema._members import ClassInfo, Member, is_rest
from forkedenc._schema._nodes import MISSING, Constraints, Field, Node, RestField, Schema, Shape
from forkedenc._schema._scalars import scalar_node

__all__ = [
    "MISSING",
    "ClassInfo",
    "Constraints",
    "Field",
    "Member",
    "Node",
    "RestField",
    "Schema",
    "Shape",
    "alias_value",
    "compile",
    "is_alias",
    "is_class",
    "is_rest",
    "is_union",
    "is_unset",
    "meaning",
    "members_of",
    "peel",
    "refuse",
    "scalar_node",
    "shape_of",
    "type_text",
]
