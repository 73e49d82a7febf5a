"""Two-factor login: setup, one use of each code, and removal only with a right to it."""

import base64
import xml.etree.ElementTree as ET

import pytest

from tests.accounts.client import Visitor, accounts, code_of, made
from tests.web.shops import PASSWORD, Shop

BEGIN, CONFIRM = "/api/admin/factor/begin", "/api/admin/factor/confirm"
OFF, CODES = "/api/admin/factor/off", "/api/admin/factor/codes"
ME = "/api/admin/me"
PROOF = {"password": PASSWORD}


async def switched_on(visitor: Visitor) -> tuple[str, list[str]]:
    """The secret and the recovery codes of a visitor with a second factor."""
    asked = (await visitor.post(BEGIN, PROOF)).json
    code = code_of(visitor.client, asked["secret"])
    answer = await visitor.post(CONFIRM, {"code": code})
    assert answer.status == 200
    return asked["secret"], answer.json["recoveryCodes"]


async def test_it_is_set_up_and_then_asked_for(shop: Shop, visitor: Visitor) -> None:
    owner = await visitor.logged_in()
    other = await owner.elsewhere("198.51.100.4").logged_in()
    asked = (await owner.post(BEGIN, PROOF)).json
    assert asked["link"].startswith("otpauth://totp/Fancy%20Monkey:owner?secret=")
    head, _, data = asked["picture"].partition(",")
    assert head == "data:image/svg+xml;base64"
    assert ET.fromstring(base64.b64decode(data)).tag.endswith("svg")
    assert (await owner.get(ME)).json["user"]["secondFactor"] is False, "not before it is confirmed"
    assert (await owner.post(CONFIRM, {"code": "000000"})).code == "not_proven"
    code = code_of(owner.client, asked["secret"])
    answer = (await owner.post(CONFIRM, {"code": code})).json
    assert len(set(answer["recoveryCodes"])) == 10
    assert answer["user"]["secondFactor"] is True
    assert (await owner.get(ME)).json["user"]["recoveryCodesLeft"] == 10, "this browser goes on"
    assert (await other.get(ME)).code == "no_session", "all others have to log in again"
    assert (await other.log_in()).code == "code_needed"
    assert (await other.log_in(code="000000")).code == "wrong_credentials"
    assert (await other.log_in(code=code)).code == "wrong_credentials", "it was used to confirm"
    shop.clock.forward(30)
    assert (await other.log_in(code=code_of(owner.client, asked["secret"]))).status == 200


async def test_no_code_works_twice_nor_one_before_it(shop: Shop, visitor: Visitor) -> None:
    secret, _ = await switched_on(await visitor.logged_in())
    shop.clock.forward(60)
    before, code = code_of(visitor.client, secret, -1), code_of(visitor.client, secret)
    first, two = visitor.elsewhere("198.51.100.4"), visitor.elsewhere("198.51.100.5")
    assert (await first.log_in(code=code)).status == 200
    assert (await two.log_in(code=code)).status == 401
    assert (await two.log_in(code=before)).status == 401
    assert (await two.log_in(code=code_of(visitor.client, secret, 1))).status == 200
    assert (
        await two.elsewhere("198.51.100.6").log_in(code=code_of(visitor.client, secret, 2))
    ).status == 401


async def test_a_recovery_code_works_once(shop: Shop, visitor: Visitor) -> None:
    _, codes = await switched_on(await visitor.logged_in())
    other = visitor.elsewhere("198.51.100.4")
    assert (await other.log_in(code=codes[3].lower())).status == 200
    assert (await other.get(ME)).json["user"]["recoveryCodesLeft"] == 9
    third = visitor.elsewhere("198.51.100.5")
    assert (await third.log_in(code=codes[3])).status == 401
    assert (await third.log_in(code=codes[4])).status == 200
    stored = await shop.stored_text()
    assert not [code for code in codes if code in stored or code.replace("-", "") in stored]


async def test_codes_of_few_digits_are_throttled(visitor: Visitor) -> None:
    _, codes = await switched_on(await visitor.logged_in())
    assert {len(code.replace("-", "")) for code in codes} == {16}, "80 bits, and guesses are few"
    other = visitor.elsewhere("198.51.100.4")
    statuses = [(await other.log_in(code=f"{n:06}")).status for n in range(25)]
    assert statuses.count(401) == 15
    assert statuses[-1] == 429


async def test_new_recovery_codes_replace_the_old_ones(visitor: Visitor) -> None:
    _, old = await switched_on(await visitor.logged_in())
    assert (await visitor.post(CODES, {"password": "wrong"})).code == "not_proven"
    answer = await visitor.post(CODES, PROOF)
    new = answer.json["recoveryCodes"]
    assert not set(old) & set(new)
    other = visitor.elsewhere("198.51.100.4")
    assert (await other.log_in(code=old[0])).status == 401
    assert (await other.log_in(code=new[0])).status == 200


async def test_switching_it_off_needs_the_password_or_a_code(shop: Shop, visitor: Visitor) -> None:
    _, codes = await switched_on(await visitor.logged_in())
    for wrong in ({"password": "wrong"}, {"code": "000000"}, {"code": ""}):
        assert (await visitor.post(OFF, wrong)).code == "not_proven"
    for nothing in ({}, {"password": PASSWORD, "code": codes[0]}):
        assert (await visitor.post(OFF, nothing)).code == "invalid_request"
    assert (await visitor.post(OFF, {"code": codes[0]})).status == 200
    assert (await visitor.get(ME)).json["user"]["secondFactor"] is False
    visitor.csrf = ""
    assert (await visitor.log_in()).status == 200
    await switched_on(visitor)
    assert (await visitor.post(OFF, PROOF)).status == 200


@pytest.mark.parametrize("code", ["é", "１２３４５６", "123456\u0301", "0" * 40, " ", "-"])
async def test_a_code_of_other_signs_is_wrong_and_nothing_worse(
    visitor: Visitor, code: str
) -> None:
    await visitor.logged_in()
    await visitor.post(BEGIN, PROOF)
    assert (await visitor.post(CONFIRM, {"code": code})).code == "not_proven"
    await switched_on(visitor)
    assert (await visitor.post(OFF, {"code": code})).code == "not_proven"
    other = visitor.elsewhere("198.51.100.4")
    assert (await other.log_in(code=code)).code == "wrong_credentials"


async def test_invalid_requests_are_refused(visitor: Visitor) -> None:
    await visitor.logged_in()
    assert (await visitor.post(CONFIRM, {"code": "123456"})).code == "second_factor"
    assert (await visitor.post(OFF, PROOF)).code == "second_factor"
    assert (await visitor.post(CODES, PROOF)).code == "second_factor"
    await switched_on(visitor)
    assert (await visitor.post(BEGIN, PROOF)).code == "second_factor"


async def test_the_setup_needs_the_password_against_a_stolen_session(
    visitor: Visitor,
) -> None:
    await visitor.logged_in()
    assert (await visitor.post(BEGIN, {"password": "wrong"})).code == "not_proven"
    assert (await visitor.post(BEGIN, {"code": "123456"})).code == "not_proven"


async def test_an_owner_switches_off_a_lost_second_factor(shop: Shop, visitor: Visitor) -> None:
    password = await made(shop, "ada", "staff")
    ada = await visitor.elsewhere("198.51.100.4").logged_in("ada", password)
    asked = (await ada.post(BEGIN, {"password": password})).json
    await ada.post(CONFIRM, {"code": code_of(ada.client, asked["secret"])})
    owner = await visitor.logged_in()
    reset = "/api/admin/users/reset-factor"
    assert (await ada.post(reset, {"name": "owner"})).code == "not_allowed"
    assert (await owner.post(reset, {"name": "ada"})).status == 200
    assert (await ada.get(ME)).code == "no_session"
    ada.csrf = ""
    assert (await ada.log_in("ada", password)).status == 200
    await switched_on(owner)
    assert (await owner.post(reset, {"name": "owner"})).code == "invalid_request"


async def test_the_record_has_neither_secret_nor_code(shop: Shop, visitor: Visitor) -> None:
    secret, codes = await switched_on(await visitor.logged_in())
    entries = repr(await accounts(shop).audit_log.latest(100))
    assert "POST /api/admin/factor/confirm" in entries
    assert not [word for word in (secret, PASSWORD, *codes) if word in entries]
