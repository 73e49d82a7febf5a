"""Samples of the endpoints about accounts; see samples.py."""

from typing import Any

_USER = {
    "name": "owner",
    "role": "owner",
    "right": "admin",
    "secondFactor": False,
    "recoveryCodesLeft": 0,
}
_SESSION = {
    "id": "6f1c0d2b9a8e47f5b3c1d0e9f8a7b6c5",
    "user": "owner",
    "startedAt": "2025-10-07T12:00:00.000Z",
    "renewedAt": "2025-10-07T12:00:00.000Z",
    "endsAt": "2025-10-08T00:00:00.000Z",
    "address": "203.0.113.7",
    "browser": "Mozilla/5.0",
}
_LOGGED_IN = {
    "success": True,
    "user": _USER,
    "session": {**_SESSION, "csrf": "Zk3w0S3b1qYh8Qm2cV5nT7rX9uPaLdEf"},
}

REQUESTS: dict[str, dict[str, Any]] = {
    "login": {"name": "owner", "password": "the admin password"},
    "revoke_session": {"others": True},
}

ANSWERS: dict[str, dict[str, Any]] = {
    "login": _LOGGED_IN,
    "refresh": _LOGGED_IN,
    "me": _LOGGED_IN,
    "logout": {"success": True, "message": "Logged out"},
    "list_sessions": {"success": True, "sessions": [{**_SESSION, "current": True}]},
    "revoke_session": {"success": True, "ended": 1},
}
