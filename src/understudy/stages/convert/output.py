"""Which writer makes an output, and what the output will not have of its source."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from understudy.errors import ValueRefused
from understudy.flow import Progress
from understudy.media import MediaInfo
from understudy.options import fields_of
from understudy.plugin import Plugin, Registry, default_registry
from understudy.stages.convert.options import ConvertOptions
from understudy.store.disk import free_bytes
from understudy.words import are
from understudy.write import STILLS

_USUAL: Sequence[str] = next(
    f.names.auto for f in fields_of(ConvertOptions) if f.name == "writer" and f.names is not None
)


_EIGHT_BITS = "h264"
_CURVE_BITS = 10


def check_ending(registry: Registry, output: Path) -> None:
    """Refuse an output of a kind that no writer makes.

    Raises:
        ValueRefused: says which kinds there are.
    """
    if not _makers(registry, output):
        endings = {e for plugin in registry.of_kind("write") for e in plugin.endings if e}
        raise ValueRefused(
            f"{output.name}: expected a name ending in {', '.join(sorted(endings))}, or a folder "
            "name without ending for pictures; see understudy plugins"
        )


def chosen_writer(
    registry: Registry, output: Path, options: ConvertOptions, *, curve: str = ""
) -> Plugin:
    """The writer that makes this output: the one that was named, or the usual one of its ending.

    Args:
        registry: of writers.
        output: its ending counts.
        options: of the conversion.
        curve: what of the source is kept that H.264's eight bits are too few for, or "".

    Raises:
        ValueRefused: no writer makes such an output, or not the one that was named.
        PluginError: there is no writer of that name.
    """
    if options.writer == "auto":
        check_ending(registry, output)
        usual = _makers(registry, output)
        return next((p for p in usual if not (curve and p.name == _EIGHT_BITS)), usual[0])
    plugin = registry.get("write", options.writer)
    if output.suffix.lower() not in plugin.endings:
        made = ", ".join(e or "a folder (a name without ending)" for e in plugin.endings)
        raise ValueRefused(
            f"{output.name}: the writer {plugin.name} makes {made}; choose another -o, or "
            "--writer auto, which goes by the ending"
        )
    return plugin


def makes(writer: str, output: Path) -> bool:
    """Whether a writer makes outputs of such a name; one that is not installed is no obstacle."""
    made = [p.endings for p in default_registry().of_kind("write") if p.name == writer]
    return not made or output.suffix.lower() in made[0]


def usual_writers(output: Path) -> list[str]:
    """The writers that may make outputs of such a name where none is said; the usual one first."""
    made = [plugin.name for plugin in _makers(default_registry(), output)]
    return [*made[:1], *[name for name in made[1:] if made[0] == _EIGHT_BITS][:1]]


def writer_for(
    registry: Registry,
    info: MediaInfo,
    output: Path,
    options: ConvertOptions,
    *,
    curve: str = "",
) -> Any:
    """The writer for this output, with its own options of the tree.

    Raises:
        ValueRefused: see `chosen_writer`, or a layer, HDR or log that the writer cannot store.
        MediaError: the source's sound or size does not fit into this kind of file.
    """
    plugin = chosen_writer(registry, output, options, curve=curve)
    container = output.suffix.lower().lstrip(".")
    kind = {"container": container, "layer": options.layer, "alone": is_still(output)}
    chosen = plugin.made_options(options.write.of(plugin.name), kind)
    writer = plugin.load()(info) if chosen is None else plugin.load()(info, chosen)
    shows_tags = info.bits <= 8 and getattr(writer, "like_source", True)
    if curve and writer.bits < _CURVE_BITS and not shows_tags:
        raise ValueRefused(
            f"{output.name}: {info.path.name} is {curve}, and {plugin.name} stores {writer.bits} "
            "bits here, too few for its curve; take .mp4 or .mov (H.265 with 10 bits, the usual "
            "one of HDR and log), --writer prores, a folder of 16 bits, or another of 10 and more"
        )
    if getattr(writer, "takes_cutouts", False) and (options.layer or options.matte):
        raise ValueRefused(
            f"--{'layer' if options.layer else 'matte'}: {plugin.name} stores each face with its "
            "matte already; leave it out, or take another --writer"
        )
    if options.output_scale != 1 and getattr(writer, "takes_cutouts", False):
        raise ValueRefused(
            f"--output-scale: {plugin.name} stores faces where they lie in their film; leave it "
            "out, or take another --writer"
        )
    if options.layer and not getattr(writer, "keeps_alpha", False):
        raise ValueRefused(
            f"--layer: {plugin.name} stores no transparency as it is; take a folder, a .png or a "
            ".webp, or a .mov with --writer prores --write.prores.profile 4444"
        )
    return writer


def is_still(output: Path) -> bool:
    """Whether an output is one picture, and no film or folder."""
    return output.suffix.lower() in STILLS


def say_what_is_lost(
    writer: Any, info: MediaInfo, output: Path, progress: Progress, *, partly: bool = False
) -> None:
    """Tell before the work what the output will not have of its source.

    Args:
        writer: of the output.
        info: the source.
        output: where it goes.
        progress: told.
        partly: whether only some frames are converted, so that there is no sound.
    """
    lost = list(writer.not_kept)
    advice = "; another --writer may" if lost else ""
    beside = {
        "sound": info.audio,
        "subtitles": info.subtitles,
        "chapters": info.chapters,
        "timecode": info.timecode,
    }
    left = [name for name, there in beside.items() if there]
    if partly and left and writer.suffix and not is_still(output):
        lost.append(
            f"its {', '.join(left)} {are(len(left))} left out, as only some frames are made"
        )
    if lost:
        progress.warn(
            f"{output.name} will not have all of {info.path.name}: {'; '.join(lost)}{advice}",
            code="not-kept",
            lost=lost,
        )


def say_if_tight(
    writer: Any, frames: int | None, output: Path, work: Path, progress: Progress
) -> None:
    """Tell before the work where a disk will likely be too small; certain is it only later.

    Args:
        writer: of the output.
        frames: how many, or None where nobody knows.
        output: where it goes.
        work: where its segments go.
        progress: told.
    """
    guess = (frames or 0) * getattr(writer, "bytes_a_frame", 0)
    for folder, what in ((work, "segments"), (output.absolute().parent, output.name)):
        free = free_bytes(folder)
        if guess > free:
            progress.warn(
                f"{folder}: {what} will take about {guess / 1e9:.1f} GB, and {free / 1e9:.1f} GB "
                "are free; free some space, or take another disk or --writer. What is converted "
                "is kept if it fills",
                code="disk-may-fill",
                needed=guess,
                free=free,
            )
            return


def _makers(registry: Registry, output: Path) -> list[Plugin]:
    """Writers of an ending: the usual one first, those of other packages last."""
    ending = output.suffix.lower()
    found = [p for p in registry.of_kind("write") if ending in p.endings]
    rank = {name: n for n, name in enumerate(_USUAL)}
    return sorted(found, key=lambda p: rank.get(p.name, len(rank)))
