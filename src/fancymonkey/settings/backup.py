"""Settings: backups of the store, and how many stay."""

from fancymonkey.settings.fields import SettingsGroup, any_text, setting, switch, whole


class BackupSettings(SettingsGroup):
    """Backups of the store, and how many stay."""

    backup_to: str | None = setting(
        "BACKUP_TO",
        any_text,
        None,
        "The directory for the nightly backup, preferably on another disk. If unset, there is no "
        "nightly backup.",
        shown="none",
    )
    backup_keep_days: int = setting(
        "BACKUP_KEEP_DAYS",
        whole(1, 3650),
        14,
        "The number of days for which the latest backup of the day is kept in `BACKUP_TO`.",
        shown="14",
    )
    backup_keep_weeks: int = setting(
        "BACKUP_KEEP_WEEKS",
        whole(0, 520),
        8,
        "The number of weeks for which the latest backup of the week is kept as well.",
        shown="8",
    )
    backup_git: bool = setting(
        "BACKUP_GIT",
        switch,
        False,
        "`on` commits every change of `products.json` to a git repository in `DATA_DIR`.",
        shown="off",
    )
    backup_git_remote: str | None = setting(
        "BACKUP_GIT_REMOTE",
        any_text,
        None,
        "The remote to which that repository is pushed: a URL or a path, as `git push` takes it.",
        shown="none",
        secret=True,
    )
