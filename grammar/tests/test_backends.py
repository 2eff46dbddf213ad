"""Both back ends know every node of the typed tree: one that is added to it is added to them."""

from __future__ import annotations

from typing import get_args

from pbx_rules import typed
from pbx_rules.backends import codegen, interpreter

NODES = set(get_args(typed.Typed))


def test_the_interpreter_has_a_closure_for_every_node() -> None:
    assert set(interpreter._INTERPRETED) == NODES


def test_the_code_generator_has_an_emitter_for_every_node() -> None:
    assert set(codegen._EMITTERS) == NODES


def test_every_class_of_the_typed_tree_that_has_a_type_is_a_node() -> None:
    classes = [each for each in vars(typed).values() if isinstance(each, type) and each.__module__ == typed.__name__]
    assert {each for each in classes if "type" in getattr(each, "__annotations__", {})} == NODES
    assert len(NODES) >= 20
