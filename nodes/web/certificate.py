"""The page's own certificate: made once for this user; its fingerprint is shown, so that it can be checked."""

import datetime
import hashlib
import ipaddress
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from liveaffect.nodes.web.access import token_file
from liveaffect.nodes.web.address import Listen
from liveaffect.stream.errors import TransportError
from liveaffect.stream.session.files import replace_with

DAYS, LEAST_DAYS = 730, 7


def own_certificate(listen: Listen) -> tuple[Path, str]:
    """The file that holds certificate and key, and the certificate's SHA-256 fingerprint, "AB:CD:...".

    Made at first need, and again where it is about to expire. Raises TransportError where it cannot be kept.
    """
    path = token_file().with_name("certificate.pem")
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        kept = _kept(path)
        if kept is None:
            replace_with(path, _made(listen), mode=0o600)
            kept = _kept(path)
    except OSError as error:
        raise TransportError(f"no certificate can be kept at {path}: {error}") from None
    if kept is None:
        raise TransportError(f"{path} holds no certificate: delete it, and another is made")
    digest = hashlib.sha256(kept.public_bytes(serialization.Encoding.DER)).hexdigest().upper()
    return path, ":".join(digest[i : i + 2] for i in range(0, len(digest), 2))


def context(path: Path) -> ssl.SSLContext:
    """TLS 1.2 or later with that certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.load_cert_chain(path)
    return made


def _kept(path: Path) -> x509.Certificate | None:
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return found if left > datetime.timedelta(days=LEAST_DAYS) else None


def _made(listen: Listen) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "liveaffect")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([_named(one) for one in listen.names()]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return made.public_bytes(serialization.Encoding.PEM) + private


def _named(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)
