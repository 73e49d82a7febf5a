"""The class that runs the program, with a replacement for the program."""

import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.support.processes import alive
from tests.support.server import Server

STAND_IN = """
import http.server, os, subprocess, sys, time

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = os.environ.get("GREETING", "hello").encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass

arguments = sys.argv[1:]
print("started with", arguments, os.environ.get("DATABASE_URL"), flush=True)
if "--fail" in arguments:
    sys.exit(2)
if "--workers" in arguments:
    worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
port = int(arguments[arguments.index("--port") + 1])
http.server.ThreadingHTTPServer(("127.0.0.1", port), Answer).serve_forever()
"""


@pytest.fixture
def program(tmp_path: Path) -> list[str]:
    script = tmp_path / "program.py"
    script.write_text(STAND_IN)
    return [sys.executable, str(script)]


def test_it_starts_stops_and_starts_again(program: list[str], tmp_path: Path) -> None:
    with Server(data=tmp_path, program=program, env={"GREETING": "good day"}) as server:
        url = server.url
        with urllib.request.urlopen(url) as answer:
            assert answer.read() == b"good day"
        server.stop()
        assert not server.running
        server.start()
        assert server.url == url
        assert server.log.count("started with") == 2
        assert str(tmp_path) in server.log


def test_kill_takes_the_workers_along(program: list[str], tmp_path: Path) -> None:
    with Server(data=tmp_path, program=program, workers=2) as server:
        family = psutil.Process(server.pid).children(recursive=True)
        assert len(family) == 1
        server.kill()
        assert not server.running
        assert not [member for member in family if alive(member)]
        server.kill()
        server.start()
        server.kill()


def test_a_failed_start_shows_the_log(program: list[str], tmp_path: Path) -> None:
    with (
        pytest.raises(RuntimeError, match=r"ended with 2:\nstarted with"),
        Server(data=tmp_path, program=program, arguments=["--fail"]),
    ):
        pass


def test_a_database_url_is_passed_by_the_environment_and_never_as_an_argument(
    program: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///developers-own.db")
    with Server(database_url="sqlite:///ours.db", program=program) as server:
        assert "sqlite:///ours.db" in server.log
    with Server(data=tmp_path, program=program) as server:
        assert "None" in server.log
    with pytest.raises(ValueError, match="either"):
        Server(program=program)


def test_an_error_in_the_block_carries_the_log(program: list[str], tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError) as raised,
        Server(data=tmp_path, program=program),
    ):
        _ = 1 / 0
    assert any("started with" in note for note in raised.value.__notes__)
