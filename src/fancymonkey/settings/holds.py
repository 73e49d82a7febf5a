"""Settings: how long a hold lives, and limits on unpaid holds."""

from fancymonkey.settings.fields import TTL_MAX, SettingsGroup, setting, whole


class HoldSettings(SettingsGroup):
    """Holds. A limit of 0 is off, and RATE_LIMIT=off switches all of them off."""

    reservation_ttl_seconds: int = setting(
        "RESERVATION_TTL_SECONDS",
        whole(1, TTL_MAX),
        1800,
        "The duration of a hold, in seconds, from 1 to 86400 (a day, the maximum of a Stripe "
        "checkout session).",
        shown="1800",
    )
    holds_per_address: int = setting(
        "HOLDS_PER_ADDRESS",
        whole(0, 10_000),
        20,
        "The number of unpaid holds that one address (IPv6: one /64) may have at once; "
        "0: no limit.",
        shown="20",
    )
    holds_per_minute: int = setting(
        "HOLDS_PER_MINUTE",
        whole(0, 1_000_000),
        60,
        "The number of holds that one address may begin or change per minute; a network may do "
        "so 10 times as often. 0: no limit.",
        shown="60",
    )
    checkouts_per_minute: int = setting(
        "CHECKOUTS_PER_MINUTE",
        whole(0, 1_000_000),
        10,
        "The number of checkouts that one address may open at Stripe per minute; a network may "
        "open 5 times as many. 0: no limit.",
        shown="10",
    )
    hold_units: int = setting(
        "HOLD_UNITS",
        whole(0, 1_000_000),
        50,
        "The number of units of one size that one visitor may hold; 0: no limit.",
        shown="50",
    )
    hold_contention_percent: int = setting(
        "HOLD_CONTENTION_PERCENT",
        whole(0, 100),
        6,
        "The limits of a size under contention apply once its unpaid holds exceed this percentage "
        "of its stock (and 3 units). Below it, every visitor may hold all that is left. 0 or 100 "
        "disables them.",
        shown="6",
    )
    hold_network_share_percent: int = setting(
        "HOLD_NETWORK_SHARE_PERCENT",
        whole(0, 100),
        2,
        "Under contention, the percentage of a size's stock that the unpaid holds of one network "
        "(IPv4: a /24, IPv6: a /48) may take; 1 unit in any case.",
        shown="2",
    )
    hold_unpaid_allowance_minutes: int = setting(
        "HOLD_UNPAID_ALLOWANCE_MINUTES",
        whole(0, 100_000),
        60,
        "The total time, in minutes, for which one address may have held a size without paying, "
        "in holds that ended in the last two hours. Beyond that it has to wait; 0: no limit.",
        shown="60",
    )
    hold_retry_minutes: int = setting(
        "HOLD_RETRY_MINUTES",
        whole(0, 1440),
        5,
        "Under contention, the minutes that a network must wait before it holds a size again, "
        "after an unpaid hold of at least this length. The same visitor does not have to wait.",
        shown="5",
    )
    keep_ended_holds_days: int = setting(
        "KEEP_ENDED_HOLDS_DAYS",
        whole(30, 36_500),
        90,
        "The number of days for which holds that bought nothing are kept after their end. Later "
        "only the ledger has their movements.",
        shown="90",
    )
