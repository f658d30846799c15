"""Listening: on this machine alone unless a certificate makes it safe to be reached from others."""

from __future__ import annotations

import errno
import importlib
import ipaddress
import os
import secrets
import signal
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from understudy.errors import StoreError, ValueRefused
from understudy.studio.app import build
from understudy.studio.gate import TOKEN_BYTES, local_names

DEFAULT_PORT = 8765
_WARM_AFTER_S = 3.0
_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - recognised, so that it can be refused without TLS


@dataclass(frozen=True, slots=True)
class Listening:
    """Where and how the studio is reached.

    Attributes:
        host: address to listen on.
        port: of it; 0 takes a free one.
        names: further names that the machine is reached by.
        certificate, key: PEM files for TLS, or None.
        token: the secret; "" makes a new one.
    """

    host: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    names: tuple[str, ...] = ()
    certificate: Path | None = None
    key: Path | None = None
    token: str = ""

    def __post_init__(self) -> None:
        if (self.certificate is None) != (self.key is None):
            raise ValueRefused("--certificate and --key belong together; give both or neither")
        for path in (self.certificate, self.key):
            if path is not None and not path.is_file():
                raise ValueRefused(f"{path}: there is no such file")
        if not self.is_local and self.certificate is None:
            raise ValueRefused(
                f"--host {self.host}: others could read the token and the films on the way; give "
                "--certificate and --key for TLS, or leave --host away and reach the studio "
                f"through ssh: ssh -L {self.port}:127.0.0.1:{self.port} THIS-MACHINE"
            )
        if self.token and len(self.token) < TOKEN_BYTES:
            raise ValueRefused(f"token: expected at least {TOKEN_BYTES} letters")

    @property
    def is_local(self) -> bool:
        """Whether only programs of this machine can reach it."""
        if self.host in _LOOPBACK:
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def secure(self) -> bool:
        """Whether it is reached by TLS."""
        return self.certificate is not None


def serve(
    roots: Sequence[Path],
    listening: Listening,
    say: Callable[[str], None],
    *,
    open_browser: bool = True,
    pages: bool = True,
) -> None:
    """Serve until Ctrl-C or SIGTERM; jobs that were begun go on by themselves.

    Args:
        roots: folders that may be touched, the first one that relative paths count from.
        listening: where.
        say: is told the address.
        open_browser: open it in the person's browser, where there is one.
        pages: serve the pages too, not the calls alone.

    Raises:
        ValueRefused: a root is no folder.
        StoreError: nothing can listen there; says why and what to do.
    """
    token = listening.token or secrets.token_urlsafe(TOKEN_BYTES)
    with _bound(listening) as sock:
        port = sock.getsockname()[1]
        names = local_names(listening.host, port, _names(listening))
        app = build(roots, token=token, names=names, secure=listening.secure, pages=pages)
        address = f"{'https' if listening.secure else 'http'}://{_shown(listening)}:{port}/"
        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,  # its lines would hold the token
            server_header=False,
            ssl_certfile=listening.certificate,
            ssl_keyfile=listening.key,
            timeout_graceful_shutdown=3,
        )
        server = _Server(config)
        say(f"{address}?token={token}")
        if pages and open_browser and _has_browser():
            threading.Thread(
                target=webbrowser.open, args=(f"{address}?token={token}",), daemon=True
            ).start()
        if pages:
            later = threading.Timer(_WARM_AFTER_S, _warm)
            later.daemon = True
            later.start()
        server.run(sockets=[sock])


def _warm() -> None:
    """Import what takes long, while somebody looks at the first page; the next ones want it."""
    with suppress(ImportError):
        importlib.import_module("understudy.runs.cast")


class _Server(uvicorn.Server):
    """Ends well when it is asked to: uvicorn's own would die of the signal after its shutdown."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stop serving at Ctrl-C, SIGTERM and a lost terminal."""
        asked = [signal.SIGINT, signal.SIGTERM]
        asked += [signal.SIGHUP] if hasattr(signal, "SIGHUP") else []
        before = {each: signal.signal(each, self.handle_exit) for each in asked}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)


def _bound(listening: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((listening.host, listening.port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        where = f"{listening.host}:{listening.port}"
        if error.errno == errno.EADDRINUSE:
            raise StoreError(
                f"{where}: another program listens there, perhaps another studio; take another "
                "--port, or 0 for a free one"
            ) from error
        raise StoreError(f"{where}: cannot be listened on ({error.strerror})") from error
    return sock


def _names(listening: Listening) -> tuple[str, ...]:
    """What else the machine is called; an address for all networks is called none of itself."""
    if listening.host not in _EVERYWHERE:
        return listening.names
    own = socket.gethostname()
    found = {own, socket.getfqdn(), "localhost", "127.0.0.1", *listening.names}
    with suppress(OSError):
        found |= {str(each[4][0]) for each in socket.getaddrinfo(own, None)}
    return tuple(sorted(found))


def _shown(listening: Listening) -> str:
    if listening.names:
        return listening.names[0]
    if listening.host in _EVERYWHERE:
        return socket.gethostname()
    return f"[{listening.host}]" if ":" in listening.host else listening.host


def _has_browser() -> bool:
    """Whether a person sits before this machine; over ssh a browser of the server is no use."""
    if os.environ.get("SSH_CONNECTION"):
        return False
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return True
