"""A certificate for names on loopback, and the authority that signed it: some clients take no authority as a server."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """The files of a server's certificate, of its key, and of the authority that clients trust."""

    authority: Path
    certificate: Path
    key: Path

    def secure(self, server: ThreadingHTTPServer) -> None:
        """Let a server answer by TLS alone."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)


def write_certificate(folder: Path, *names: str) -> Certificate:
    """Write a certificate for names of hosts, good for a day."""
    authority, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    hosts = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    trusted = _make("authority", authority, True).sign(authority, hashes.SHA256())
    made = _make("server", key, False).add_extension(hosts, critical=False).sign(authority, hashes.SHA256())
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    files = Certificate(authority=folder / "ca.pem", certificate=folder / "cert.pem", key=folder / "key.pem")
    files.authority.write_bytes(trusted.public_bytes(pem))
    files.certificate.write_bytes(made.public_bytes(pem))
    files.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return files


def _make(name: str, key: ec.EllipticCurvePrivateKey, is_authority: bool) -> x509.CertificateBuilder:
    """Return a certificate that the authority is to sign."""
    subject, issuer = (x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, each)]) for each in (name, "authority"))
    now, day = datetime.now(UTC), timedelta(days=1)
    made = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number()).not_valid_before(now - day).not_valid_after(now + day)
    return made.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
