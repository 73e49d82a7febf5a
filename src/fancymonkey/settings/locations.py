"""Settings: how an order is spread over several locations."""

from fancymonkey.settings.fields import SettingsGroup, setting, switch, whole


class LocationSettings(SettingsGroup):
    """The limits of routing. The owner chooses the order of its rules in the dashboard."""

    split_lines: bool = setting(
        "SPLIT_LINES",
        switch,
        True,
        "Whether a line that no single location has whole may come from several. If `off`, buyers "
        "see the available units of the best single location.",
        shown="on",
    )
    max_parcels: int | None = setting(
        "MAX_PARCELS",
        whole(1, 100),
        None,
        "The number of locations from which one order may be shipped. If unset, there is no limit.",
        shown="no limit",
    )
