"""`fancymonkey storefront`: a folder for a static host."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from fancymonkey import storefront
from fancymonkey.commands.operation.storefront import storefront as command
from fancymonkey.errors import ConfigError, DataError

API = "https://stock.example.com"


def write(folder: Path, *more: str, api: str = API) -> None:
    CliRunner().invoke(command, ["--to", str(folder), "--api", api, *more], catch_exceptions=False)


def test_every_file_is_written_with_the_address_of_the_service(tmp_path: Path) -> None:
    write(tmp_path / "site", api=f"{API}/")
    names = {path.name for path in (tmp_path / "site").iterdir()}
    assert names == {path.name for path in storefront.files()}
    for page in ("index.html", "success.html", "cancel.html"):
        text = (tmp_path / "site" / page).read_text()
        assert f'<meta name="fancymonkey-api" content="{API}">' in text
        assert f"connect-src {API} wss://stock.example.com;" in text
    assert (tmp_path / "site" / "fancymonkey.js").read_bytes() == storefront.MODULE.read_bytes()


def test_changes_of_the_owner_are_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "shop.css").write_text("mine")
    with pytest.raises(DataError, match=r"already has shop\.css"):
        write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["shop.css"]
    write(tmp_path, "--force")
    assert (tmp_path / "shop.css").read_text() != "mine"


@pytest.mark.parametrize("api", ["", "stock.example.com", "ftp://x", "https://", "https://x/?q=1"])
def test_invalid_addresses_are_refused(tmp_path: Path, api: str) -> None:
    with pytest.raises(ConfigError, match="--api must be an address"):
        write(tmp_path / "site", api=api)
    assert not (tmp_path / "site").exists()
