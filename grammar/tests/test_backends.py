"""Both back ends know every node of the typed tree: one that is added to it is added to them."""

from __future__ import annotations

import gc
from typing import get_args

from pbx_rules import typed
from pbx_rules.backends import choice, codegen, interpreter
from pbx_rules.collector import without_collector
from test_hostile import program

NODES = set(get_args(typed.Typed))


def test_the_interpreter_has_a_closure_for_every_node() -> None:
    assert set(interpreter._INTERPRETED) == NODES


def test_the_code_generator_has_an_emitter_for_every_node() -> None:
    assert set(codegen._EMITTERS) == NODES


def test_every_class_of_the_typed_tree_that_has_a_type_is_a_node() -> None:
    classes = [each for each in vars(typed).values() if isinstance(each, type) and each.__module__ == typed.__name__]
    assert {each for each in classes if "type" in getattr(each, "__annotations__", {})} == NODES
    assert len(NODES) >= 20


def is_compiled(rules: str) -> bool:
    run = choice.build(program(rules).rules)
    assert run({"T": "ann", "L": ["a"]}).records
    return bool(run.__code__.co_filename == "<rules>")


def test_a_huge_program_is_not_compiled_unless_it_loops() -> None:
    small = "\n".join(f'A{number} = [T] & "{number}" & [T]' for number in range(100)) + "\nA = [T]"
    large = "\n".join(f'A{number} = [T] & "{number}" & [T]' for number in range(4_900)) + "\nA = [T]"
    assert is_compiled(small)
    assert not is_compiled(large)
    assert is_compiled(large.replace("A = [T]", "A = first(each x in [L] give x)"))


def test_the_collector_rests_until_the_last_who_asked_for_it_is_done() -> None:
    first, last = without_collector(), without_collector()
    first.__enter__()
    last.__enter__()
    first.__exit__(None, None, None)
    assert not gc.isenabled()
    last.__exit__(None, None, None)
    assert gc.isenabled()


def test_the_collector_rests_while_a_program_is_made_and_goes_on_afterwards() -> None:
    made = program("A = [T]")
    gc.collect()
    before = gc.get_stats()[0]["collections"]
    choice.build(program("\n".join(f"A{number} = upper([T])" for number in range(2_000)) + "\nA = [T]").rules)
    assert gc.get_stats()[0]["collections"] - before < 20
    assert gc.isenabled()
    assert made.run({"T": "x"}).records
