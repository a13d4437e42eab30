"""Which web addresses may be told a secret."""

from api.web_addresses import is_confidential


def test_plain_http_is_for_this_machine_alone() -> None:
    for url in ("http://127.0.0.1:9000/x", "http://[::1]/x", "http://localhost:9000"):
        assert is_confidential(url, on_loopback=True)
        assert not is_confidential(url, on_loopback=False)
    for url in ("http://localhost.example", "http://10.0.0.1", "http://127.0.0.1.example"):
        assert not is_confidential(url, on_loopback=True)


def test_https_is_for_everybody_who_has_a_name() -> None:
    assert is_confidential("https://accounts.example", on_loopback=False)
    for url in ("https://", "https://me@accounts.example", "https:accounts.example", ""):
        assert not is_confidential(url, on_loopback=True)
