"""What can go wrong for an operator. Refusals of the core are values and are not here.

FancyMonkeyError
├── ConfigError           a setting is missing or makes no sense
├── DataError             a file or a row cannot be taken in as it is
└── StoreError
    ├── StoreUnavailable  the store cannot be reached or written now; try again later
    ├── StoreCorrupt      what is stored contradicts itself; stop and look
    ├── StoreLocked       another process has the store
    ├── StoreReadOnly     this store was opened for reading
    └── Overloaded        too many requests are waiting
"""


class FancyMonkeyError(Exception):
    """Something an operator has to know; its text says what to do."""


class ConfigError(FancyMonkeyError):
    """A setting is missing or makes no sense."""


class DataError(FancyMonkeyError):
    """A file or a row cannot be taken in as it is."""


class StoreError(FancyMonkeyError):
    """Something about the store."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or written now. Whether the last write counts is unknown."""


class StoreCorrupt(StoreError):
    """What is stored contradicts itself."""


class StoreLocked(StoreError):
    """Another process has the store."""


class StoreReadOnly(StoreError):
    """This store was opened for reading."""


class Overloaded(StoreError):
    """Too many requests are waiting."""
