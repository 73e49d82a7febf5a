"""A planted bug: an edit of one function, and the tests that have to catch it."""

from dataclasses import dataclass

from tests.sim.mutants import Edit


@dataclass(frozen=True)
class Planted:
    """With the edit in place the test, or one of several, must fail."""

    layer: str
    name: str
    edit: Edit
    test: str

    @property
    def slow(self) -> bool:
        """Whether its test needs a database or real time."""
        return self.layer in ("postgres", "jobs", "migrate")


def bug(layer: str, name: str, where: str, old: str, new: str, test: str) -> Planted:
    """A row of the table: a name in a module of the package, and the tests that may catch it."""
    return Planted(layer, name, Edit(f"fancymonkey.{where}", old, new), f"tests/{test}")
