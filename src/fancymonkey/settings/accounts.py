"""Settings about accounts and the dashboard."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network

from fancymonkey.settings.account_names import account_name
from fancymonkey.settings.backup import BackupSettings
from fancymonkey.settings.fields import (
    PASSWORD_LEAST,
    PUBLISHED_PASSWORD,
    setting,
    several_networks,
    several_stores,
    whole,
)


@dataclass(frozen=True, slots=True)
class AccountSettings(BackupSettings):
    """The first account, the addresses that may log in, and how long a login lasts."""

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
    """The rule that an admin password breaks, or None. `published`: the public one is allowed."""
    if password == PUBLISHED_PASSWORD and not published:
        return (
            "be a password of your own: this one is published and works only in a demo on this "
            "machine, without TRUSTED_PROXIES."
        )
    if password is not None and len(password) < PASSWORD_LEAST and not demo:
        return (
            f"have {PASSWORD_LEAST} characters or more: it gives access to everything. Four "
            "unrelated words make a good password."
        )
    return None
