"""Settings: how long a hold lives, and limits on unpaid holds."""

from fancymonkey.settings.fields import TTL_MAX, SettingsGroup, setting, whole


class HoldSettings(SettingsGroup):
    """Holds. A limit of 0 is off, and RATE_LIMIT=off switches all of them off."""

    reservation_ttl_seconds: int = setting(
        "RESERVATION_TTL_SECONDS",
        whole(1, TTL_MAX),
        1800,
        "How long a hold lives, in seconds, from 1 to 86400 (a day: no Stripe checkout session "
        "lives longer).",
        shown="1800",
    )
    holds_per_address: int = setting(
        "HOLDS_PER_ADDRESS",
        whole(0, 10_000),
        20,
        "How many unpaid holds one address (of IPv6: one /64) may have at once; 0: any number.",
        shown="20",
    )
    holds_per_minute: int = setting(
        "HOLDS_PER_MINUTE",
        whole(0, 1_000_000),
        60,
        "How often one address may begin or change a hold in a minute, and a network 10 times as "
        "often; 0: as often as it likes.",
        shown="60",
    )
    checkouts_per_minute: int = setting(
        "CHECKOUTS_PER_MINUTE",
        whole(0, 1_000_000),
        10,
        "How many checkouts one address may open at Stripe in a minute, and a network 5 times as "
        "many; 0: any number.",
        shown="10",
    )
    hold_units: int = setting(
        "HOLD_UNITS",
        whole(0, 1_000_000),
        50,
        "How many units of one size one visitor may hold; 0: any number.",
        shown="50",
    )
    hold_calm_percent: int = setting(
        "HOLD_CALM_PERCENT",
        whole(0, 100),
        6,
        "Up to which share of its stock, in percent, a size is calm: while no more than that (and "
        "no more than 3 units) is held unpaid altogether, anybody may hold what is left of it. "
        "Beyond it a rush has begun. 100 or 0: there never is one.",
        shown="6",
    )
    hold_rush_percent: int = setting(
        "HOLD_RUSH_PERCENT",
        whole(0, 100),
        2,
        "Which share of the stock of a size, in percent (and 1 unit in any case), the unpaid holds "
        "of one network (of IPv4: a /24, of IPv6: a /48) may take in a rush.",
        shown="2",
    )
    hold_unpaid_minutes: int = setting(
        "HOLD_UNPAID_MINUTES",
        whole(0, 100_000),
        60,
        "For how many minutes the holds of one address that ended unpaid in the last two hours may "
        "have kept a size from others. Beyond that it waits; 0: it never does.",
        shown="60",
    )
    hold_wait_minutes: int = setting(
        "HOLD_WAIT_MINUTES",
        whole(0, 1440),
        5,
        "For how many minutes, in a rush, a network waits for its next hold of a size after one of "
        "its holds has ended unpaid that lasted as long or longer. The same visitor need not wait.",
        shown="5",
    )
