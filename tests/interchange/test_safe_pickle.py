from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest

import understudy
from understudy.errors import ValueRefused
from understudy.interchange.pickles import safe_pickle

SRC = str(Path(understudy.__file__).parents[1])
BUDGET = 64 << 20

RUNNER = """
import pickle, resource, sys
import numpy
from pathlib import Path
from understudy.errors import ValueRefused
from understudy.interchange.pickles import safe_pickle
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
for name, data in pickle.loads(sys.stdin.buffer.read()):
    try:
        safe_pickle.loads(data, budget_bytes=64 << 20)
    except ValueRefused as error:
        assert 0 < len(str(error)) < 400, name
    else:
        sys.exit(f"{name} was taken")
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
assert grown < 400 << 10, f"memory grew by {grown} KiB"
print("refused all")
"""


class Runs:
    """Pickles to a call."""

    def __init__(self, what, *arguments):
        self.reduced = (what, arguments)

    def __reduce__(self):
        return self.reduced


class Stateful:
    def __setstate__(self, state):
        raise AssertionError("ran")

    def __getstate__(self):
        return {"a": 1}


def corpus(canary: Path) -> list[tuple[str, bytes]]:
    """Payloads that run code, or take memory, time or the stack, under an unpickler that trusts."""
    shell = f"touch {canary}"
    python = f"open({str(canary)!r}, 'w').close()"
    call = b"(" + b"X" + struct.pack("<I", len(shell)) + shell.encode()
    run = b"X" + struct.pack("<I", len(python)) + python.encode()

    def text(value: str) -> bytes:
        return b"\x8c" + bytes([len(value)]) + value.encode()

    payloads: list[tuple[str, bytes]] = []

    def add(name: str, data: bytes) -> None:
        payloads.append((name, data))

    for protocol in range(6):
        add(f"os.system protocol {protocol}", pickle.dumps(Runs(os.system, shell), protocol))
        add(f"eval protocol {protocol}", pickle.dumps(Runs(eval, python), protocol))
    for module, name in [
        ("posix", "system"),
        ("nt", "system"),
        ("subprocess", "Popen"),
        ("subprocess", "check_output"),
        ("builtins", "exec"),
        ("builtins", "compile"),
        ("builtins", "__import__"),
        ("builtins", "getattr"),
        ("builtins", "open"),
        ("builtins", "bytearray"),
        ("__builtin__", "eval"),
        ("runpy", "run_path"),
        ("importlib", "import_module"),
        ("operator", "attrgetter"),
        ("functools", "partial"),
        ("webbrowser", "open"),
        ("shutil", "rmtree"),
        ("code", "interact"),
        ("timeit", "timeit"),
        ("torch", "load"),
        ("numpy", "load"),
        ("numpy.f2py", "compile"),
        ("numpy.testing._private.utils", "runstring"),
        ("numpy.core.multiarray", "fromfile"),
        ("numpy", "ndarray.tofile"),
        ("understudy.interchange.pickles.names", "Name"),
        ("understudy.interchange.pickles.safe_pickle", "loads"),
        ("", ""),
    ]:
        add(f"GLOBAL {module}.{name}", f"c{module}\n{name}\n".encode() + call + b"tR.")
    add("STACK_GLOBAL", b"\x80\x04" + text("os") + text("system") + b"\x93" + call + b"tR.")
    dotted = text("numpy") + text("ndarray.__class__.__subclasses__")
    add("dotted name", b"\x80\x04" + dotted + b"\x93)R.")
    dotted = text("numpy.core.multiarray") + text("_reconstruct.__globals__")
    add("dotted name of one that is known", b"\x80\x04" + dotted + b"\x93.")
    add("STACK_GLOBAL of numbers", b"\x80\x04K\x01K\x02\x93.")
    add("STACK_GLOBAL of a list", b"\x80\x04]" + text("system") + b"\x93.")
    add("INST", b"(" + run + b"ios\nsystem\n.")
    add("OBJ", b"(cos\nsystem\n" + run + b"o.")
    add("NEWOBJ", b"\x80\x02cos\nsystem\n)\x81.")
    add("NEWOBJ of a name that is known", b"\x80\x02cnumpy\nndarray\n(K\x01t\x81.")
    add("NEWOBJ_EX", b"\x80\x04cnumpy\nndarray\n)}\x92.")
    add("NEWOBJ by pickle", pickle.dumps(OrderedDict(a=1)))
    add("__setstate__", pickle.dumps(Stateful()))
    for opcode, size in ((0x82, 1), (0x83, 2), (0x84, 4)):
        add(f"EXT {size}", b"\x80\x02" + bytes([opcode]) + b"\x01" * size + b".")
    add("PERSID", b"Pid\n.")
    add("BINPERSID", b"K\x01Q.")
    add("NEXT_BUFFER", b"\x80\x05\x97.")
    add("READONLY_BUFFER", b"\x80\x05\x97\x98.")
    add("REDUCE of text", text("system") + call + b"tR.")
    add("REDUCE of a dict", b"}" + call + b"tR.")
    add("REDUCE with a list", b"cnumpy\ndtype\n]R.")
    add("BUILD of a dict", b"}}b.")
    add("BUILD of a name", b"cnumpy\nndarray\n}b.")
    add("BUILD slots of a name", b"cnumpy\ndtype\nN}\x86b.")
    add("chain of calls", b"c_codecs\nencode\nc_codecs\nencode\n)R\x85R.")
    add("encode with a codec", b"c_codecs\nencode\n" + text("a") + text("rot13") + b"\x86R.")
    add("encode with zip", b"c_codecs\nencode\n" + text("a") + text("zip") + b"\x86R.")
    dtype = b"cnumpy\ndtype\n"
    for code in (
        "O",
        "O8",
        "V8",
        "U9999999",
        "S9",
        "M8",
        "c16",
        "f8,O",
        "object",
        "{}",
        "1000000f8",
    ):
        add(f"dtype {code}", dtype + text(code) + b"\x85R.")
    add("object array", pickle.dumps(np.array([Runs(os.system, shell)], object)))
    add("record array", pickle.dumps(np.zeros(2, [("a", "f8"), ("b", "O")])))
    add(
        "object state of a plain dtype",
        dtype + text("f8") + b"\x85R(K\x03" + text("|") + b"NNNK\x08K\x08K?tb.",
    )
    made = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR"
    f8 = dtype + text("f8") + b"\x85R"
    huge = b"\x8a\x08" + struct.pack("<q", 2**60)
    add(
        "array of a huge shape",
        made + b"(K\x01" + huge + b"\x85" + f8 + b"\x89C\x08" + b"a" * 8 + b"tb.",
    )
    add(
        "array of an overflowing shape",
        made + b"(K\x01" + huge + huge + b"\x86" + f8 + b"\x89C\x00tb.",
    )
    add(
        "array of a negative shape",
        made + b"(K\x01J\xff\xff\xff\xff\x85" + f8 + b"\x89C\x08" + b"a" * 8 + b"tb.",
    )
    add("array without bytes", made + b"(K\x01K\x01\x85" + f8 + b"\x89]tb.")
    add("array built twice", made + (b"(K\x01K\x00\x85" + f8 + b"\x89C\x00tb") * 2 + b".")
    add(
        "array of a subclass",
        b"cnumpy.core.multiarray\n_reconstruct\n(cos\nsystem\n(K\x00tC\x01btR.",
    )
    add("a format as value", f8 + b".")
    add("a name as value", b"cnumpy\nndarray\n.")
    add("a name in a list", b"](cnumpy\nndarray\ne.")
    # Memory, time and the stack
    add("huge bytes", b"\x8e" + struct.pack("<Q", 2**40) + b"a.")
    add("huge text", b"\x8d" + struct.pack("<Q", 2**62) + b"a.")
    add("huge bytearray", b"\x80\x05\x96" + struct.pack("<Q", 2**40) + b"a.")
    add("huge frame", b"\x80\x04\x95" + struct.pack("<Q", 2**63))
    add("huge memo key", b"Nr\xff\xff\xff\xff" * 1_000_000 + b"")
    add("memo of everything", b"]" + b"\x94" * 4_000_000 + b".")
    add("negative memo key", b"Np-1\ng-1\n0.")
    add("huge number", b"\x8b" + struct.pack("<i", 4_000_000) + b"\x7f" * 4_000_000 + b".")
    add("huge number in digits", b"I" + b"9" * 4000 + b"\n.")
    add("endless digits", b"L" + b"9" * 9_000_000)
    add("negative length", b"\x8b\xff\xff\xff\xff.")
    add("many lists", b"](" + b"]" * 8_000_000 + b"e.")
    add("many dicts", b"](" + b"}" * 8_000_000 + b"e.")
    add("many marks", b"(" * 8_000_000)
    add("deep lists", b"]" * 100_000 + b"a" * 99_999 + b".")
    add("deep tuples", b")" + b"\x85" * 1_000_000 + b".")
    add("deep tuple as key", b"})" + b"\x85" * 14 + b"Ns.")
    add("doubling tuples as key", b"})" + b"q\x00h\x00\x86" * 60 + b"Ns.")
    laughs = b"](" + b"K\x01" * 10 + b"e" + b"q\x00"
    for _ in range(12):
        laughs += b"](" + b"h\x00" * 10 + b"eq\x00"
    add("billion laughs", laughs + b".")
    big = b"B" + struct.pack("<I", 1 << 20) + b"a" * (1 << 20)
    add("one text shared by many", b"](" + big + b"q\x00" + b"h\x00" * 4000 + b"e.")
    add("a list in itself", b"]q\x00h\x00a.")
    add("a dict in itself", b"}q\x00X\x01\x00\x00\x00ah\x00s.")
    add("a list that grows after it was shared", b"](]q\x00h\x00(K\x01K\x02ee.")
    add("DUP", b"]2a.")
    add("number as key", b"}K\x01K\x02s.")
    add("set", pickle.dumps({1, 2}))
    add("frozen set", pickle.dumps(frozenset({1})))
    add("complex number", pickle.dumps(1j))
    # Damage
    add("empty", b"")
    add("no end", b"\x80\x04")
    add("nothing left", b".")
    add("two values", b"NN.")
    add("open mark", b"(N.")
    add("no mark", b"Ne.")
    add("too little for a tuple", b"N\x87.")
    add("append to nothing", b"Na.")
    add("unknown memo", b"h\x07.")
    add("unknown opcode", b"\xff.")
    add("protocol 9", b"\x80\x09N.")
    add("a file of text", b"hello, world")
    return payloads


def test_nothing_of_the_corpus_runs_or_takes_memory(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    payloads = corpus(canary)
    assert len(payloads) >= 40 and len({name for name, _ in payloads}) == len(payloads)
    done = subprocess.run(
        [sys.executable, "-c", RUNNER],
        input=pickle.dumps(payloads),
        env={**os.environ, "PYTHONPATH": SRC},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0 and b"refused all" in done.stdout, done.stderr[-600:]
    assert not canary.exists()


def test_the_corpus_would_run_where_pickles_are_trusted(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    dangerous = [d for name, d in corpus(canary) if name in ("STACK_GLOBAL", "GLOBAL posix.system")]
    for data in dangerous:
        pickle.loads(data)  # noqa: S301
        assert canary.exists()
        canary.unlink()
    assert len(dangerous) == 2


def test_a_refusal_names_what_was_asked_for() -> None:
    with pytest.raises(ValueRefused, match=r"posix\.system.*nothing was run"):
        safe_pickle.loads(pickle.dumps(Runs(os.system, "true")), budget_bytes=BUDGET)


VALUE = {
    "text": ["a", "ü", "x" * 300, ""],
    "numbers": [0, 1, 255, 256, 65535, 65536, -1, 2**31, -(2**40), 2**70, 0.5, -1e300],
    "rest": (None, True, False, b"", b"bytes" * 100, (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4)),
    "points": [[float(i), i / 3] for i in range(2000)],
    "thumb": list(range(256)) * 20,
    "nested": {"a": {"b": [{"c": []}, {}]}},
    "same": ["shared", "shared"],
}


@pytest.mark.parametrize("protocol", range(6))
def test_plain_values_are_what_pickle_reads(protocol: int) -> None:
    read = safe_pickle.loads(pickle.dumps(VALUE, protocol), budget_bytes=BUDGET)
    assert read == VALUE
    assert [type(v) for v in read["rest"]] == [type(v) for v in VALUE["rest"]]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "<i4", ">i2", "u1", "?", "<u8"])
def test_arrays_are_what_numpy_reads(protocol: int, dtype: str) -> None:
    arrays = [
        np.arange(24).reshape(2, 3, 4).astype(dtype),
        np.asfortranarray(np.arange(6).reshape(2, 3).astype(dtype)),
        np.zeros((0, 2), dtype),
        np.ones((), dtype),
    ]
    data = pickle.dumps(arrays, protocol)
    read = safe_pickle.loads(data, budget_bytes=BUDGET)
    trusted = pickle.loads(data)  # noqa: S301
    for got, want in zip(read, trusted, strict=True):
        assert got.dtype == want.dtype and got.shape == want.shape
        assert got.tolist() == want.tolist()


def test_numpy_scalars_become_numbers() -> None:
    scalars = [np.float64(1.5), np.float32(0.25), np.int64(-7), np.bool_(True)]
    read = safe_pickle.loads(pickle.dumps(scalars), budget_bytes=BUDGET)
    assert read == [1.5, 0.25, -7, True]
    assert [type(v) for v in read] == [float, float, int, bool]


def test_old_numpy_names_and_enumerations(foreign) -> None:
    member = foreign.Member("facelib.FaceType", "FaceType", 4)
    array = np.arange(6, dtype=np.float64).reshape(3, 2)
    data = foreign.pickled({"type": member, "array": array})
    enums = [("facelib.FaceType", "FaceType")]
    read = safe_pickle.loads(data, budget_bytes=BUDGET, enums=enums)
    assert read["type"] == 4 and np.array_equal(read["array"], array)
    with pytest.raises(ValueRefused, match="FaceType"):
        safe_pickle.loads(data, budget_bytes=BUDGET)


def test_the_budget_is_kept() -> None:
    data = pickle.dumps([float(i) + 0.5 for i in range(10_000)])
    assert len(safe_pickle.loads(data, budget_bytes=1 << 20)) == 10_000
    with pytest.raises(ValueRefused, match="more than a file of this size"):
        safe_pickle.loads(data, budget_bytes=1 << 18)
