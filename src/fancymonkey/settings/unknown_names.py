"""Finds environment variables that are nearly settings: a misspelt one has no effect.

The environment has many variables of other programs, so a similar name is reported and does not
stop the start.
"""

from collections.abc import Collection, Mapping

from fancymonkey.settings.fields import Variable
from fancymonkey.spelling import edit_distance

PROGRAM = "FANCYMONKEY_"
"""A prefix that no setting has."""

SHORT = 6
"""Names up to this length count as a misspelt setting only with the same letters."""
LONG = 10
"""From this length on two letters may be wrong; in others one."""


def nearly_settings(values: Mapping[str, str], declared: Collection[Variable]) -> tuple[str, ...]:
    """A sentence about each variable that is nearly a setting. It never has the value.

    A setting that is set under its own name ends the sentence about similar names.
    """
    names = {variable.name for variable in declared}
    files = {f"{variable.name}_FILE" for variable in declared if variable.secret}
    known = names | files
    unset = {name: _forms(name) for name in sorted(known) if not values.get(name, "").strip()}
    sentences = []
    for name in sorted(values.keys() - known):
        if not values[name].strip():
            continue
        if name.removesuffix("_FILE") in names:
            sentences.append(
                f"{name} has no effect: {name.removesuffix('_FILE')} is not a secret, and only "
                f"secrets are read from a file."
            )
            continue
        meant = _meant(name, values[name], unset)
        if meant is not None:
            sentences.append(f"{name} is not a setting and has no effect. Did you mean {meant}?")
    return tuple(sentences)


def _meant(name: str, text: str, unset: Mapping[str, Collection[str]]) -> str | None:
    """The setting that a variable is probably meant for, or None."""
    own = name.removeprefix(PROGRAM)
    if own != name:
        # Kubernetes sets such variables to addresses, for a service with the program's name.
        return own if own in unset and "://" not in text else None
    plain = _plain(name)
    most = _most(plain)
    near = [
        (edit_distance(plain, form, most), known)
        for known, forms in unset.items()
        for form in forms
        if abs(len(form) - len(plain)) <= most
    ]
    distance, nearest = min(near, default=(most + 1, None))
    if nearest is not None and distance <= most:
        return nearest
    longer = [
        known
        for known in unset
        if "_" in name and known.startswith(f"{name}_") and not known.endswith("_FILE")
    ]
    return longer[0] if len(longer) == 1 else None


def _most(plain: str) -> int:
    if len(plain) <= SHORT:
        return 0
    return 2 if len(plain) >= LONG else 1


def _forms(name: str) -> Collection[str]:
    """The letters of a name, in the singular and the plural."""
    plain = _plain(name)
    return {plain, _plain(name[:-3]) + "y"} if name.endswith("IES") else {plain}


def _plain(name: str) -> str:
    return name.casefold().replace("_", "").replace("-", "")
