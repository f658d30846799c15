"""Nobody gets in who should not: each rule of the gate, against the whole application."""

from __future__ import annotations

import pytest
from starlette.websockets import WebSocketDisconnect

from understudy.studio.gate import Gate, local_names

PROJECTS = "/api/v1/projects"
TOKEN = "a token of tests that is long enough to be one"


def test_the_token_opens(studio) -> None:
    assert studio.client.get(PROJECTS).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer \u00e9".encode("latin-1").decode("latin-1")},
        {"Cookie": "understudy-8765="},
        {"Cookie": f"understudy-8765={TOKEN}"},
    ],
)
def test_without_the_token_nothing_is_told(studio, headers) -> None:
    raw = {k.encode(): v.encode("latin-1") for k, v in headers.items()}
    answer = studio.stranger.get(PROJECTS, headers=raw)
    assert answer.status_code == 401
    assert str(studio.folder) not in answer.text
    assert TOKEN not in answer.text


@pytest.mark.parametrize("path", ["/", "/api/v1/openapi.json", "/nothing", "/_nicegui/x.js"])
def test_every_address_is_behind_the_gate(studio, path) -> None:
    assert studio.stranger.get(path).status_code == 401


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8765", "127.0.0.1", "127.0.0.1:80", "localhost.evil", ""]
)
def test_another_host_is_refused(studio, host) -> None:
    assert studio.client.get(PROJECTS, headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8765", "LOCALHOST:8765", "[::1]:8765"])
def test_all_names_of_this_machine_are_known(studio, host) -> None:
    assert studio.client.get(PROJECTS, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "https://127.0.0.1:8765", "http://127.0.0.1:8766", "http://["],
)
def test_another_origin_is_refused(studio, origin) -> None:
    assert studio.client.get(PROJECTS, headers={"Origin": origin}).status_code == 403


def test_the_address_gives_a_cookie_and_loses_the_token(studio) -> None:
    answer = studio.stranger.get("/jobs", params={"token": TOKEN, "page": "2"})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in answer.text + cookie
    assert "/jobs?page=2" in answer.text
    assert studio.stranger.get(PROJECTS).status_code == 200  # the client kept the cookie


@pytest.mark.parametrize("path", ["//evil.example", '/"><script>alert(1)</script>', "/\\evil"])
def test_the_address_leads_nowhere_else(studio, path) -> None:
    answer = studio.stranger.get(f"http://127.0.0.1:8765{path}", params={"token": TOKEN})
    assert "<script" not in answer.text
    leads = answer.text.partition("url=")[2].partition('"')[0]
    assert leads.startswith("/")
    assert not leads.startswith(("//", "/\\"))


def test_a_wrong_token_gives_no_cookie(studio) -> None:
    answer = studio.stranger.get("/", params={"token": "wrong"})
    assert answer.status_code == 401
    assert "set-cookie" not in answer.headers


def test_with_the_cookie_a_change_says_where_it_comes_from(studio) -> None:
    studio.stranger.get("/", params={"token": TOKEN})
    new = {"folder": "made"}
    assert studio.stranger.post(PROJECTS, json=new).status_code == 403
    foreign = {"Origin": "http://evil.example"}
    assert studio.stranger.post(PROJECTS, json=new, headers=foreign).status_code == 403
    other_site = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "cross-site"}
    assert studio.stranger.post(PROJECTS, json=new, headers=other_site).status_code == 403
    assert not (studio.folder / "made").exists()
    ours = {"Origin": "http://127.0.0.1:8765", "Sec-Fetch-Site": "same-origin"}
    assert studio.stranger.post(PROJECTS, json=new, headers=ours).status_code == 201


def test_a_socket_of_a_stranger_is_closed(studio) -> None:
    for headers in ({}, {"Origin": "http://evil.example", "Authorization": f"Bearer {TOKEN}"}):
        with (
            pytest.raises(WebSocketDisconnect) as closed,
            studio.stranger.websocket_connect("/socket", headers=headers),
        ):
            pass
        assert closed.value.code == 1008


@pytest.mark.parametrize("declares", [True, False])
def test_a_body_that_is_too_large_is_refused(declares) -> None:
    from fastapi.testclient import TestClient

    got = 0

    async def swallow(scope, receive, send) -> None:
        nonlocal got
        more = True
        while more:
            message = await receive()
            got += len(message.get("body", b""))
            more = message.get("more_body", False)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"taken"})

    names = local_names("127.0.0.1", 8765)
    app = Gate(swallow, token=TOKEN, names=names, most_bytes=1000)
    client = TestClient(app, base_url="http://127.0.0.1:8765")
    body = b"x" * 4000
    sent = body if declares else (body[i : i + 100] for i in range(0, 4000, 100))
    answer = client.post("/", content=sent, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 413
    assert got <= 1000
    small = client.post("/", content=body[:900], headers={"Authorization": f"Bearer {TOKEN}"})
    assert small.text == "taken"


def test_every_answer_carries_the_policy(studio) -> None:
    known = studio.client.get(PROJECTS)
    for answer in (known, studio.stranger.get(PROJECTS), studio.client.get("/nothing")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src" in answer.headers["content-security-policy"]
    assert known.headers["cache-control"] == "no-store"
    scripts = known.headers["content-security-policy"].partition("script-src")[2].partition(";")[0]
    assert "unsafe-inline" not in scripts
