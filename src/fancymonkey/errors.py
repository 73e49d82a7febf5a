"""The errors that an operator sees. Refusals of the core are values and are not here.

FancyMonkeyError
├── ConfigError           a setting is missing or invalid
├── DataError             a file or a row is not valid
├── BackupError           a backup could not be made, or a file is not a complete backup
├── PaymentError          the payment provider did not carry out a request
│   ├── PaymentRefused    it refused, or could not be reached: nothing was done
│   └── PaymentUnknown    it may or may not have carried the request out
└── StoreError
    ├── StoreUnavailable  the store cannot be reached or written now; try again later
    │   └── SchemaBehind  its tables belong to an older version
    ├── StoreCorrupt      the stored data contradicts itself; stop and inspect it
    ├── StoreLocked       another process uses the store
    ├── StoreReadOnly     this store was opened for reading
    └── Overloaded        too many requests are waiting
"""


class FancyMonkeyError(Exception):
    """The base of all errors for the operator; the text names the remedy."""


class ConfigError(FancyMonkeyError):
    """A setting is missing or invalid."""


class DataError(FancyMonkeyError):
    """A file or a row is not valid."""


class BackupError(FancyMonkeyError):
    """A backup could not be made, or a file is not a complete backup."""


class PaymentError(FancyMonkeyError):
    """The payment provider did not carry out a request."""


class PaymentRefused(PaymentError):
    """The provider refused, or was not `reached`: nothing was done.

    `missing`: the provider does not have the object. `code` is the provider's error code.
    """

    def __init__(
        self, text: str, *, reached: bool = True, missing: bool = False, code: str = ""
    ) -> None:
        super().__init__(text)
        self.reached = reached
        self.missing = missing
        self.code = code


class PaymentUnknown(PaymentError):
    """The outcome is unknown: no answer, or an unclear one. Repeat the same request."""


class StoreError(FancyMonkeyError):
    """The base of all errors of a store."""


class StoreUnavailable(StoreError):
    """The store cannot be reached or written now; the last write may or may not be durable."""


class SchemaBehind(StoreUnavailable):
    """The database lacks tables that this version needs; starting the service adds them."""


class StoreCorrupt(StoreError):
    """The stored data contradicts itself."""


class StoreLocked(StoreError):
    """Another process uses the store."""


class StoreReadOnly(StoreError):
    """This store was opened for reading."""


class Overloaded(StoreError):
    """Too many requests are waiting."""
