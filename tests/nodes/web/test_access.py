"""Who is let in: the token, and requests that a browser makes for somebody else's page."""

import stat
from pathlib import Path

import pytest

from liveaffect.nodes.web.access import MINUTE_S, WRONG_A_MINUTE, Access, Asked, own_token, token_file
from liveaffect.nodes.web.address import Listen, listen_at
from liveaffect.stream.errors import UsageError

TOKEN = "the-right-token"


class Door:
    def __init__(self) -> None:
        self.now = 1000.0
        self.access = Access(TOKEN, "http", 7895, lambda: ["127.0.0.1", "localhost"], lambda: self.now)

    def ask(self, *, bearer="", query=None, cookie=None, path="/ws", peer="10.0.0.9", method="GET", **headers) -> int:
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        told.setdefault("Host", "127.0.0.1:7895")
        if bearer:
            told["Authorization"] = f"Bearer {bearer}"
        return self.access.judge(Asked(method, path, peer, told, query, cookie)).status


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_token_lets_in_by_header_address_or_cookie(door: Door) -> None:
    assert door.ask(bearer=TOKEN) == door.ask(query=TOKEN) == door.ask(cookie=TOKEN) == 200


@pytest.mark.parametrize("wrong", ["", "x", "the-right-token ", "THE-RIGHT-TOKEN", "the-right-toke", "ünïcode\ud800"])
def test_any_other_token_does_not(door: Door, wrong: str) -> None:
    assert door.ask(query=wrong) == door.ask(cookie=wrong) == 401


def test_without_a_token_nobody_is_let_in_and_that_counts_as_no_wrong_one(door: Door) -> None:
    assert {door.ask() for _ in range(10 * WRONG_A_MINUTE)} == {401}
    assert door.ask(bearer=TOKEN) == 200


@pytest.mark.parametrize("host", ["evil.example:7895", "127.0.0.1", "127.0.0.1:80", "localhost.evil.example:7895", ""])
def test_another_name_of_the_page_is_a_trick(door: Door, host: str) -> None:
    assert door.ask(bearer=TOKEN, Host=host) == 421


@pytest.mark.parametrize(
    "origin",
    ["null", "*", "http://evil.example", "https://127.0.0.1:7895", "http://127.0.0.1:7896", "http://127.0.0.1"],
)
def test_another_origin_is_refused_even_with_the_token(door: Door, origin: str) -> None:
    assert door.ask(cookie=TOKEN, Origin=origin) == 403


def test_its_own_origin_is_not(door: Door) -> None:
    assert door.ask(cookie=TOKEN, Origin="http://127.0.0.1:7895") == 200
    assert door.ask(cookie=TOKEN, Origin="http://localhost:7895", Host="localhost:7895") == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_picture_or_script_of_another_site_gets_nothing_and_a_followed_link_does(door: Door, site: str) -> None:
    assert door.ask(cookie=TOKEN, path="/picture", Sec_Fetch_Site=site, Sec_Fetch_Mode="no-cors") == 403
    assert door.ask(cookie=TOKEN, path="/state", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate") == 403
    assert door.ask(query=TOKEN, path="/", Sec_Fetch_Site=site, Sec_Fetch_Mode="navigate") == 200


def test_after_wrong_tokens_none_is_compared_from_there_until_a_minute_has_passed(door: Door) -> None:
    assert [door.ask(query="guess") for _ in range(WRONG_A_MINUTE)] == [401] * WRONG_A_MINUTE
    assert door.ask(bearer=TOKEN) == 429
    assert door.ask(bearer=TOKEN, peer="10.0.0.10") == 200
    door.now += MINUTE_S + 1
    assert door.ask(bearer=TOKEN) == 200


def test_a_network_of_ipv6_is_one_guesser(door: Door) -> None:
    for i in range(WRONG_A_MINUTE):
        door.ask(query="guess", peer=f"2001:db8::{i:x}")
    assert door.ask(bearer=TOKEN, peer="2001:db8::ffff") == 429
    assert door.ask(bearer=TOKEN, peer="2001:db9::1") == 200


def test_what_another_site_makes_a_browser_ask_locks_nobody_out(door: Door) -> None:
    for _ in range(10 * WRONG_A_MINUTE):
        door.ask(query="guess", path="/state", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors")
        door.ask(query="guess", Origin="http://evil.example")
    assert door.ask(bearer=TOKEN) == 200


def test_many_guessers_are_remembered_in_bounded_memory(door: Door) -> None:
    for i in range(3000):
        door.now += 1.0
        door.ask(query="guess", peer=f"10.1.{i // 256}.{i % 256}")
    assert len(door.access._wrong) <= 1000


def test_the_users_token_is_kept_for_the_user_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = own_token()
    assert own_token() == first
    assert len(first) >= 32
    assert stat.S_IMODE(token_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(token_file().parent.stat().st_mode) == 0o700
    assert own_token(new=True) != first
    token_file().write_text("short")
    assert len(own_token()) >= 32


def test_addresses_are_read_and_refused_in_words() -> None:
    assert listen_at("7895") == Listen("127.0.0.1", 7895)
    assert listen_at("[::1]:80").host == "::1"
    assert not listen_at("localhost:80").tls
    assert listen_at("0.0.0.0:7895").tls
    for wrong in ("", "host", "host:", "host:0", "host:70000", "http://x:1", "::1:80x"):
        with pytest.raises(UsageError, match="ADDRESS:PORT"):
            listen_at(wrong)


def test_where_it_listens_everywhere_it_answers_to_its_addresses_and_no_other_name() -> None:
    names = listen_at("0.0.0.0:7895").names()
    assert "127.0.0.1" in names
    assert "*" not in names
    assert listen_at("192.0.2.7:7895").names() == ["192.0.2.7"]
