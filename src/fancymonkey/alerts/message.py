"""Alerts as people read them: a subject, plain text, and a page for mail programs."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from fancymonkey.alerts.events import AlertEvent
from fancymonkey.settings.event_names import EventName

SHOWN = 200
"""The limit of alerts in one message; it has the number of further ones."""

_LOOKS = {
    "in": ("#0b6b4b", "#dff3ea", "#6fdcb1", "#10352a", "●"),
    "low": ("#7a4b00", "#fdf0d2", "#f3c567", "#3a2a07", "▲"),
    "out": ("#9b1c2e", "#fde3e6", "#ff9aa6", "#421620", "■"),
    "owed": ("#0f5a86", "#dff0fa", "#86cdf5", "#0e3247", "◆"),
}
_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"


@dataclass(frozen=True, slots=True)
class AlertMessage:
    """A message about one or more events. `link` leads to the dashboard, or is empty."""

    events: Sequence[AlertEvent]
    link: str = ""
    held: bool = False

    @property
    def subject(self) -> str:
        """The subject, in one line."""
        if len(self.events) == 1:
            return _one_line(self.events[0].title)
        words = Counter(event.sort.word for event in self.events)
        counts = ", ".join(f"{count} {word.lower()}" for word, count in words.most_common())
        night = " from the quiet hours" if self.held else ""
        return f"{len(self.events)} alerts{night}: {counts}"

    @property
    def id(self) -> str:
        """The same id for the same events, so that receivers can detect a repeated message."""
        ids = [event.id for event in self.events]
        return ids[0] if len(ids) == 1 else f"{min(ids)}.{max(ids)}.{len(ids)}"

    def text(self, *, title: bool = False) -> str:
        """The message without markup."""
        parts = [self.subject] if title else []
        for event in self.events[:SHOWN]:
            heading = [] if len(self.events) == 1 else [_one_line(event.title)]
            parts.append("\n".join([*heading, *([event.text] if event.text else [])]))
        parts += [f"And {self._more} more."] if self._more else []
        parts += [f"Dashboard: {self.link}"] if self.link else []
        return "\n\n".join(part for part in parts if part)

    @property
    def _more(self) -> int:
        return max(0, len(self.events) - SHOWN)

    def html(self) -> str:
        """The message as a self-contained HTML page for light and dark mode."""
        several = len(self.events) > 1
        rows = "".join(_row(event) for event in self.events[:SHOWN])
        head = f"<h1>{escape(self.subject)}</h1>" if several else ""
        more = f'<p class="quiet">And {self._more} more.</p>' if self._more else ""
        link = escape(self.link, quote=True)
        button = f'<p><a class="button" href="{link}">Open the dashboard</a></p>' if link else ""
        return _PAGE.format(
            title=escape(self.subject), style=_STYLE, head=head, rows=rows, more=more, button=button
        )


def _row(event: AlertEvent) -> str:
    word, look = escape(event.sort.word), event.sort.look or "in"
    shape = _LOOKS[look][4]
    lines = "".join(f"<p>{escape(line)}</p>" for line in event.text.splitlines() if line)
    sizes = "".join(
        _size(row) for name in ("out", "low") for row in event.data.get(name, ())[:SHOWN]
    )
    table = f"<table class='sizes'>{sizes}</table>" if event.type == EventName.STOCK_DIGEST else ""
    details = table or lines
    return (
        f'<tr><td class="row"><span class="badge {look}">{shape}&nbsp;{word}</span>'
        f"<h2>{escape(_one_line(event.title))}</h2>{details}</td></tr>"
    )


def _size(row: dict[str, object]) -> str:
    name = f"{escape(str(row['name']))} <span class='quiet'>{escape(str(row['size']))}</span>"
    look, shape = ("out", "■") if row["left"] == 0 else ("low", "▲")
    left = f"<span class='badge {look}'>{shape}&nbsp;{row['available']} left</span>"
    return f"<tr><td>{name}</td><td class='number'>{left}</td></tr>"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _badges(which: int) -> str:
    return "".join(
        f".{name}{{color:{look[which]}!important;background:{look[which + 1]}!important}}"
        for name, look in _LOOKS.items()
    )


_STYLE = (
    "body{margin:0;background:#f7f8f7;color:#16211c}"
    f"table,td,p,h1,h2,a,span{{font-family:{_FONT}}}"
    "h1{margin:0 0 16px;font-size:26px;line-height:32px;font-weight:600}"
    "h2{margin:8px 0 4px;font-size:17px;line-height:24px;font-weight:600}"
    "p{margin:0 0 4px;font-size:15px;line-height:22px}"
    ".card{background:#ffffff;border:1px solid #d5dcd8;border-radius:10px}"
    ".row{padding:16px 20px;border-bottom:1px solid #d5dcd8}"
    "tr:last-child>.row{border-bottom:0}"
    ".badge{display:inline-block;padding:2px 8px;border-radius:6px;font-size:12px;"
    "line-height:18px;font-weight:600;white-space:nowrap}"
    ".quiet{color:#55645c}"
    ".brand{padding:0 0 16px;font-size:15px;font-weight:600}"
    ".foot{padding:16px 0 0;font-size:13px;line-height:20px}"
    ".button{display:inline-block;margin:16px 0 0;padding:10px 16px;border-radius:6px;"
    "background:#0b6b4b;color:#ffffff!important;text-decoration:none;font-size:15px;"
    "font-weight:600}"
    ".sizes{width:100%;border-collapse:collapse}"
    ".sizes td{padding:8px 0;font-size:15px;line-height:22px;border-top:1px solid #d5dcd8}"
    ".number{text-align:right;font-variant-numeric:tabular-nums}"
    + _badges(0)
    + "@media(prefers-color-scheme:dark){"
    "body,.page{background:#0e1512!important;color:#e8efeb!important}"
    ".card{background:#151e1a!important;border-color:#2b3832!important}"
    ".row,.sizes td{border-color:#2b3832!important}"
    "h1,h2,p,td{color:#e8efeb!important}.quiet,td.quiet,p.quiet{color:#9db0a6!important}"
    ".button{background:#43c797!important;color:#06251a!important}" + _badges(2) + "}"
)

_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1">'
    '<meta name="color-scheme" content="light dark">'
    '<meta name="supported-color-schemes" content="light dark">'
    "<title>{title}</title><style>{style}</style></head><body>"
    '<table class="page" role="presentation" width="100%" cellpadding="0" cellspacing="0">'
    '<tr><td align="center" style="padding:24px 16px">'
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" '
    'style="max-width:600px;text-align:left">'
    '<tr><td class="brand">Fancy Monkey Inventory</td></tr><tr><td>{head}</td></tr>'
    '<tr><td><table class="card" role="presentation" width="100%" cellpadding="0" '
    'cellspacing="0">{rows}</table></td></tr>'
    '<tr><td>{more}{button}</td></tr><tr><td class="foot quiet">Sent by your inventory because '
    "ALERT_URLS names this address. ALERT_EVENTS sets which alerts you get, QUIET_HOURS when.</td>"
    "</tr></table></td></tr></table></body></html>\n"
)
