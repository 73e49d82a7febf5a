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

_ADA = {
    "name": "ada",
    "role": "staff",
    "createdAt": "2025-10-07T12:00:00.000Z",
    "secondFactor": False,
    "recoveryCodesLeft": 0,
}
_OWNER = {**_ADA, "name": "owner", "role": "owner"}
_WITH_FACTOR = {**_OWNER, "secondFactor": True, "recoveryCodesLeft": 10}
_CODES = ["K7QF-2M3D-XW5T-PA6B"]
_KEY = {
    "id": "4f6a1c0be29d",
    "label": "Warehouse sheet",
    "right": "stock",
    "begins": "fmk_4f6a1c0be29d",
    "madeBy": "owner",
    "createdAt": "2025-10-07T12:00:00.000Z",
    "endsAt": "2026-01-05T12:00:00.000Z",
    "usedAt": None,
    "ended": False,
}
_PROOF = {"password": "the present password"}

REQUESTS: dict[str, dict[str, Any]] = {
    "login": {"name": "owner", "password": "the admin password"},
    "revoke_session": {"others": True},
    "change_password": {"old": "the present password", "new": "seven quiet otters swim"},
    "begin_factor": _PROOF,
    "confirm_factor": {"code": "492039"},
    "switch_factor_off": _PROOF,
    "renew_codes": _PROOF,
    "add_user": {"name": "ada", "role": "staff", "password": "six blue owls sing"},
    "change_role": {"name": "ada", "role": "viewer"},
    "reset_password": {"name": "ada", "password": "nine old clocks tick"},
    "reset_factor": {"name": "ada"},
    "remove_user": {"name": "ada"},
    "make_key": {"label": "Warehouse sheet", "right": "stock", "days": 90},
    "revoke_key": {"keyId": "4f6a1c0be29d"},
}

ANSWERS: dict[str, dict[str, Any]] = {
    "login": _LOGGED_IN,
    "refresh": _LOGGED_IN,
    "me": _LOGGED_IN,
    "logout": {"success": True, "message": "Logged out"},
    "list_sessions": {"success": True, "sessions": [{**_SESSION, "current": True}]},
    "revoke_session": {"success": True, "ended": 1},
    "change_password": {"success": True, "user": _OWNER},
    "begin_factor": {
        "success": True,
        "secret": "K7QF2M3DXW5TPA6B4R2N6YJHCM3GZQ5E",
        "link": "otpauth://totp/Fancy%20Monkey:owner?secret=K7QF…&issuer=Fancy%20Monkey",
        "picture": "data:image/svg+xml;base64,PHN2ZyB4bWxu…",
    },
    "confirm_factor": {"success": True, "user": _WITH_FACTOR, "recoveryCodes": _CODES},
    "switch_factor_off": {"success": True, "user": _OWNER},
    "renew_codes": {"success": True, "user": _WITH_FACTOR, "recoveryCodes": _CODES},
    "list_users": {
        "success": True,
        "users": [{**_ADA, "sessions": 1, "seenAt": "2025-10-07T12:00:00.000Z"}],
    },
    "add_user": {"success": True, "user": _ADA},
    "change_role": {"success": True, "user": {**_ADA, "role": "viewer"}},
    "reset_password": {"success": True, "user": _ADA},
    "reset_factor": {"success": True, "user": _ADA},
    "remove_user": {"success": True, "user": _ADA},
    "list_keys": {"success": True, "keys": [_KEY]},
    "make_key": {
        "success": True,
        "key": _KEY,
        "secret": "fmk_4f6a1c0be29d_5d0c4b1e9f7a…",
    },
    "revoke_key": {"success": True, "key": _KEY},
    "record": {
        "success": True,
        "acts": [
            {
                "id": "998240161600000-1f0c2a9b",
                "at": "2025-10-07T12:00:00.000Z",
                "actor": "owner",
                "address": "203.0.113.7",
                "what": "POST /api/admin/users/add",
                "status": 200,
                "about": "ada: role staff",
                "count": 1,
            }
        ],
        "next": None,
    },
}
