"""The answer of an import."""

from typing import Literal, NotRequired

from pydantic import with_config
from typing_extensions import TypedDict

from fancymonkey.web.http.bodies.change_names import NamedChange, named_change
from fancymonkey.web.http.bodies.json_body import Ok, example


class ImportCounts(TypedDict):
    """The number of rows, by their outcome."""

    rows: int
    new: int
    changed: int
    unchanged: int
    faults: int
    applied: int


class ImportFault(TypedDict):
    """A cell that cannot be imported, with the reason, and the code of the refusal if any."""

    row: int
    column: str | None
    reason: str
    code: NotRequired[str]


class ImportNotice(TypedDict):
    """A remark about rows that are imported."""

    column: str
    reason: str
    rows: list[int]
    count: int


class ImportedCell(TypedDict):
    """A cell: as it was exported, in the file, now, and after the import.

    `location` is that of its row, if the file has a column for it.
    """

    row: int
    productId: str
    size: str | None
    column: str
    exported: str | None
    file: str | None
    now: str | None
    after: str | None
    new: str | None
    location: NotRequired[str]


@with_config(
    example(
        {
            "success": True,
            "mode": "preview",
            **named_change(None),
            "revision": 82,
            "columns": ["productId", "size", "stock", "exported"],
            "sheet": None,
            "sheets": [],
            "counts": {
                "rows": 41,
                "new": 0,
                "changed": 1,
                "unchanged": 39,
                "faults": 1,
                "applied": 0,
            },
            "faults": [
                {
                    "row": 3,
                    "column": "stock",
                    "reason": "'many' is not a whole number from 0 to 1000000000",
                }
            ],
            "notices": [],
            "changes": [
                {
                    "row": 2,
                    "productId": "prod_hoodie_001",
                    "size": "M",
                    "column": "stock",
                    "exported": "20",
                    "file": "25",
                    "now": "17",
                    "after": "22",
                    "new": None,
                }
            ],
        }
    )
)
class ImportReport(NamedChange):
    """The counts, faults and changes of an import or its preview."""

    success: Ok
    mode: Literal["preview", "apply"]
    revision: int
    columns: list[str]
    sheet: str | None
    sheets: list[str]
    counts: ImportCounts
    faults: list[ImportFault]
    notices: list[ImportNotice]
    changes: list[ImportedCell]
