"""One file from an https address, with limits: nothing else is ever asked of a network here."""

from __future__ import annotations

import http.client
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import IO, Any, BinaryIO
from urllib.parse import urlsplit

from understudy.errors import WeightsError

Arrived = Callable[[int], object]
"""Called with the number of bytes that came since the last call; may raise to stop."""

_TIMEOUT_S = 20
_CHUNK = 1 << 18


class Unreachable(WeightsError):
    """No connection to the host; asking it for another file would only wait again."""


def download(url: str, into: BinaryIO, size: int, limit: int, arrived: Arrived) -> None:
    """Copy what lies at an address.

    Args:
        url: https only, also where it redirects to.
        into: where to write.
        size: bytes it must have, or 0 when that is not known.
        limit: most bytes that are taken when it is not.
        arrived: is told how much came.

    Raises:
        Unreachable: the host does not answer.
        WeightsError: the address is not https, has no such file, or gives more or less than it
            should; what was written is not to be used.
    """
    host = urlsplit(url).netloc
    if urlsplit(url).scheme != "https":
        raise WeightsError(f"{url} is not an https address")
    try:
        with _opener().open(url, timeout=_TIMEOUT_S) as response:
            length = str(response.headers.get("Content-Length"))
            stated = int(length) if length.isdecimal() else 0
            if size and stated not in (0, size):
                raise WeightsError(f"{host} has another file now: {stated:,} bytes, not {size:,}")
            n = copy(response, into, size or limit, arrived)
            if n != (size or stated or n):
                raise WeightsError(f"{host} stopped after {n:,} of {size or stated:,} bytes")
    except urllib.error.HTTPError as error:
        raise WeightsError(f"{host} answers {error.code} ({error.reason})") from error
    except urllib.error.URLError as error:
        raise Unreachable(f"{host} cannot be reached ({error.reason})") from error
    except (TimeoutError, ConnectionError, ssl.SSLError, http.client.HTTPException) as error:
        raise WeightsError(f"{host} broke off ({str(error) or type(error).__name__})") from error


def copy(source: IO[bytes], into: BinaryIO, limit: int, arrived: Arrived) -> int:
    """Copy a stream of at most `limit` bytes, and return how many it had.

    Raises:
        WeightsError: it has more.
    """
    n = 0
    while chunk := source.read(_CHUNK):
        n += len(chunk)
        if n > limit:
            raise WeightsError(f"it goes on after the {limit:,} bytes that it may have")
        into.write(chunk)
        arrived(len(chunk))
    return n


class _HttpsOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme != "https":
            raise WeightsError(f"{req.host} redirects to {newurl}, which is not an https address")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    """Opens https addresses and no others (the library's own also opens http, ftp and files)."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.UnknownHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _HttpsOnly(),
    ):
        opener.add_handler(handler)
    return opener
