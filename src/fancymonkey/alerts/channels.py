"""The owner's alert channels: email over SMTP, everything else through apprise."""

import asyncio
import hashlib
import logging
import ssl
import threading
from collections.abc import Callable, Iterable
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from typing import Any, Protocol

from fancymonkey.alerts.message import AlertMessage
from fancymonkey.errors import ConfigError, FancyMonkeyError

KEY = "ch_"
"""The prefix of channel keys; no webhook id has it."""
SECONDS = 30.0
"""The time limit of a channel for one message, in seconds."""
CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0

log = logging.getLogger(__name__)


class SendFailed(FancyMonkeyError):
    """A channel did not accept a message; the text contains nothing secret."""


class Channel(Protocol):
    """One way to the owner. `key` stays the same as long as the URL does, `name` may be shown."""

    @property
    def key(self) -> str: ...

    @property
    def name(self) -> str: ...

    async def send(self, message: AlertMessage) -> None:
        """Sends the message within `SECONDS`. Raises SendFailed."""
        ...


async def send_reporting(channel: Channel, message: AlertMessage) -> str:
    """Sends a message and returns the error text, or "" on success; it contains nothing secret."""
    try:
        await channel.send(message)
    except SendFailed as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - a library's error text may contain secrets
        why = f"The channel failed ({type(error).__name__})."
    else:
        return ""
    log.warning("%s did not accept an alert: %s", channel.name, why)
    return why


class EmailChannel:
    """Email, as HTML and as plain text."""

    def __init__(self, key: str, plugin: Any) -> None:
        self.key = key
        self._plugin = plugin
        self._to = [address for _, address in plugin.targets]
        self.name = f"Email to {', '.join(_masked(address) for address in self._to)}"

    async def send(self, message: AlertMessage) -> None:
        import aiosmtplib

        plugin = self._plugin
        recipients = [*self._to, *plugin.cc, *plugin.bcc]
        try:
            async with asyncio.timeout(SECONDS):
                await aiosmtplib.send(
                    self.message(message),
                    recipients=recipients,
                    sender=plugin.from_addr[1],
                    hostname=plugin.smtp_host,
                    port=plugin.port,
                    username=plugin.user if plugin.password else None,
                    password=plugin.password or None,
                    use_tls=plugin.secure_mode == "ssl",
                    start_tls=plugin.secure_mode == "starttls",
                    validate_certs=plugin.verify_certificate,
                    timeout=READ_SECONDS,
                )
        except aiosmtplib.SMTPAuthenticationError:
            raise SendFailed("The mail server rejected the user name or password.") from None
        except aiosmtplib.SMTPResponseException as error:
            raise SendFailed(f"The mail server rejected the message ({error.code}).") from None
        except aiosmtplib.SMTPRecipientsRefused:
            raise SendFailed("The mail server rejected every recipient.") from None
        except (aiosmtplib.SMTPTimeoutError, TimeoutError):
            raise SendFailed("The mail server did not respond in time.") from None
        except ssl.SSLError:
            raise SendFailed("The mail server's certificate is not valid.") from None
        except (aiosmtplib.SMTPException, OSError, ValueError):
            raise SendFailed(
                "The mail server could not be reached, or does not support this."
            ) from None

    def message(self, alert: AlertMessage) -> EmailMessage:
        """The email as it is sent. A repetition of the same message has the same id."""
        plugin = self._plugin
        name, sender = plugin.from_addr
        domain = sender.rpartition("@")[2] or "localhost"
        message = EmailMessage()
        message["Subject"] = alert.subject
        message["From"] = formataddr((name or "Fancy Monkey Inventory", sender))
        message["To"] = ", ".join(self._to)
        if plugin.cc:
            message["Cc"] = ", ".join(sorted(plugin.cc))
        if plugin.reply_to:
            message["Reply-To"] = ", ".join(sorted(plugin.reply_to))
        message["Date"] = formatdate(usegmt=True)
        message["Message-ID"] = f"<{alert.id}.{self.key}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(alert.text(title=True) + "\n")
        message.add_alternative(alert.html(), subtype="html")
        return message


class AppriseChannel:
    """All services that apprise supports: Slack, Discord, Telegram, webhooks and a hundred more.

    It blocks, so each message gets its own thread. While one hangs, no other is started.
    """

    def __init__(self, key: str, plugin: Any) -> None:
        self.key = key
        self._plugin = plugin
        self._thread: threading.Thread | None = None
        plugin.socket_connect_timeout = CONNECT_SECONDS
        plugin.socket_read_timeout = READ_SECONDS
        plugin.overflow_mode = "split"  # otherwise a long message is refused as a whole
        service = str(plugin.service_name)
        schema = str(plugin.schema)
        open_hosts = ("json", "jsons", "form", "forms", "xml", "xmls")
        self.name = f"{service} to {plugin.host}" if schema in open_hosts else service

    async def send(self, message: AlertMessage) -> None:
        if self._thread is not None and self._thread.is_alive():
            raise SendFailed("The previous message is still being sent.")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[bool] = loop.create_future()

        def finish(answer: bool) -> None:
            if not done.done():
                done.set_result(answer)

        def go() -> None:
            answer = False
            try:
                answer = bool(self._notify(message))
            except Exception as error:  # noqa: BLE001 - its error text may be secret
                log.debug("a channel failed: %s", type(error).__name__)
            try:
                loop.call_soon_threadsafe(finish, answer)
            except RuntimeError:  # the loop is closed: no task waits
                return

        self._thread = threading.Thread(target=go, name=f"alert {self.key}", daemon=True)
        self._thread.start()
        try:
            async with asyncio.timeout(SECONDS):
                sent = await done
        except TimeoutError:
            raise SendFailed(f"No response within {SECONDS:g} seconds.") from None
        if not sent:
            raise SendFailed("The service could not be reached, or rejected the message.")

    def _notify(self, message: AlertMessage) -> Any:
        import apprise

        looks = {event.sort.look for event in message.events}
        kind = apprise.NotifyType.INFO
        if looks & {"low", "owed"}:
            kind = apprise.NotifyType.WARNING
        if "out" in looks:
            kind = apprise.NotifyType.FAILURE
        return self._plugin.notify(
            title=message.subject,
            body=message.text() or message.subject,
            notify_type=kind,
            body_format=apprise.NotifyFormat.TEXT,
        )


def channels_of(urls: Iterable[str]) -> list[Channel]:
    """The channels of these URLs. Raises ConfigError for a URL that apprise does not support."""
    urls = list(urls)
    if not urls:
        return []
    try:
        import apprise
    except ImportError as error:
        raise ConfigError(
            "ALERT_URLS requires the package apprise, which is missing. Reinstall the service."
        ) from error
    for name in ("apprise", "urllib3"):  # their log lines contain secrets
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    asset = apprise.AppriseAsset(
        app_id="Fancy Monkey Inventory",
        app_desc="Fancy Monkey Inventory",
        storage_mode=apprise.PersistentStoreMode.MEMORY,
    )
    channels: list[Channel] = []
    for number, url in enumerate(urls, 1):
        plugin = apprise.Apprise.instantiate(url, asset=asset)
        if plugin is None:
            scheme = url.partition("://")[0][:20]
            raise ConfigError(
                f"ALERT_URLS: number {number} ({scheme}://…) is not a URL that apprise supports. "
                f"See docs/how-to/get-alerts.md."
            )
        key = KEY + hashlib.sha256(url.encode()).hexdigest()[:12]
        make: Callable[[str, Any], Channel] = (
            EmailChannel if plugin.schema in ("mailto", "mailtos") else AppriseChannel
        )
        if all(key != other.key for other in channels):
            channels.append(make(key, plugin))
    return channels


def _masked(address: str) -> str:
    name, _, domain = address.partition("@")
    return f"{name[:1]}…@{domain}"
