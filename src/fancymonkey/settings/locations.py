"""Settings: how an order is spread over several locations."""

from fancymonkey.settings.fields import SettingsGroup, setting, switch, whole


class LocationSettings(SettingsGroup):
    """The limits of routing. The owner chooses the order of its rules in the dashboard."""

    split_lines: bool = setting(
        "SPLIT_LINES",
        switch,
        True,
        "Whether a line that no single location has whole may come from several. Off: buyers see "
        "as available what the best single location has.",
        shown="on",
    )
    max_parcels: int | None = setting(
        "MAX_PARCELS",
        whole(1, 100),
        None,
        "From how many locations one order may come. If unset, there is no limit.",
        shown="no limit",
    )
