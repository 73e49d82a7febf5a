"""The services of accounts, composed."""

from fancymonkey.accounts.api_keys import ApiKeys
from fancymonkey.accounts.audit_log import AuditLog
from fancymonkey.accounts.known_addresses import Places
from fancymonkey.accounts.login import Login
from fancymonkey.accounts.sessions import Sessions
from fancymonkey.accounts.tokens import Tokens
from fancymonkey.accounts.users import Users
from fancymonkey.engine.engine import Engine


class Accounts:
    """The accounts of a shop. `owner` and `password` make the first user; times are in ms."""

    def __init__(
        self, engine: Engine, owner: str, password: str | None, idle: int, longest: int
    ) -> None:
        tokens = Tokens(engine)
        self.users = Users(engine, owner, password)
        self.places = Places(engine)
        self.login = Login(self.users, tokens, self.places, engine.clock)
        self.sessions = Sessions(engine, self.users, tokens, idle, longest)
        self.keys = ApiKeys(engine, self.users)
        self.audit_log = AuditLog(engine)
