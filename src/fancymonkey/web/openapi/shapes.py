"""The schema of a response, derived from its example, which a test compares with the real one."""

from typing import Any

SCALARS: tuple[tuple[type, str], ...] = (
    (bool, "boolean"),
    (int, "integer"),
    (float, "number"),
    (str, "string"),
)

ANYTHING = {"from", "to"}
"""Names of values that can have any type: the old and new value of a field."""


def shape_of(sample: Any) -> dict[str, Any]:
    """A JSON schema of the example: names, and the type of each value.

    A value that is null in the sample may be anything, and a single value may always be null.
    """
    if isinstance(sample, dict):
        shape: dict[str, Any] = {
            "type": ["object", "null"],
            "properties": {
                name: {} if name in ANYTHING else shape_of(value) for name, value in sample.items()
            },
        }
        if "success" in sample:
            shape |= {"type": "object", "required": ["success"]}
        return shape
    if isinstance(sample, list):
        shapes = [shape_of(value) for value in sample]
        alike = bool(shapes) and all(shape == shapes[0] for shape in shapes)
        return {"type": ["array", "null"], "items": shapes[0] if alike else {}}
    for kind, name in SCALARS:
        if isinstance(sample, kind):
            return {"type": ["number" if name == "integer" else name, "null"]}
    return {}
