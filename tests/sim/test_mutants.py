"""The simulation finds every planted bug."""

import hypothesis
import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.core.test_model_machine import ModelMachine
from tests.sim.mutants import MUTANTS, Mutant
from tests.sim.run import Violation, run, seeds

SEEDS = 40
ROUNDS = 8
"""The examples of Hypothesis depend on the loaded modules: a single round may find nothing."""


def names(mutants: list[Mutant]) -> list[str]:
    return [mutant.name for mutant in mutants]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=names(MUTANTS))
def test_the_simulation_finds_it(mutant: Mutant) -> None:
    with mutant.planted():
        for seed in range(SEEDS):
            try:
                run(seed)
            except Violation:
                return
    pytest.fail(f"{SEEDS} seeds did not notice: {mutant.name}")


def test_without_a_planted_bug_the_same_seeds_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """tests/sim/test_simulation.py runs them; here some run after the bugs were planted."""
    for name in ("SIM_START", "SIM_SEEDS"):
        monkeypatch.delenv(name, raising=False)
    assert set(range(SEEDS)) <= set(seeds())
    for seed in range(0, SEEDS, 10):
        run(seed)


SEEN_BY_MACHINE = [mutant for mutant in MUTANTS if mutant.core]


@pytest.mark.slow
@pytest.mark.parametrize("mutant", SEEN_BY_MACHINE, ids=names(SEEN_BY_MACHINE))
def test_the_state_machine_finds_it(mutant: Mutant) -> None:
    settings = hypothesis.settings(
        max_examples=600,
        stateful_step_count=40,
        deadline=None,
        database=None,
        derandomize=False,
        phases=(hypothesis.Phase.generate,),
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    with mutant.planted():
        for _ in range(ROUNDS):
            try:
                run_state_machine_as_test(ModelMachine, settings=settings)
            except AssertionError:
                return
    pytest.fail(f"the state machine did not notice: {mutant.name}")
