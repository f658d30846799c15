"""Who may ask the studio anything: the one door before every page, call and socket.

A studio holds somebody's footage and may start work, and any page that is open in the same browser
can send requests to this machine. So a request must name this server as its `Host` (another name
is DNS rebinding), come from our own pages where a browser says where it comes from, and carry the
token or the cookie that the token was exchanged for.
"""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Mapping, Sequence
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs, quote, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN_BYTES = 32
_MOST_JSON_BYTES, _MOST_DIGITS = 16 << 20, 18
_FILMS = ("multipart/", "application/octet-stream")
_READS = ("GET", "HEAD", "OPTIONS")
_SESSIONS = 1000
_CLOSE_REFUSED = 1008
"""WebSocket status "policy violation" (RFC 6455, 7.4.1)."""

_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    # The first address holds the token; it must not reach another server in a Referer.
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Refused(Exception):
    """A request that goes no further.

    Attributes:
        status: of HTTP.
        words: for whoever sent it; never repeats what was sent.
    """

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status, self.words = status, words


class Gate:
    """ASGI middleware around the whole studio.

    Args:
        app: what lies behind.
        token: the secret of the printed address.
        names: what `Host` may say, each `name:port`, in lower case.
        secure: whether the studio is reached by TLS.
        most_bytes: of a request's body.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        token: str,
        names: Sequence[str],
        secure: bool = False,
        most_bytes: int = 64 << 30,
    ) -> None:
        self._app, self._token = app, token.encode()
        self._names, self._secure, self._most_bytes = frozenset(names), secure, most_bytes
        # A cookie is not told apart by port, and two studios must not log each other out.
        self.cookie = f"understudy-{min(names).rpartition(':')[2]}"
        self._sessions: dict[str, None] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let one request in, or say why not."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            self._check_name(headers)
            self._check_origin(scope, headers)
            if (address := self._exchanged(scope, headers)) is not None:
                await self._welcome(address, send)
                return
            self._check_known(scope, headers)
            counted = self._counted(headers, receive)
        except Refused as refused:
            await _refuse(refused, scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        scope.setdefault("state", {})["nonce"] = nonce
        answer = _Answer(scope, send, nonce, self._policy(headers, nonce))
        try:
            await self._app(scope, counted, answer if scope["type"] == "http" else send)
        except Refused as refused:
            if not answer.begun:
                await _refuse(refused, scope, receive, send)

    def _check_name(self, headers: Headers) -> None:
        if headers.get("host", "").lower() not in self._names:
            raise Refused(400, "This server is not known by that name; use the printed address.")

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        """Refuse what another site's page sends, also where it carries our cookie."""
        origin = headers.get("origin")
        scheme = "https" if self._secure else "http"
        ours = {f"{scheme}://{name}" for name in self._names}
        if origin is not None and origin.lower() not in ours:
            raise Refused(403, "Requests from other sites are refused.")
        site = headers.get("sec-fetch-site", "none")
        is_read = scope["type"] == "http" and scope["method"] in _READS
        if not is_read and site not in ("none", "same-origin"):
            raise Refused(403, "Requests from other sites are refused.")

    def _exchanged(self, scope: Scope, headers: Headers) -> str | None:
        """Where to go on without the token, when the address carries one; None when it does not.

        Raises:
            Refused: it is another one.
        """
        if scope["type"] != "http" or scope["method"] != "GET":
            return None
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1"))
        if "token" not in asked:
            return None
        if not self._is_token(asked.pop("token")[0]):
            raise Refused(401, _UNKNOWN)
        rest = urlencode(asked, doseq=True)
        # Quoted, and without what a browser takes for the beginning of another server's name.
        return quote(str(scope["path"]).lstrip("/\\")) + (f"?{rest}" if rest else "")

    async def _welcome(self, address: str, send: Send) -> None:
        """Give a session, and lead to the same page without the token in its address."""
        session = secrets.token_urlsafe(TOKEN_BYTES)
        self._sessions[session] = None
        while len(self._sessions) > _SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        cookie = f"{self.cookie}={session}; Path=/; HttpOnly; SameSite=Strict"
        cookie += "; Secure" if self._secure else ""
        # A page and no redirect: after a link from elsewhere, a browser would keep a `Strict`
        # cookie back for the whole chain of redirects.
        page = (
            '<!doctype html><meta charset="utf-8"><title>Understudy</title>'
            f'<meta http-equiv="refresh" content="0;url=/{_attribute(address)}">'
            f'<p><a href="/{_attribute(address)}">Understudy</a></p>'
        )
        head = {"set-cookie": cookie, "content-type": "text/html; charset=utf-8"}
        await _answer(200, page.encode(), head, send)

    def _check_known(self, scope: Scope, headers: Headers) -> None:
        kind, _, given = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer" and self._is_token(given.strip()):
            return
        if _cookie(headers, self.cookie) in self._sessions:
            # A browser says where a socket or a change comes from. What says nothing is no browser,
            # and has the token.
            wants_origin = scope["type"] == "websocket" or scope["method"] not in _READS
            if not wants_origin or headers.get("origin") is not None:
                return
            raise Refused(403, "The browser did not say which page this comes from.")
        raise Refused(401, _UNKNOWN)

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token)

    def _counted(self, headers: Headers, receive: Receive) -> Receive:
        """The body, refused as soon as it is larger than allowed, whatever its head says."""
        declared = headers.get("content-length", "0")
        # Films come in parts or as bytes; anything else is read as a whole, and lies in memory so.
        film = headers.get("content-type", "").lower().startswith(_FILMS)
        most = self._most_bytes if film else min(self._most_bytes, _MOST_JSON_BYTES)
        too_much = Refused(413, f"At most {most} bytes are taken at once.")
        if not declared.isdecimal() or len(declared) > _MOST_DIGITS or int(declared) > most:
            raise too_much
        n_bytes = 0

        async def counted() -> Message:
            nonlocal n_bytes
            message = await receive()
            n_bytes += len(message.get("body", b""))
            if n_bytes > most:
                raise too_much
            return message

        return counted

    def _policy(self, headers: Headers, nonce: str) -> str:
        socket = f"{'wss' if self._secure else 'ws'}://{headers['host'].lower()}"
        return "; ".join(
            (
                "default-src 'self'",
                # Vue compiles its templates in the browser, hence eval; scripts in the page itself
                # run only with this answer's nonce.
                f"script-src 'self' 'nonce-{nonce}' 'unsafe-eval'",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data: blob:",
                f"connect-src 'self' {socket}",
                "object-src 'none'",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
            )
        )


class _Answer:
    """Puts our headers on an answer, and the nonce on the scripts of a page."""

    def __init__(self, scope: Scope, send: Send, nonce: str, policy: str) -> None:
        self._send, self._nonce, self._policy = send, nonce.encode(), policy
        self._is_call = str(scope["path"]).startswith("/api/")
        self._start: Message | None = None
        self._page: list[bytes] | None = None
        self.begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in (_HEADERS | {"content-security-policy": self._policy}).items():
                headers[name] = value
            is_page = headers.get("content-type", "").startswith("text/html")
            if is_page or (self._is_call and "cache-control" not in headers):
                headers["cache-control"] = "no-store"
            if is_page and "content-encoding" not in headers:
                self._start, self._page = message, []
                return
        elif message["type"] == "http.response.body" and self._page is not None:
            self._page.append(message.get("body", b""))
            if message.get("more_body"):
                return
            await self._send_page(b"".join(self._page))
            return
        self.begun = True
        await self._send(message)

    async def _send_page(self, page: bytes) -> None:
        assert self._start is not None  # noqa: S101 - set where the page began
        page = page.replace(b"<script", b'<script nonce="' + self._nonce + b'"')
        headers = MutableHeaders(scope=self._start)
        headers["content-length"] = str(len(page))
        self.begun, self._page = True, None
        await self._send(self._start)
        await self._send({"type": "http.response.body", "body": page})


_UNKNOWN = (
    "This studio is opened with the address that it printed when it was started, which ends in "
    "?token=...; programs send the token as: Authorization: Bearer TOKEN"
)


def local_names(host: str, port: int, others: Sequence[str] = ()) -> tuple[str, ...]:
    """What `Host` may say of a server that listens on this address.

    Args:
        host: the address listened on.
        port: of it.
        others: further names that the machine is reached by.
    """
    names = {host, *others}
    if host in ("127.0.0.1", "::1", "localhost"):
        names |= {"127.0.0.1", "localhost", "::1"}
    bracketed = (f"[{name}]" if ":" in name else name for name in names)
    return tuple(sorted(f"{name.lower()}:{port}" for name in bracketed))


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return "" if found is None else found.value


def _attribute(text: str) -> str:
    from html import escape

    return escape(text, quote=True)


async def _refuse(refused: Refused, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": _CLOSE_REFUSED, "reason": refused.words})
        return
    if str(scope["path"]).startswith("/api/"):
        body = json.dumps({"code": "refused", "message": refused.words}).encode()
        kind = "application/json"
    else:
        body, kind = (refused.words + "\n").encode(), "text/plain; charset=utf-8"
    await _answer(refused.status, body, {"content-type": kind}, send)


async def _answer(status: int, body: bytes, headers: Mapping[str, str], send: Send) -> None:
    known = {**_HEADERS, **headers, "cache-control": "no-store"}
    known |= {"content-security-policy": "default-src 'none'", "content-length": str(len(body))}
    raw = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in known.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
