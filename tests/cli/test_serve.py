"""`fancymonkey serve` in a process of its own: started, used and stopped."""

import json
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fancymonkey import examples
from fancymonkey.commands.operation import serve
from fancymonkey.settings.settings import Settings
from tests.support.server import PROGRAM, Server

pytestmark = pytest.mark.slow

RESERVE = {"productId": "prod_hoodie_001", "size": "M", "quantity": 1, "sessionId": "s1"}


def stock(server: Server) -> dict[str, object]:
    answer = httpx.get(f"{server.url}/api/inventory/get?productId=prod_hoodie_001")
    assert answer.status_code == 200
    sizes: list[dict[str, object]] = answer.json()["inventory"][0]["sizes"]
    return next(size for size in sizes if size["size"] == "M")


def ended(server: Server) -> tuple[int, str]:
    """The exit code and the output of a server that should not start."""
    try:
        code = server.launch().wait(30)
        return code, server.log
    finally:
        server.close()


def one_line(log: str, words: str) -> None:
    """The log is a single line with these words, without a traceback."""
    (line,) = log.splitlines()
    assert words in line


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[Server]:
    with Server(data=tmp_path / "shop", arguments=["--init"]) as server:
        yield server


def test_the_start_prints_its_addresses_and_a_working_example(filled: Server) -> None:
    filled_url = re.escape(filled.url)
    assert re.search(rf"is running at {filled_url}\n", filled.log)
    assert "The store was empty and now has the sample catalogue." in filled.log
    command = filled.log[filled.log.index("  curl ") :].partition("\n\n")[0]
    body = re.search(r"-d '(.*)'", command)
    address = re.search(r"POST (\S+)", command)
    assert body is not None
    assert address is not None
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(address[1], content=body[1], headers=headers)
    assert answer.status_code == 200
    assert stock(filled)["available"] == 19
    for page in re.findall(rf"  {filled_url}/\S+|{filled_url}/\S+", filled.log):
        if page.strip() != address[1]:
            assert httpx.get(page.strip(), follow_redirects=True).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_0_and_keeps_what_it_answered(filled: Server, number: signal.Signals) -> None:
    assert httpx.post(f"{filled.url}/api/inventory/reserve", json=RESERVE).status_code == 200
    filled.send_signal(number)
    assert filled.wait() == 0
    assert "Traceback" not in filled.log
    filled.start()
    assert stock(filled)["reserved"] == 1
    assert filled.log.count("The store was empty") == 1


def test_a_request_that_has_begun_is_answered_after_sigterm(filled: Server) -> None:
    body = json.dumps(RESERVE).encode()
    head = (
        "POST /api/inventory/reserve HTTP/1.1\r\nHost: shop\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((filled.host, filled.port), timeout=10) as connection:
        connection.sendall(head.encode() + body[:10])
        # Answered only after the head of the other request was read: one thread serves both.
        assert stock(filled)["reserved"] == 0
        filled.send_signal(signal.SIGTERM)
        while _listens(filled):
            pass
        connection.sendall(body[10:])
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert filled.wait() == 0
    filled.start()
    assert stock(filled)["reserved"] == 1


def _listens(server: Server) -> bool:
    try:
        socket.create_connection((server.host, server.port), timeout=5).close()
    except ConnectionError:  # refused, or reset while the listener was closed
        return False
    return True


def test_a_port_in_use_is_named_with_the_remedy(filled: Server, tmp_path: Path) -> None:
    code, log = ended(Server(data=tmp_path / "other", port=filled.port))
    assert code == 1
    one_line(log, f"Port {filled.port} on 127.0.0.1 is in use by another program.")
    assert "--port" in log
    assert not (tmp_path / "other").exists()


def test_a_second_server_on_the_same_files_names_the_first(filled: Server, tmp_path: Path) -> None:
    code, log = ended(Server(data=tmp_path / "shop"))
    assert code == 1
    one_line(log, f"process {filled.pid} ")
    assert stock(filled)["stock"] == 20


@pytest.mark.parametrize("arguments", [[], ["--workers", "2"]])
def test_a_missing_database_is_reported_in_one_line(arguments: list[str]) -> None:
    url = "postgresql://shop:s3cret@127.0.0.1:1/shop"
    code, log = ended(Server(database_url=url, arguments=arguments))
    assert code == 1
    one_line(log, "127.0.0.1")
    assert "s3cret" not in log


def test_a_file_that_does_not_parse_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text('[{"id": "p",}]')
    code, log = ended(Server(data=tmp_path))
    assert code == 1
    assert "Traceback" not in log
    assert "products.json" in log
    assert "line 1" in log


def test_several_workers_need_postgresql(tmp_path: Path) -> None:
    code, log = ended(Server(data=tmp_path / "shop", workers=2))
    assert code == 1
    one_line(log, "--workers 2 needs PostgreSQL")


def test_a_bad_setting_is_one_line(tmp_path: Path) -> None:
    code, log = ended(Server(data=tmp_path, env={"RESERVATION_TTL_SECONDS": "soon"}))
    assert code == 1
    one_line(log, "RESERVATION_TTL_SECONDS is 'soon'; it should be a whole number")


def test_a_misspelt_setting_is_a_warning_at_the_start(tmp_path: Path) -> None:
    env = {"FULFILLMENT": "on_shipment", "ADMIN_PASWORD": "s3cret"}
    with Server(data=tmp_path / "shop", env=env, arguments=["--init"]) as server:
        assert httpx.get(f"{server.url}/readyz").status_code == 200
        log = server.log
    for name, meant in (("FULFILLMENT", "FULFILMENT"), ("ADMIN_PASWORD", "ADMIN_PASSWORD")):
        sentence = f"{name} is not a setting and has no effect. Did you mean {meant}?"
        assert log.count(sentence) == 1
    assert "s3cret" not in log


def test_several_workers_on_postgresql(postgres_url: str) -> None:
    arguments = ["--init"]
    with Server(
        database_url=postgres_url, workers=2, arguments=arguments, program=PROGRAM
    ) as server:
        for number in range(20):
            body = RESERVE | {"sessionId": f"s{number}"}
            answer = httpx.post(f"{server.url}/api/inventory/reserve", json=body)
            assert answer.status_code == 200
        assert stock(server)["available"] == 0
        _until_open(server)
        assert server.log.count("is running at") == 1
        assert "prod_hoodie_001" in server.log
        assert server.stop() == 0
        assert "Traceback" not in server.log
        server.start()
        assert stock(server)["available"] == 0


def _until_open(server: Server) -> None:
    """The parent looks after its workers twice a second, and reports when all of them serve."""
    process = server._process
    assert process is not None
    for _ in range(600):
        if "is running at" in server.log:
            return
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.1)
    raise AssertionError(f"not all workers serve:\n{server.log}")


def test_the_sample_does_not_touch_a_shop_that_is_there(tmp_path: Path) -> None:
    file = tmp_path / "products.json"
    file.write_text('[{"id": "mine", "name": "Mine", "sizes": {"S": {"stock": 3}}}]\n')
    with Server(data=tmp_path, arguments=["--init"]) as server:
        listed = httpx.get(f"{server.url}/api/inventory/get").json()["inventory"]
        assert [line["productId"] for line in listed] == ["mine"]
        assert "The store was empty" not in server.log


def test_the_sample_file_is_served_and_left_as_it_is(filled: Server, tmp_path: Path) -> None:
    assert len(httpx.get(f"{filled.url}/api/inventory/get").json()["inventory"]) == 16
    assert filled.stop() == 0
    assert (tmp_path / "shop" / "products.json").read_bytes() == examples.products_json()


def test_logs_can_be_json(tmp_path: Path) -> None:
    (tmp_path / "products.json").write_text("nonsense")
    code, log = ended(Server(data=tmp_path, env={"LOG_FORMAT": "json"}))
    assert code == 1
    events = [json.loads(line) for line in log.splitlines()]
    assert events[-1]["level"] == "critical"
    assert "products.json" in events[-1]["message"]
    assert events[-1]["at"].endswith("Z")


@pytest.mark.parametrize(("trusted", "address"), [("", "127.0.0.1"), ("127.0.0.1", "203.0.113.7")])
def test_a_client_is_believed_to_be_elsewhere_only_behind_a_trusted_proxy(
    tmp_path: Path, trusted: str, address: str
) -> None:
    env = {"ADMIN_PASSWORD": "right and long", "TRUSTED_PROXIES": trusted}
    body = {"password": "wrong", "updates": [{}]}
    with Server(data=tmp_path / "shop", env=env, arguments=["--init"]) as server:
        forwarded = {"X-Forwarded-For": "203.0.113.7"}
        answer = httpx.post(f"{server.url}/api/inventory/update", json=body, headers=forwarded)
        assert answer.status_code == 401
        owner = {"Authorization": f"Bearer {env['ADMIN_PASSWORD']}"}
        entry = httpx.get(f"{server.url}/api/admin/audit-log", headers=owner).json()["entries"][0]
        assert (entry["status"], entry["address"]) == (401, address)


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({}, "not configured: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRET, or try the demo"),
        ({"stripe_secret_key": "sk_test_1"}, "not configured: set STRIPE_WEBHOOK_SECRET, or"),
        (
            {"stripe_secret_key": "sk_test_1", "stripe_webhook_secrets": ("whsec_1",)},
            "Buyers pay with Stripe.",
        ),
        ({"demo": True}, "no money moves"),
    ],
)
def test_the_start_prints_whether_buyers_can_pay(settings: dict[str, Any], text: str) -> None:
    assert text in serve._payment_text(Settings.of(**settings))
