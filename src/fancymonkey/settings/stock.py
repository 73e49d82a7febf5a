"""Settings: stock that moves between locations."""

from fancymonkey.settings.fields import SettingsGroup, setting, whole


class StockSettings(SettingsGroup):
    """Movements of stock."""

    transfer_tolerance: int = setting(
        "TRANSFER_TOLERANCE",
        whole(0, 100),
        0,
        "How many more units than were sent a receipt of a transfer may have without a reason, in "
        "percent of the units sent.",
        shown="0",
    )
