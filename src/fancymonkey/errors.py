"""What can go wrong for an operator. Refusals of the core are values and are not here.

FancyMonkeyError
├── ConfigError           a setting is missing or makes no sense
├── DataError             a file or a row cannot be taken in as it is
├── BackupError           a backup could not be made, or a file is not a complete backup
├── PaymentError          the payment provider has not done what it was asked for
│   ├── PaymentRefused    it said no, or was not reached: nothing was done
│   └── PaymentUnknown    it may or may not have done it
└── StoreError
    ├── StoreUnavailable  the store cannot be reached or written now; try again later
    │   └── SchemaBehind  its tables are those of an older version
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


class BackupError(FancyMonkeyError):
    """A backup could not be made, or a file is not a complete backup."""


class PaymentError(FancyMonkeyError):
    """The payment provider has not done what it was asked for."""


class PaymentRefused(PaymentError):
    """It said no, or was not reached: nothing was done. `missing`: it knows no such thing."""

    def __init__(
        self, text: str, *, reached: bool = True, missing: bool = False, code: str = ""
    ) -> None:
        super().__init__(text)
        self.reached = reached
        self.missing = missing
        self.code = code


class PaymentUnknown(PaymentError):
    """No answer, or one that leaves open whether it was done. Ask the same question again."""


class StoreError(FancyMonkeyError):
    """Something about the store."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or written now. Whether the last write counts is unknown."""


class SchemaBehind(StoreUnavailable):
    """The database lacks tables that this version needs; a start of the service adds them."""


class StoreCorrupt(StoreError):
    """What is stored contradicts itself."""


class StoreLocked(StoreError):
    """Another process has the store."""


class StoreReadOnly(StoreError):
    """This store was opened for reading."""


class Overloaded(StoreError):
    """Too many requests are waiting."""
