"""Settings: when paid units leave the stock, and how long a buyer's data is kept."""

from fancymonkey.settings.fields import SettingsGroup, one_of, setting, whole


class OrderSettings(SettingsGroup):
    """Orders and their buyers."""

    fulfilment: str = setting(
        "FULFILMENT",
        one_of("at_payment", "on_shipment"),
        "at_payment",
        "The time at which units leave the stock: `at_payment`, or `on_shipment`: paid units stay "
        "on hand, allocated to their order, until it ships. A change concerns later payments only.",
        shown="at_payment",
    )
    order_data_days: int = setting(
        "ORDER_DATA_DAYS",
        whole(0, 3650),
        180,
        "The number of days for which the name, email address and postal address of an order's "
        "buyer are stored, as Stripe sends them. 0 stores none.",
        shown="180",
    )
