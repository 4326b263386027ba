"""Tells what is wrong here, such as no file descriptor left, from what is wrong with the service that is asked."""

import errno
import resource
import socket
import ssl

from harness_latency.plan import CLOSED, NO_TLS, REFUSED, TIMED_OUT, UNREACHABLE, Endpoint

OF_SERVICES = {  # what a service, or the way to it, does to a connection
    errno.ECONNREFUSED: REFUSED,
    errno.ECONNRESET: CLOSED,
    errno.ECONNABORTED: CLOSED,
    errno.EPIPE: CLOSED,
    errno.EHOSTUNREACH: UNREACHABLE,
    errno.EHOSTDOWN: UNREACHABLE,
}
TOO_MANY_FILES = (errno.EMFILE, errno.ENFILE)


class GeneratorFault(Exception):
    """The generator cannot send its load, so nothing was seen of the service."""


def failure_to_open(trouble: OSError, endpoint: Endpoint) -> int:
    """Return the status of a request for which no connection could be opened; a GeneratorFault if that is our fault."""
    if isinstance(trouble, TimeoutError):
        return TIMED_OUT
    if isinstance(trouble, ssl.SSLError) and not isinstance(trouble, ssl.SSLCertVerificationError):
        return NO_TLS
    if trouble.errno in OF_SERVICES and not isinstance(trouble, socket.gaierror):
        return OF_SERVICES[trouble.errno]
    raise GeneratorFault(_fault_text(trouble, endpoint)) from trouble


def _fault_text(trouble: OSError, endpoint: Endpoint) -> str:
    if isinstance(trouble, socket.gaierror):
        return f"the host {endpoint.host!r} is not known here ({trouble.strerror}); repair the url or the name service"
    if isinstance(trouble, ssl.SSLCertVerificationError):
        message = f"the certificate of {endpoint} is not trusted: {trouble.verify_message}"
        return f"{message}; repair it, or name the file of its authority in SSL_CERT_FILE"
    if trouble.errno in TOO_MANY_FILES:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return f"no file is left for a connection (the limit is {files}); raise `ulimit -n`, or lower `connections`"
    return f"no connection to {endpoint} can be opened from here: {trouble.strerror or trouble}"


def raise_file_limit() -> None:
    """Let this process open as many files as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
