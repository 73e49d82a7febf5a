"""Settings: stock that moves between locations."""

from fancymonkey.settings.fields import SettingsGroup, setting, whole


class StockSettings(SettingsGroup):
    """Movements of stock."""

    transfer_tolerance: int = setting(
        "TRANSFER_TOLERANCE",
        whole(0, 100),
        0,
        "The excess of a receipt of a transfer over the sent units that needs no reason, in "
        "percent of the sent units.",
        shown="0",
    )
