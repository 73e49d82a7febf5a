"""The commands of locations, each with its needs and its rule."""

from fancymonkey.core.command import Rules
from fancymonkey.core.locations import edit

RULES: Rules = {
    edit.AddLocation: (edit.needs_location, edit.add_location),
    edit.EditLocation: (edit.needs_location, edit.edit_location),
}
