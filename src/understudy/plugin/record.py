"""Plug-in records: what an implementation is, said without importing it.

Manifests are made of them and import nothing heavy; the implementation behind a record is imported
when it is asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from understudy.errors import PluginError, ValueRefused
from understudy.options import fields_of, from_mapping, to_mapping

KINDS = ("detect", "align", "mask", "embed", "swap", "enhance", "colour", "write", "score")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package archive that carries weights but is never installed.

    Attributes:
        requirement: what the package client is asked for, such as "mediapipe==0.10.21".
        platform: the archive's platform tag, such as "manylinux_2_28_x86_64"; weights do not
            depend on it, so one archive serves every machine.
        python: the archive's Python version, such as "3.11".
        sha256: hex digest of the archive; the client refuses any other.
        size: bytes of the archive.
    """

    requirement: str
    platform: str
    python: str
    sha256: str
    size: int


MEDIAPIPE_WHEEL = Wheel(
    "mediapipe==0.10.21",
    "manylinux_2_28_x86_64",
    "3.11",
    "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    35622638,
)
"""The last one with TFLite files inside. It is opened, not installed: it would pull NumPy 1."""


@dataclass(frozen=True, slots=True)
class Weights:
    """A file of learned numbers: what it is, where it comes from, what may be done with it.

    A file comes inside an installed package (`package`), from an address (`url`), or out of an
    archive that is downloaded but not installed (`wheel`); a record may name several. What an
    installed package has is taken first, and nothing is fetched then.

    Attributes:
        name: file name; unique among all records.
        sha256: hex digest; the file is checked against it before it is opened. "" where no public
            source states it: such a file is only taken with trust on first use, and pinned then.
        size: bytes, or 0 where no public source states it.
        license: SPDX id or a short statement.
        commercial_use: whether the licence of weights and training data allows it.
        origin: who trained it on what, in a few words.
        package: the installed package that carries it, or "".
        path: path inside that package or wheel.
        url: the official address, or "".
        wheel: the archive that carries it, or None.
        sha256_start: first digits of the digest where only those are public, as in the file names
            of PyTorch's hub; "" otherwise.
    """

    name: str
    sha256: str
    size: int
    license: str
    commercial_use: bool
    origin: str
    package: str = ""
    path: str = ""
    url: str = ""
    wheel: Wheel | None = None
    sha256_start: str = ""

    @property
    def fetchable(self) -> bool:
        """Whether it can be had without installing a package."""
        return bool(self.url) or self.wheel is not None or not self.package


@dataclass(frozen=True, slots=True)
class Plugin:
    """One implementation of one kind, described without importing it.

    Attributes:
        kind: one of `KINDS`.
        name: unique within its kind.
        target: "package.module:Class"; constructed with its options dataclass, or with nothing,
            and with `device` where its signature has one (see `build`).
        summary: one line for people.
        options: "package.module:OptionsDataclass", or "" when it has none. Flags are made of it,
            so the module imports nothing heavy.
        weights: the files it needs.
        license: of the code.
        extra: our extra that brings what is missing, or "".
        requires: modules that must be installed for it, such as "onnxruntime"; they are looked up,
            not imported, so that a listing can say what is missing.
        version: goes into `made_by`; raise it when results change.
        endings: of a writer: how the outputs that it makes are called, the usual one first; "" is a
            folder.
    """

    kind: str
    name: str
    target: str
    summary: str
    options: str = ""
    weights: tuple[Weights, ...] = ()
    license: str = "Apache-2.0"
    extra: str = ""
    version: str = "1"
    requires: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()

    @property
    def made_by(self) -> str:
        """What `Face.made_by` remembers."""
        return f"{self.name}@{self.version}"

    @property
    def commercial_use(self) -> bool:
        """Whether all of its weights may be used commercially."""
        return all(w.commercial_use for w in self.weights)

    @property
    def missing(self) -> tuple[str, ...]:
        """Modules it requires that are not installed."""
        return tuple(name for name in self.requires if importlib.util.find_spec(name) is None)

    def require(self) -> None:
        """See that what it requires is installed, without importing anything.

        Raises:
            PluginError: a module is missing; names what to install.
        """
        if self.missing:
            names = ", ".join(self.missing)
            what = f"'understudy[{self.extra}]'" if self.extra else names.replace(",", "")
            raise PluginError(
                f"{self.kind} plug-in {self.name!r} needs {names}, not installed; "
                f"try: pip install {what}"
            )

    def load(self) -> Any:
        """Import and return the class behind the record.

        Raises:
            PluginError: a package is missing; names what to install.
        """
        self.require()
        return self._resolve(self.target)

    def build(
        self,
        values: Mapping[str, Any] | None = None,
        device: str = "cpu",
        handed: Mapping[str, Any] | None = None,
    ) -> Any:
        """Import and construct.

        Args:
            values: of this plug-in's options; see `made_options`.
            device: PyTorch's name of a device; plug-ins that run on the CPU only take none.
            handed: what the stage hands down; see `made_options`.

        Raises:
            PluginError: a package is missing; names what to install.
            ValueRefused: see `made_options`.
        """
        cls, options = self.load(), self.made_options(values, handed)
        arguments = [] if options is None else [options]
        if "device" in inspect.signature(cls).parameters:
            return cls(*arguments, device=device)
        return cls(*arguments)

    def made_options(
        self, values: Mapping[str, Any] | None = None, handed: Mapping[str, Any] | None = None
    ) -> Any:
        """The plug-in's options dataclass with these values, or None when it has none.

        Args:
            values: by name; defaults for the rest.
            handed: values of the stage, of which the plug-in takes those that it declares as
                handed down.

        Raises:
            PluginError: a package is missing.
            ValueRefused: an unknown name, or a value that it may not have; names its place in the
                tree, such as `detect.mtcnn.scale_factor`.
        """
        path, cls = f"{self.kind}.{self.name}", self.load_options()
        if cls is None:
            if values:
                raise ValueRefused(f"{path}.{next(iter(values))}: this plug-in has no options")
            return None
        down = {f.name for f in fields_of(cls) if f.handed}
        taken = {k: v for k, v in (handed or {}).items() if k in down}
        return from_mapping(cls, {**taken, **(values or {})}, path)

    def settings(
        self, values: Mapping[str, Any] | None = None, handed: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """All options with these values as plain data, without what the stage hands down.

        A file keeps it of the step that the plug-in did, so that it can be done again.

        Raises:
            PluginError, ValueRefused: see `made_options`.
        """
        options = self.made_options(values, handed)
        if options is None:
            return {}
        down = {f.name for f in fields_of(type(options)) if f.handed}
        return {k: v for k, v in to_mapping(options).items() if k not in down}

    def load_options(self) -> Any:
        """The options dataclass, or None when the plug-in has none."""
        return self._resolve(self.options) if self.options else None

    def _resolve(self, target: str) -> Any:
        module, _, attribute = target.partition(":")
        try:
            return getattr(importlib.import_module(module), attribute)
        except ImportError as error:
            hint = f"; try: pip install 'understudy[{self.extra}]'" if self.extra else ""
            raise PluginError(f"{self.kind} plug-in {self.name!r}: {error}{hint}") from error
        except Exception as error:
            reason = f"{target} cannot be imported: {type(error).__name__}: {error}"
            raise PluginError(f"{self.kind} plug-in {self.name!r}: {reason}") from error
