"""The limits of one client source, as tables."""

from dataclasses import replace

import pytest

from fancymonkey.core.dates import DAY_MS
from fancymonkey.core.documents.document import Document
from fancymonkey.core.holds.end import Capture, Release
from fancymonkey.core.holds.limits import ClientSource, HoldLimits
from fancymonkey.core.holds.network_memory import FOLDER, RECENT_MAX, SEEN_MAX, WINDOW
from fancymonkey.core.holds.reserve import Reserve
from fancymonkey.core.model import Status
from fancymonkey.core.outcomes import Accepted, Code, Refused
from tests.core.builders import CoreShop, take

HALF_HOUR = 1_800_000
WAIT = 300_000
LIMITS = HoldLimits(
    holds=4, units=9, contention=6, network_share=2, unpaid=2 * HALF_HOUR, wait=WAIT
)
HERE = ClientSource("net", "here", LIMITS)
NEXT_DOOR = ClientSource("net", "next door", LIMITS)
FAR = ClientSource("far", "away", LIMITS)
ANY = HoldLimits()


def want(
    session: str, source: ClientSource = HERE, ttl: int = HALF_HOUR, id_: str = "", **wanted: int
) -> Reserve:
    return replace(take(session, ttl, id_, **wanted), source=source)


def faults(answer: object) -> list[tuple[object, object, object]]:
    assert isinstance(answer, Refused), answer
    assert answer.code is Code.HOLD_LIMIT
    return [(row["sku"], row["requested"], row["limit"]) for row in answer.detail]


def held(shop: CoreShop, sku: str) -> int:
    return shop.level(sku).reserved


@pytest.mark.parametrize(("quantity", "limit"), [(3, None), (4, 3)])
def test_in_normal_demand_any_client_may_hold(quantity: int, limit: int | None) -> None:
    shop = CoreShop(50)
    answer = shop.do(want("a", a_M=quantity))
    if limit is None:
        assert isinstance(answer, Accepted)
    else:
        assert faults(answer) == [("a/M", quantity, limit)]
        assert held(shop, "a/M") == 0


def test_under_contention_a_network_has_one() -> None:
    shop = CoreShop(50)
    shop.do(take("others", a_M=3, ttl=HALF_HOUR))
    assert faults(shop.do(want("a", a_M=2))) == [("a/M", 2, 1)]
    assert isinstance(shop.do(want("a", a_M=1)), Accepted)
    assert faults(shop.do(want("b", NEXT_DOOR, a_M=1))) == [("a/M", 1, 0)]
    assert isinstance(shop.do(want("c", FAR, a_M=1)), Accepted)
    assert isinstance(shop.do(want("b", NEXT_DOOR, a_S=1)), Accepted)  # another size


def test_a_large_stock_allows_more() -> None:
    shop = CoreShop(1000)
    limits = ClientSource("net", "here", HoldLimits(contention=6, network_share=2))
    assert isinstance(shop.do(want("a", limits, a_M=60)), Accepted)
    assert faults(shop.do(want("a", limits, a_M=61))) == [("a/M", 61, 60)]
    far = replace(limits, network="far")
    assert faults(shop.do(want("b", far, a_M=21))) == [("a/M", 21, 20)]
    assert isinstance(shop.do(want("b", far, a_M=20)), Accepted)


def test_paid_holds_do_not_count() -> None:
    shop = CoreShop(50)
    shop.do(take("others", a_M=3, ttl=HALF_HOUR))
    shop.do(want("a", a_M=1), Capture(ref="a", payment_id="cs"))
    assert isinstance(shop.do(want("b", NEXT_DOOR, a_M=1)), Accepted)


def test_less_of_it_is_always_allowed() -> None:
    shop = CoreShop(50)
    shop.do(want("a", a_M=3), take("others", a_M=20, ttl=HALF_HOUR))
    assert faults(shop.do(want("a", a_M=4))) == [("a/M", 4, 1)]
    assert isinstance(shop.do(want("a", a_M=2)), Accepted)
    assert isinstance(shop.do(want("a", a_M=2, a_S=1)), Accepted)


def test_the_holds_of_an_address_are_limited() -> None:
    shop = CoreShop(50)
    here = replace(HERE, limits=HoldLimits(holds=4))
    for number in range(4):
        assert isinstance(shop.do(want(f"s{number}", here, ttl=1000, a_M=1)), Accepted)
    refused = shop.do(want("s4", here, b_S=1))
    assert isinstance(refused, Refused)
    assert refused.code is Code.TOO_MANY_HOLDS
    assert refused.detail == {"retry_after": 1}
    assert isinstance(shop.do(want("s3", here, a_M=2)), Accepted)  # no further hold
    assert isinstance(shop.do(want("s5", replace(NEXT_DOOR, limits=here.limits), a_M=1)), Accepted)
    shop.do(Release(ref="s0"))
    assert isinstance(shop.do(want("s4", here, b_S=1)), Accepted)
    assert isinstance(shop.do(want("s6", here, b_S=1), at=1000), Accepted)  # they have expired


def test_the_units_of_a_visitor_are_limited() -> None:
    shop = CoreShop(1000)
    here = replace(HERE, limits=HoldLimits(units=9))
    assert faults(shop.do(want("a", here, a_M=10, a_S=9))) == [("a/M", 10, 9)]
    assert isinstance(shop.do(want("a", here, a_M=9)), Accepted)


def test_a_client_with_long_unpaid_holds_waits() -> None:
    shop = CoreShop(50)
    for number in range(2):
        hold = want(f"s{number}", a_M=1)
        assert isinstance(shop.do(hold, at=number * HALF_HOUR), Accepted)
    now = 2 * HALF_HOUR
    refused = shop.do(want("s2", a_M=1), at=now)
    assert isinstance(refused, Refused)
    assert refused.code is Code.HELD_TOO_OFTEN
    # The first one ended half an hour ago and is forgotten two hours after that.
    assert refused.detail == {"retry_after": (HALF_HOUR + WINDOW - now) // 1000}
    assert isinstance(shop.do(want("s2", a_S=1)), Accepted)
    assert isinstance(shop.do(want("s3", NEXT_DOOR, a_M=1)), Accepted)
    shop.do(Release(ref="s3"))
    assert isinstance(shop.do(want("s4", a_M=1), at=HALF_HOUR + WINDOW), Accepted)


def test_under_contention_others_go_first_after_an_unpaid_hold() -> None:
    shop = CoreShop(50)
    shop.do(want("a", a_M=1), take("others", ttl=9 * HALF_HOUR, a_M=3))
    refused = shop.do(want("b", NEXT_DOOR, a_M=1), at=HALF_HOUR)
    assert isinstance(refused, Refused)
    assert refused.code is Code.HELD_TOO_OFTEN
    assert refused.detail == {"retry_after": WAIT // 1000}
    assert isinstance(shop.do(want("b", NEXT_DOOR, a_S=1)), Accepted)  # without contention
    assert isinstance(shop.do(want("c", FAR, a_M=1)), Accepted)
    assert isinstance(shop.do(want("a", a_M=1, id_="again")), Accepted)  # the same visitor
    shop.do(Release(ref="a"))
    instead = replace(want("new", NEXT_DOOR, a_M=1), replaces="h-a")
    assert isinstance(shop.do(instead), Accepted)  # the same one, with a new session
    shop.do(Release(ref="new"))
    assert isinstance(shop.do(want("d", NEXT_DOOR, a_M=1), at=HALF_HOUR + WAIT), Accepted)


def test_naming_an_earlier_hold_that_lives_frees_nothing() -> None:
    shop = CoreShop(50)
    shop.do(take("others", ttl=HALF_HOUR, a_M=3), want("a", a_M=1), want("b", b_S=1))
    assert faults(shop.do(replace(want("b", a_M=1), replaces="h-a"))) == [("a/M", 1, 0)]


def test_a_short_look_costs_little() -> None:
    shop = CoreShop(50)
    for number in range(40):
        assert isinstance(shop.do(want(f"s{number}", a_M=1), at=number * 60_000), Accepted)
        shop.do(Release(ref=f"s{number}"), at=number * 60_000 + 10_000)


def test_a_network_never_has_more_alive_than_can_be_watched() -> None:
    shop = CoreShop(10_000)
    for number in range(SEEN_MAX):
        source = ClientSource("net", f"a{number}", ANY)
        assert isinstance(shop.do(want(f"s{number}", source, a_M=1)), Accepted)
    refused = shop.do(want("one more", ClientSource("net", "new", ANY), a_M=1))
    assert isinstance(refused, Refused)
    assert refused.code is Code.TOO_MANY_HOLDS
    documents = shop.image.rows[Document].values()
    words = " ".join(document.body for document in documents).split()
    assert len([word for word in words if word != "+"]) == SEEN_MAX
    assert {(document.folder, document.until) for document in documents} == {(FOLDER, DAY_MS)}
    (recent,) = [document for document in documents if document.name == "net"]
    assert len(recent.body.split()) <= RECENT_MAX + 1


def test_old_holds_are_removed_first() -> None:
    shop = CoreShop(10_000)
    source = ClientSource("net", "here", ANY)
    for number in range(SEEN_MAX + 5):
        shop.do(want(f"s{number}", source, a_M=1), Release(ref=f"s{number}"))
    shop.do(want("alive", source, a_M=1))
    (document,) = shop.image.rows[Document].values()
    assert [word.split(":")[0] for word in document.body.split()] == ["h-alive"]
    shop.do(want("later", source, a_M=1), at=HALF_HOUR + WINDOW)
    (document,) = shop.image.rows[Document].values()
    assert [word.split(":")[0] for word in document.body.split()] == ["h-later"]


def test_holds_of_seconds_are_remembered_as_one_sum() -> None:
    shop = CoreShop(10_000)
    for number in range(300):
        shop.do(want(f"s{number}", a_M=1), at=number * 4000)
        shop.do(Release(ref=f"s{number}"), at=number * 4000 + 3000)
    shop.do(want("last", b_S=1), at=1_200_000)
    (document,) = shop.image.rows[Document].values()
    words = document.body.split()
    assert len(words) <= 5  # one for each ten minutes, the latest hold, and the one before
    units = sum(int(word.split(":")[2]) for word in words if word.startswith("~"))
    assert units == 300 * 3000


def test_a_chain_of_short_holds_counts_as_a_long_one() -> None:
    shop = CoreShop(50)
    at = 0
    for number in range(10_000):
        answer = shop.do(want(f"s{number}", a_M=1), at=at)
        if isinstance(answer, Refused):
            break
        at += 20_000
        shop.do(Release(ref=f"s{number}"), at=at)
    assert isinstance(answer, Refused)
    assert answer.code is Code.HELD_TOO_OFTEN
    assert at == 2 * HALF_HOUR


def test_the_network_memory_of_an_earlier_version_counts() -> None:
    shop = CoreShop(50)
    for number in range(2):
        shop.do(want(f"s{number}", a_M=1), at=number * HALF_HOUR)
    (document,) = shop.image.rows[Document].values()
    old = replace(document, body="h-s0:here h-s1:here")
    shop.image.rows[Document][document.key] = old
    refused = shop.do(want("s2", a_M=1), at=2 * HALF_HOUR)
    assert isinstance(refused, Refused)
    assert refused.code is Code.HELD_TOO_OFTEN


def test_many_short_holds_do_not_wash_a_long_one_away() -> None:
    shop = CoreShop(10_000)
    for number in range(2):
        shop.do(want(f"s{number}", a_M=1), at=number * HALF_HOUR)
    for number in range(SEEN_MAX + 5):
        shop.do(want(f"short{number}", b_S=1), Release(ref=f"short{number}"), at=2 * HALF_HOUR)
    refused = shop.do(want("s2", a_M=1))
    assert isinstance(refused, Refused)
    assert refused.code is Code.HELD_TOO_OFTEN


def test_a_refusal_leaves_no_trace() -> None:
    shop = CoreShop(50)
    shop.do(want("a", a_M=40))
    assert Document not in shop.image.rows or not shop.image.rows[Document]
    assert held(shop, "a/M") == 0
    shop.do(want("a", a_M=2))
    assert shop.hold("a").status is Status.HELD
