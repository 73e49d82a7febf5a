"""Settings: secrets, accounts and the dashboard."""

from ipaddress import IPv4Network, IPv6Network

from fancymonkey.settings.account_names import account_name
from fancymonkey.settings.fields import (
    PASSWORD_LEAST,
    PUBLISHED_PASSWORD,
    SettingsGroup,
    any_text,
    setting,
    several_networks,
    several_stores,
    whole,
)


class AccountSettings(SettingsGroup):
    """Secrets of the owner and of schedulers, and logins."""

    admin_password: str | None = setting(
        "ADMIN_PASSWORD",
        any_text,
        None,
        "The password of the owner's endpoints: 12 characters or more, and not a published one.",
        shown="none",
        secret=True,
    )
    cron_secret: str | None = setting(
        "CRON_SECRET",
        any_text,
        None,
        "The secret that your scheduler sends as `Authorization: Bearer …` to the cron endpoints. "
        "If unset, they accept only an administrator's credentials.",
        shown="none",
        secret=True,
    )
    owner_email: str = setting(
        "OWNER_EMAIL",
        account_name,
        "owner",
        "The name of the first account. The first login creates it with `ADMIN_PASSWORD` as its "
        "password, if there is no account yet. It must not contain spaces, or be a name that the "
        "service uses itself, such as `admin` or `stripe`.",
        shown="owner",
    )
    admin_allowed_ips: tuple[IPv4Network | IPv6Network, ...] = setting(
        "ADMIN_ALLOWED_IPS",
        several_networks,
        (),
        "Addresses or networks from which the dashboard and the owner's endpoints can be used, "
        "separated by commas: `203.0.113.7,10.0.0.0/8`. Behind a proxy set `TRUSTED_PROXIES` too.",
        shown="any",
    )
    migration_targets: tuple[str, ...] = setting(
        "MIGRATION_TARGETS",
        several_stores,
        (),
        "Stores to which the running shop may be moved over HTTP (`migrate --live`), separated by "
        "commas: directories or URLs, as `migrate` takes them. If unset, such moves are refused.",
        shown="none",
        secret=True,
    )
    admin_idle_minutes: int = setting(
        "ADMIN_IDLE_MINUTES",
        whole(15, 10_080),
        60,
        "Idle timeout of a login, in minutes, from 15 to 10080 (a week). An open page of the "
        "dashboard counts as activity.",
        shown="60",
    )
    admin_session_hours: int = setting(
        "ADMIN_SESSION_HOURS",
        whole(1, 720),
        12,
        "Maximum duration of a login, in hours, from 1 to 720.",
        shown="12",
    )


def password_fault(password: str | None, *, demo: bool, published: bool) -> str | None:
    """The fault of an admin password, or None. `published`: the public one opens here."""
    if password == PUBLISHED_PASSWORD and not published:
        return (
            "be a password of your own: this one is published and opens only a demo on "
            "this machine, without TRUSTED_PROXIES."
        )
    if password is not None and len(password) < PASSWORD_LEAST and not demo:
        return (
            f"have {PASSWORD_LEAST} characters or more: it gives every right, from any address. "
            "Four unrelated words make a good password."
        )
    return None
