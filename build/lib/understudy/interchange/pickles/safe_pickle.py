"""Reads pickles as data: a small machine of our own that can only build plain values.

Python's unpickler imports and calls what the file names. This one imports nothing and calls
nothing of the file's: names are looked up in a fixed table whose entries are functions of this
package that take numbers and bytes and give numbers, bytes and arrays. Everything else is refused
by name. Numbers of objects, their memory, their nesting, and what they would be worth written out
in full (shared parts counted each time) are bounded while reading.

Source: the opcodes' meaning is that of CPython's `pickletools`, protocols 0 to 5.
"""

from __future__ import annotations

import pickletools
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from understudy.errors import ValueRefused
from understudy.interchange.pickles.account import IN_TUPLES, VALUES, Account
from understudy.interchange.pickles.names import NAMES, DType, Name, build_array

_MAX_LINE = 4096
_MAX_INT_BYTES = 16

_NAMES_OF_OPCODES = {ord(code.code): code.name for code in pickletools.opcodes}
_SMALL_INTS = re.compile(rb"(?:K.){1,65536}", re.DOTALL)
_FLOATS = re.compile(rb"(?:G.{8}){1,512}", re.DOTALL)


def loads(data: bytes, *, budget_bytes: int, enums: Iterable[tuple[str, str]] = ()) -> Any:
    """The value in a pickle, made of dict (text keys), list, tuple, text, bytes, numbers, arrays.

    Args:
        data: the pickle.
        budget_bytes: about how much memory the value may take.
        enums: (module, name) of enumerations whose members become their number.

    Raises:
        ValueRefused: anything that is not such a value: damaged, too large, too deep, or naming
            what no data needs. Nothing of the file was run.
    """
    names = dict(NAMES)
    for key in enums:
        names[key] = Name(".".join(key), _number)
    machine = _Machine(data, budget_bytes, names)
    try:
        return machine.run()
    except ValueRefused:
        raise
    except (IndexError, KeyError, struct.error, UnicodeError) as error:
        raise ValueRefused(f"pickled data is cut short or damaged (byte {machine.at})") from error
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueRefused(f"pickled data is damaged (byte {machine.at})") from error


def _number(arguments: tuple[Any, ...]) -> int:
    (value,) = arguments
    if type(value) is not int:
        raise ValueRefused("pickled data: an enumeration without a number")
    return value


class _Machine(Account):
    """The stack and the memo."""

    def __init__(
        self, data: bytes, budget_bytes: int, names: Mapping[tuple[str, str], Name]
    ) -> None:
        super().__init__(budget_bytes, 16 * len(data) + (1 << 20))
        self.data, self.at = data, 0
        self._names = names
        self._stack: list[Any] = []
        self._outer: list[list[Any]] = []
        self._memo: dict[int, Any] = {}
        self._unbuilt: set[int] = set()

    def run(self) -> Any:
        while True:
            opcode = self.data[self.at]
            self.at += 1
            if opcode == 0x2E:  # STOP
                break
            step = _STEPS.get(opcode)
            if step is None:
                name = _NAMES_OF_OPCODES.get(opcode, f"0x{opcode:02x}")
                raise ValueRefused(f"pickled data: {name} is not needed for data; nothing was run")
            step(self)
        value = self._stack.pop()
        if type(value) not in VALUES or self._stack or self._outer:
            raise ValueRefused("pickled data does not end in one value")
        return value

    # Reading

    def take(self, count: int) -> bytes:
        end = self.at + count
        if count < 0 or end > len(self.data):
            raise ValueRefused(f"pickled data is cut short (byte {self.at})")
        piece = self.data[self.at : end]
        self.at = end
        return piece

    def unsigned(self, size: int) -> int:
        return int.from_bytes(self.take(size), "little")

    def line(self, encoding: str = "ascii") -> str:
        end = self.data.find(b"\n", self.at, self.at + _MAX_LINE)
        if end < 0:
            raise ValueRefused(f"pickled data: a line without end (byte {self.at})")
        text = self.data[self.at : end]
        self.at = end + 1
        return text.decode(encoding)

    # Building

    def push(self, value: Any, n_bytes: int) -> None:
        self.charge(n_bytes)
        self._stack.append(value)

    def open_container(self, kind: type) -> Any:
        container = self._stack[-1]
        if type(container) is not kind or id(container) in self.sealed:
            raise ValueRefused(f"pickled data: expected a new {kind.__name__} to fill")
        return container

    def since_mark(self) -> list[Any]:
        items = self._stack
        self._stack = self._outer.pop()
        return items

    # Steps

    def mark(self) -> None:
        self.charge(64)
        self._outer.append(self._stack)
        self._stack = []

    def small_ints(self) -> None:
        run = _SMALL_INTS.match(self.data, self.at - 1)
        if run is None:
            raise ValueRefused("pickled data is cut short")
        self.charge(4 * len(run[0]))
        self._stack.extend(run[0][1::2])
        self.at = run.end()

    def floats(self) -> None:
        run = _FLOATS.match(self.data, self.at - 1)
        if run is None:
            raise ValueRefused("pickled data is cut short")
        count = len(run[0]) // 9
        self.charge(32 * count)
        self._stack.extend(struct.unpack(">" + "xd" * count, run[0]))
        self.at = run.end()

    def signed(self) -> None:
        self.push(int.from_bytes(self.take(4), "little", signed=True), 40)

    def long(self, length_bytes: int) -> None:
        size = self.unsigned(length_bytes)
        if size > _MAX_INT_BYTES:
            raise ValueRefused(f"pickled data: a number of {size} bytes")
        self.push(int.from_bytes(self.take(size), "little", signed=True), 48)

    def number_line(self, kind: type) -> None:
        text = self.line().removesuffix("L")
        if len(text) > 40:
            raise ValueRefused("pickled data: a number of more than 40 digits")
        if kind is int and text in ("00", "01"):
            self.push(text == "01", 8)
        else:
            self.push(kind(text), 40)

    def text(self, length_bytes: int) -> None:
        raw = self.take(self.unsigned(length_bytes))
        self.push(raw.decode("utf-8", "surrogatepass"), 64 + 4 * len(raw))

    def text_line(self) -> None:
        text = self.line("raw-unicode-escape")
        self.push(text, 64 + 4 * len(text))

    def raw(self, length_bytes: int) -> None:
        piece = self.take(self.unsigned(length_bytes))
        self.push(piece, 48 + len(piece))

    def empty(self, make: Callable[[], Any]) -> None:
        self.push(self.fresh(make()), 72)

    def append(self) -> None:
        self._extend([self._stack.pop()])

    def appends(self) -> None:
        self._extend(self.since_mark())

    def _extend(self, items: list[Any]) -> None:
        target = self.open_container(list)
        self.weigh(target, len(target), items, VALUES)
        target.extend(items)

    def set_item(self) -> None:
        value, key = self._stack.pop(), self._stack.pop()
        self._update([key, value])

    def set_items(self) -> None:
        self._update(self.since_mark())

    def _update(self, flat: list[Any]) -> None:
        target = self.open_container(dict)
        keys, values = flat[::2], flat[1::2]
        if len(keys) != len(values) or not set(map(type, keys)) <= {str}:
            raise ValueRefused("pickled data: a table whose keys are not text")
        self.charge(120 * len(keys))
        self.weigh(target, len(target), values, VALUES)
        self.worth.setdefault(id(target), (1 + len(target) + len(values), 1))
        target.update(zip(keys, values, strict=True))

    def make_list(self) -> None:
        items = self.since_mark()
        self.empty(list)
        self._extend(items)

    def make_dict(self) -> None:
        flat = self.since_mark()
        self.empty(dict)
        self._update(flat)

    def make_tuple(self, count: int | None) -> None:
        if count is None:
            items = self.since_mark()
        else:
            if len(self._stack) < count:
                raise ValueRefused("pickled data is damaged: too little for a tuple")
            items = self._stack[-count:]
            del self._stack[-count:]
        made = self.fresh(tuple(items))
        self.weigh(made, 0, items, IN_TUPLES)
        self.push(made, 72 + 8 * len(items))

    def put(self, key: int) -> None:
        self.charge(120)
        self._memo[key] = self._stack[-1]

    def get(self, key: int) -> None:
        value = self._memo[key]
        if type(value) in (list, dict, np.ndarray):
            self.sealed.add(id(value))
        self.push(value, 8)

    def name(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise ValueRefused("pickled data: a name that is not text")
        known = self._names.get((module, name))
        if known is None:
            raise ValueRefused(
                f"pickled data names {module[:60]}.{name[:60]}, which no face data needs; it may "
                "be an attempt to run code; nothing was run"
            )
        self.push(known, 8)

    def name_from_stack(self) -> None:
        name, module = self._stack.pop(), self._stack.pop()
        self.name(module, name)

    def reduce(self) -> None:
        arguments, what = self._stack.pop(), self._stack.pop()
        if type(what) is not Name or what.make is None or type(arguments) is not tuple:
            raise ValueRefused("pickled data calls what is no part of data; nothing was run")
        made = what.make(arguments)
        self.worth.pop(id(arguments), None)
        if type(made) is np.ndarray:
            self.fresh(made)
            self._unbuilt.add(id(made))
        self.push(made, 128 + getattr(made, "nbytes", 0))

    def build(self) -> None:
        state, target = self._stack.pop(), self._stack[-1]
        if type(target) is DType:
            target.set_state(state)
        elif type(target) is np.ndarray and id(target) in self._unbuilt - self.sealed:
            self._unbuilt.discard(id(target))
            build_array(target, state)
            self.charge(target.nbytes)
        else:
            raise ValueRefused("pickled data sets the state of what has none; nothing was run")
        self.worth.pop(id(state), None)


def _protocol(machine: _Machine) -> None:
    if machine.unsigned(1) > 5:
        raise ValueRefused("pickled data of an unknown protocol")


_STEPS: dict[int, Callable[[_Machine], Any]] = {
    0x80: _protocol,
    0x95: lambda m: m.take(8),  # FRAME: how far a reader may look ahead; we have it all
    ord("("): _Machine.mark,
    ord("N"): lambda m: m.push(None, 8),
    0x88: lambda m: m.push(True, 8),
    0x89: lambda m: m.push(False, 8),
    ord("K"): _Machine.small_ints,
    ord("M"): lambda m: m.push(m.unsigned(2), 40),
    ord("J"): _Machine.signed,
    0x8A: lambda m: m.long(1),
    0x8B: lambda m: m.long(4),
    ord("I"): lambda m: m.number_line(int),
    ord("L"): lambda m: m.number_line(int),
    ord("F"): lambda m: m.number_line(float),
    ord("G"): _Machine.floats,
    0x8C: lambda m: m.text(1),
    ord("X"): lambda m: m.text(4),
    0x8D: lambda m: m.text(8),
    ord("V"): _Machine.text_line,
    ord("C"): lambda m: m.raw(1),
    ord("B"): lambda m: m.raw(4),
    0x8E: lambda m: m.raw(8),
    0x96: lambda m: m.raw(8),  # BYTEARRAY8
    ord("]"): lambda m: m.empty(list),
    ord("}"): lambda m: m.empty(dict),
    ord(")"): lambda m: m.empty(tuple),
    ord("a"): _Machine.append,
    ord("e"): _Machine.appends,
    ord("l"): _Machine.make_list,
    ord("s"): _Machine.set_item,
    ord("u"): _Machine.set_items,
    ord("d"): _Machine.make_dict,
    ord("t"): lambda m: m.make_tuple(None),
    0x85: lambda m: m.make_tuple(1),
    0x86: lambda m: m.make_tuple(2),
    0x87: lambda m: m.make_tuple(3),
    0x94: lambda m: m.put(len(m._memo)),
    ord("q"): lambda m: m.put(m.unsigned(1)),
    ord("r"): lambda m: m.put(m.unsigned(4)),
    ord("p"): lambda m: m.put(int(m.line()[:20])),
    ord("h"): lambda m: m.get(m.unsigned(1)),
    ord("j"): lambda m: m.get(m.unsigned(4)),
    ord("g"): lambda m: m.get(int(m.line()[:20])),
    ord("c"): lambda m: m.name(m.line(), m.line()),
    0x93: _Machine.name_from_stack,
    ord("R"): _Machine.reduce,
    ord("b"): _Machine.build,
}
