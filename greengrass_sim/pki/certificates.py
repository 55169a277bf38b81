"""X.509 certificates with EC P-256 keys, as MQTT clients and servers expect them (RFC 5280)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

Signer = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]

_SKEW = timedelta(minutes=5)  # clocks of devices are rarely exact
_USAGES = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment")
_OTHER_USAGES = ("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")


def authority(name: str, days: int) -> Signer:
    """A self-signed certificate that may sign others, but no further authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(name, key, days)
        .issuer_name(_name(name))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage("key_cert_sign", "crl_sign"), critical=True)
    )
    return builder.sign(key, hashes.SHA256()), key


def server(signer: Signer, name: str, hosts: Iterable[str], days: int) -> Signer:
    """A server's certificate, for host names and IP addresses."""
    names = x509.SubjectAlternativeName(general_names(hosts))
    return _leaf(signer, name, [names, x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])], days)


def client(signer: Signer, name: str, days: int) -> Signer:
    """A client's certificate; `name` is its common name."""
    return _leaf(signer, name, [x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])], days)


def general_names(hosts: Iterable[str]) -> list[x509.GeneralName]:
    """Addresses as addresses, everything else as a DNS name."""
    names: list[x509.GeneralName] = []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return names


def _leaf(signer: Signer, name: str, extensions: list[x509.ExtensionType], days: int) -> Signer:
    issuer, issuer_key = signer
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(name, key, days)
        .issuer_name(issuer.subject)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage("digital_signature"), critical=True)
        .add_extension(_issuer_id(issuer), critical=False)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(issuer_key, hashes.SHA256()), key


def _builder(name: str, key: ec.EllipticCurvePrivateKey, days: int) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SKEW)
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _issuer_id(issuer: x509.Certificate) -> x509.AuthorityKeyIdentifier:
    identity = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identity)


def _key_usage(*allowed: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in allowed for name in (*_USAGES, *_OTHER_USAGES)})
