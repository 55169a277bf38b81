from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

pytest.importorskip("cryptography", reason="cryptography is not installed")

from cryptography import x509

from greengrass_sim.errors import UsageError
from greengrass_sim.pki.authority import Authority, Issuing
from greengrass_sim.pki.pair import Pair


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "pki")
    pairs = [Pair.at(tmp_path / "pki", "ca"), authority.server(), authority.thing("lamp")]
    assert [mode(pair.key) for pair in pairs] == [0o600] * 3
    assert [mode(pair.certificate) & 0o777 for pair in pairs] == [0o644] * 3
    assert sorted(authority.made) == sorted(path for pair in pairs for path in (pair.certificate, pair.key))


def test_what_the_certificates_say(tmp_path: Path) -> None:
    authority = Authority(tmp_path, Issuing(days=10))
    server, _ = authority.server(["pi.local", "192.0.2.7"]).load()
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "pi.local"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == [
        "127.0.0.1",
        "::1",
        "192.0.2.7",
    ]
    thing, _ = authority.thing("a:b_c-d").load()
    assert thing.subject.rfc4514_string() == "CN=a:b_c-d"
    left = thing.not_valid_after_utc - datetime.now(UTC)
    assert timedelta(days=9, hours=23) < left < timedelta(days=10)


def test_what_is_there_is_kept(tmp_path: Path) -> None:
    first = Authority(tmp_path)
    first.server()
    first.thing("lamp")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    second = Authority(tmp_path)
    second.server()
    second.thing("lamp")
    assert second.made == []
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_renewing_keeps_the_authority(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.thing("lamp")
    before = (tmp_path / "ca.pem").read_bytes(), (tmp_path / "things" / "lamp.pem").read_bytes()
    again = Authority(tmp_path, Issuing(renew=True))
    again.thing("lamp")
    assert (tmp_path / "ca.pem").read_bytes() == before[0]
    assert (tmp_path / "things" / "lamp.pem").read_bytes() != before[1]


def test_half_a_pair(tmp_path: Path) -> None:
    Authority(tmp_path).thing("lamp").key.unlink()
    with pytest.raises(UsageError, match=r"lamp\.pem is there without its partner"):
        Authority(tmp_path).thing("lamp")


def test_a_certificate_of_another_authority(tmp_path: Path) -> None:
    foreign = Authority(tmp_path / "other").thing("lamp")
    authority = Authority(tmp_path / "pki")
    ours = authority.thing("lamp")
    for target, source in ((ours.key, foreign.key), (ours.certificate, foreign.certificate)):
        target.write_bytes(source.read_bytes())
    with pytest.raises(UsageError, match=r"lamp\.pem is not signed by .*ca\.pem; --renew makes it anew"):
        authority.thing("lamp")


def test_an_expired_certificate(tmp_path: Path) -> None:
    Authority(tmp_path, Issuing(days=0)).thing("lamp")
    with pytest.raises(UsageError, match="has expired; --renew"):
        Authority(tmp_path).thing("lamp")


def test_a_key_of_another_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.thing("a").key.write_bytes(authority.thing("b").key.read_bytes())
    with pytest.raises(UsageError, match=r"a\.key is not the EC key of .*a\.pem"):
        authority.thing("a")


def test_a_server_for_one_more_host(tmp_path: Path) -> None:
    Authority(tmp_path).server()
    with pytest.raises(UsageError, match=r"server\.pem is not for pi\.local; --renew"):
        Authority(tmp_path).server(["pi.local"])


@pytest.mark.parametrize("name", ["", "a/b", "../ca", "x" * 65])
def test_what_is_no_thing_name(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="no certificate for the thing"):
        Authority(tmp_path).thing(name)


def test_what_is_no_host_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot make a certificate for bücher"):
        Authority(tmp_path).server(["bücher"])
