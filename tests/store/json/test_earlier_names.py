"""Files of earlier versions have some former names; their rows are read in full."""

from fancymonkey.core.model import Allocation, Line, Reservation, Status
from fancymonkey.core.payments.rows import PaymentIssue
from fancymonkey.store.json.records import COLUMNS, Columns, encode, reader_of

EARLIER: Columns = {
    "reservation": [
        *("reservation_id", "session_id", "status", "lines", "created_at", "expires_at"),
        *("ended_at", "payment_id", "late"),
    ],
    "matter": [
        *("matter_id", "concern", "progress", "reservation_id", "payment", "lines"),
        *("opened_at", "closed_at", "note"),
    ],
}
UNITS = [
    {"sku": "tee/M", "quantity": 2, "location": "main"},
    {"sku": "tee/L", "quantity": 1, "location": "shed"},
]


def test_lines_of_an_earlier_version_are_allocations_at_their_locations() -> None:
    line = encode(
        {
            "batch": 1,
            "reservation": [["r1", "s1", "held", UNITS, 5, 9, None, None, False]],
            "matter": [["m1", "refunded", "open", "r1", "pi_1", UNITS, 5, None, ""]],
        }
    )
    hold, issue = reader_of(EARLIER).batch(line).rows
    allocations = (Allocation("tee/M", 2, "main"), Allocation("tee/L", 1, "shed"))
    assert isinstance(hold, Reservation)
    assert hold == Reservation("r1", "s1", Status.HELD, allocations, 5, 9)
    assert hold.lines == (Line("tee/M", 2), Line("tee/L", 1))
    assert isinstance(issue, PaymentIssue)
    assert (issue.issue_id, issue.allocations) == ("m1", allocations)


def test_present_files_have_the_present_names() -> None:
    assert "lines" not in COLUMNS["reservation"]
    assert {"allocations", "sold_lines"} <= set(COLUMNS["reservation"])
    assert "matter" not in COLUMNS
    assert COLUMNS["payment_issue"][0] == "issue_id"
