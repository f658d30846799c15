"""Several people in one film: who becomes whom, and who is left alone."""

from __future__ import annotations

import sys
import types
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from understudy.errors import StoreError, ValueRefused
from understudy.flow import Silent
from understudy.imaging.composite import feathered
from understudy.media import FilmReader, probe, read_image
from understudy.media.colour.plate import Rec709
from understudy.nn import checkpoint
from understudy.plugin import Plugin, Registry
from understudy.stages.convert import stage
from understudy.stages.convert.options import ConvertOptions
from understudy.stages.convert.stage import convert
from understudy.stages.faces.casting import Casting, Part
from understudy.store.alignments import Alignments
from understudy.swap import Crop, Knob, Needs, Outputs, Recipe
from understudy.swap.standard import StandardModel
from understudy.types import Alignment, Face, Frame

RED, BLUE = (255, 0, 0), (0, 0, 255)


def pictures(folder: Path) -> list[np.ndarray]:
    return [read_image(p) for p in sorted(folder.glob("*.png"))]


def persons_of(alignments: Path) -> dict[int, list[tuple[int | None, Face]]]:
    with Alignments.open(alignments, read_only=True) as store:
        person = {t.number: t.person for t in store.tracks()}
        return {at.index: [(person[f.track], f) for f in faces] for at, faces in store.by_frame()}


def alpha_of(face: Face, frame: Frame) -> np.ndarray:
    crop = face.alignment.crop(64, 0.9, "face")
    patch = feathered(face.masks["extended"], crop, frame.space, feather=0.12, erode=0.0)
    alpha = np.zeros(frame.pixels.shape[:2], np.float32)
    patch.window(alpha)[:] = patch.alpha
    return alpha


@pytest.mark.parametrize(
    "casting",
    [
        {"0": "b", "1": "a"},
        {"0": "b", "1": None},
        {"1": "a"},
        {"all": "b", "0": None},
        {"all": "b"},
        {"all": "a", "1": "b"},
    ],
)
def test_each_person_becomes_whom_the_casting_says_in_one_pass(
    couple, converter, tmp_path, casting
):
    colour = {"a": RED, "b": BLUE}
    report = converter(couple, "out", casting=casting)
    found = persons_of(couple.alignments)
    frames = list(FilmReader(probe(couple.media)).frames())
    expected: dict[str, int] = {}
    for frame, result in zip(frames, pictures(tmp_path / "out"), strict=True):
        assert {person for person, _ in found[frame.at.index]} == {0, 1}
        untouched = np.ones(result.shape[:2], bool)
        for person, face in found[frame.at.index]:
            alpha = alpha_of(face, frame)
            to = casting.get(str(person), casting.get("all"))
            if to is None:
                continue
            untouched &= alpha == 0
            assert (result[alpha == 1] == colour[to]).all()
            part = f"{person} -> {to}"
            expected[part] = expected.get(part, 0) + 1
        assert (result == frame.pixels)[untouched].all()
    assert report.parts == expected
    assert report.swapped_faces == sum(expected.values())


def test_a_casting_that_cannot_be_is_refused_before_anything_is_made(couple, converter, tmp_path):
    for casting, says in (
        ({"7": "b"}, r"7 is not in couple\.mp4; there are: 0, 1, all"),
        ({"0": "carol"}, "trained on a, b, not on carol"),
        ({"0": None}, "nobody in couple.mp4 is given"),
        ({}, "nobody in couple.mp4 is given"),
    ):
        with pytest.raises(ValueRefused, match=says):
            converter(couple, "out", casting=casting)
    assert not (tmp_path / "out").exists()


def test_the_largest_is_that_of_each_entry(couple, converter, tmp_path):
    both = {"0": "b", "1": "a"}
    assert converter(couple, "both", casting=both, faces="largest").swapped_faces == 16
    assert converter(couple, "one", casting={"all": "b"}, faces="largest").swapped_faces == 8
    with Alignments.open(couple.alignments, read_only=True) as store:
        casting = Casting(store, {"all": "b"}, "largest", couple.faces)
        for index, chosen in casting.in_frames("extended"):
            ((face, part),) = casting.between(index, index)[index]
            assert [(face.id, part)] == [(look.id, p) for look, p in chosen]


@pytest.mark.parametrize("followed", ["told apart", "not told apart", "not followed"])
def test_one_person_is_the_largest_of_a_shot(couple, tmp_path, followed):
    """Two of like size, each the larger in every other frame; one of them is lost for a moment."""
    own = couple.copy(tmp_path / "own")
    with Alignments.open(own.alignments) as store:
        tracks = store.tracks()
        at_first = {t.number: t.person for t in tracks}
        shown: dict[str, int | None] = {}
        for at, faces in store.by_frame():
            sized = []
            for face in faces:
                who = at_first[face.track]
                shown[face.id] = who
                size = 100.0 + (40 if at.index % 2 == who else 0) + (30 if who == 0 else 0)
                track = None if followed == "not followed" else face.track
                quality = {**face.quality, "size_px": size}
                sized.append(replace(face, track=track, quality=quality))
            lost = {(0, 3)} if followed == "not followed" else set()
            store.put([(at, [f for f in sized if (shown[f.id], at.index) not in lost])])
        if followed == "not told apart":
            store.put([], tracks=[replace(t, embedding=None) for t in tracks])
    with Alignments.open(own.alignments, read_only=True) as store:
        largest = [max(faces, key=lambda f: f.quality["size_px"]) for _, faces in store.by_frame()]
        assert {shown[f.id] for f in largest} == {0, 1}  # what was taken before: a jump a frame
        casting = Casting(store, {"all": "b"}, "largest", own.faces)
        chosen = [shown[look.id] for _, found in casting.in_frames("extended") for look, _ in found]
        assert chosen == [0] * (7 if followed == "not followed" else 8)


def test_another_shot_may_have_another_person(couple, tmp_path):
    own = couple.copy(tmp_path / "own")
    with Alignments.open(own.alignments) as store:
        tracks = store.tracks()
        person = {t.number: t.person for t in tracks}
        late = {0: 10, 1: 11}  # tracks end at a cut
        for at, faces in list(store.by_frame()):
            cut = at.index >= 4
            sized = [
                replace(
                    face,
                    track=late[person[face.track]] if cut else face.track,
                    quality={"size_px": 120.0 if (person[face.track] == 1) == cut else 100.0},
                )
                for face in faces
            ]
            store.put([(at, sized)], shots=[4] if at.index == 4 else ())
        first = {t.person: t for t in tracks}
        store.put([], tracks=[replace(first[p], number=n, shot=2) for p, n in late.items()])
        person |= {n: p for p, n in late.items()}
        casting = Casting(store, {"all": "b"}, "largest", own.faces)
        chosen = [look.person for _, found in casting.in_frames("extended") for look, _ in found]
    assert chosen == [0] * 4 + [1] * 4


def test_another_casting_is_another_conversion(couple, converter):
    converter(couple, "out", casting={"0": "b"})
    with pytest.raises(StoreError, match="there already"):
        converter(couple, "out", casting={"1": "b"})


def test_faces_edited_meanwhile_are_not_mixed(couple, converter, tmp_path, monkeypatch):
    own = couple.copy(tmp_path / "own")
    monkeypatch.setattr(stage, "SEGMENT", 4)

    def edit(mark: str) -> None:
        with Alignments.open(own.alignments) as store:
            faces = [f for _, found in store.by_frame() for f in found]
            store.put_faces(f.realigned(f.alignment, mark) for f in faces)

    with pytest.raises(StoreError, match="edited while it was converted"):
        converter(own, "out", _WhenTold(lambda: edit("hand")))
    assert not (tmp_path / "out").exists() and not list((tmp_path / "work").glob("*/seg*"))
    assert converter(own, "out").frames == 8


class _WhenTold(Silent):
    """Does something when the first frames are done."""

    def __init__(self, deed: Any) -> None:
        super().__init__()
        self._deed = deed

    @contextmanager
    def task(self, *args: Any, **kwargs: Any) -> Any:
        yield self

    def advance(self, n: float = 1, note: str = "") -> None:
        deed, self._deed = self._deed, lambda: None
        deed()


class Half(StandardModel):
    """Shows a colour in the left half of its crop, the part of a knob; needs to know the pose."""

    crop = Crop(input_px=32, output_px=64, centering="face", coverage=0.9)
    recipe = Recipe(learning_rate=1e-3)
    needs = Needs(signals=("pose", "landmarks"))
    knobs: ClassVar[dict[str, Knob]] = {"blue": Knob("How blue it is.")}

    def __init__(self, options: None, persons: Any) -> None:
        super().__init__(persons)
        self.nothing = nn.Parameter(torch.zeros(1))

    def convert(self, crops: Tensor, to: str, signals: Any = None, blue: float = 0.0) -> Outputs:
        assert signals["pose"].shape == (len(crops), 3)
        assert (signals["landmarks"].abs() < 1.5).all()
        rgb = torch.zeros(len(crops), 3, 64, 64)
        rgb[:, 2] = blue
        alpha = torch.zeros(len(crops), 1, 64, 64)
        alpha[..., :32] = 1
        return Outputs(rgb, alpha)


@pytest.fixture
def half(registry, tmp_path):
    module: Any = types.ModuleType("tests_half")
    module.Half = Half
    sys.modules[module.__name__] = module
    folder = tmp_path / "half"
    folder.mkdir()
    state = checkpoint.State(3, "half", "1", {}, seed=1, trained_s=1.0, persons=("a", "b"))
    checkpoint.save(folder, state, {"weights": Half(None, ("a", "b")).state_dict()})
    known = [p for kind in ("mask", "colour", "write") for p in registry.of_kind(kind)]
    yield folder, Registry([Plugin("swap", "half", "tests_half:Half", "half"), *known])
    del sys.modules[module.__name__]


def test_a_models_alpha_signals_and_knobs_are_used(couple, converter, half, tmp_path):
    folder, registry = half
    inputs = replace(converter.inputs(couple, "out", {"0": "b"}), model=folder, knobs={"blue": 1.0})
    options = ConvertOptions(mask="extended", feather=0.12, match_colour="none")
    convert(inputs, options, registry, Silent())
    frames = FilmReader(probe(couple.media)).frames()
    for frame, result in zip(frames, pictures(tmp_path / "out"), strict=True):
        (face,) = (f for p, f in persons_of(couple.alignments)[frame.at.index] if p == 0)
        middle = face.alignment.crop(64, 0.9, "face").inverse().points(np.array([[32.0, 32.0]]))
        changed = (result != frame.pixels).any(-1)
        assert changed.sum() > 200
        columns = np.flatnonzero(changed.any(0))
        assert columns.max() <= middle[0, 0] + 4  # heads are nearly upright here
        solid = alpha_of(face, frame) == 1
        solid[:, int(middle[0, 0]) - 4 :] = False
        assert (result[solid] == BLUE).all()
    with pytest.raises(ValueRefused, match="knob"):
        another = replace(inputs, output=tmp_path / "another", knobs={"red": 1.0})
        convert(another, options, registry, Silent())


def test_knobs_in_words_are_the_models_and_another_value_is_another_render(
    couple, converter, half, tmp_path
):
    folder, registry = half
    inputs = replace(converter.inputs(couple, "out"), model=folder)
    for words, wrong in (
        (("red=1",), r'red: .* no such knob; it has: blue \(0 to 1\); --knob "" takes back'),
        (("blue=2",), "blue: expected 0 to 1, got 2"),
        (("blue=dark",), "knob blue: expected a number, got 'dark'"),
        (("blue",), r"expected NAME=VALUE, got 'blue'; this model has: blue \(0 to 1\)"),
    ):
        with pytest.raises(ValueRefused, match=wrong):
            convert(inputs, ConvertOptions(knob=words), registry, Silent())
    assert not inputs.work.exists() and not inputs.output.exists()
    blues = []
    for words in (("blue=0.2", "blue=1"), ("blue=0.5",)):
        options = ConvertOptions(knob=words, match_colour="none", overwrite=bool(blues))
        convert(inputs, options, registry, Silent())
        blues.append([p[..., 2].astype(int).mean() for p in pictures(tmp_path / "out")])
    assert np.mean(blues[0]) > np.mean(blues[1]) + 1
    given = replace(inputs, knobs={"blue": 0.0}, output=tmp_path / "given")
    convert(given, options, registry, Silent())
    assert np.mean([p[..., 2] for p in pictures(tmp_path / "given")]) < np.mean(blues[1])


def test_the_model_leaves_cores_to_what_runs_beside_it(couple, converter, monkeypatch, tmp_path):
    seen: set[int] = set()
    convert_faces = stage.Swapper.convert

    def spying(self: Any, *given: Any, **knobs: Any) -> Any:
        seen.add(torch.get_num_threads())
        return convert_faces(self, *given, **knobs)

    monkeypatch.setattr(stage.Swapper, "convert", spying)
    before = torch.get_num_threads()
    torch.set_num_threads(4)
    try:
        convert(converter.inputs(couple, "out"), ConvertOptions(), converter.registry, Silent())
        assert torch.get_num_threads() == 4
    finally:
        torch.set_num_threads(before)
    assert seen == {2}


def test_segments_of_another_plugin_version_are_not_gone_on_with(couple, converter, registry):
    def key(**versions: str) -> str:
        plugins = [
            replace(p, version=versions.get(f"{p.kind}_{p.name}", p.version))
            for kind in ("swap", "mask", "colour", "write")
            for p in registry.of_kind(kind)
        ]
        inputs = converter.inputs(couple, "out.mp4")
        return key_of(inputs, ConvertOptions(), Registry(plugins))

    assert key() == key()
    others = {key(colour_skin="x"), key(write_h264="x"), key(swap_painted="x")}
    assert len(others | {key()}) == 4
    plain = key()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "VERSION", stage.VERSION + 1)
        assert key() != plain


def key_of(inputs: Any, options: ConvertOptions, registry: Registry) -> str:
    """The name of the folder of segments."""
    info = probe(inputs.media)
    swapper = types.SimpleNamespace(name="painted", fingerprint="f")
    with Alignments.open(inputs.alignments, read_only=True) as store:
        casting = Casting(store, inputs.casting, options.faces, inputs.faces)
        census = casting.census(options.mask)
    return stage._key(info, census, swapper, inputs, options, [], registry, Rec709())


def test_a_mask_or_fit_made_anew_is_another_conversion(couple, tmp_path):
    own = couple.copy(tmp_path / "own")

    def digest() -> bytes:
        with Alignments.open(own.alignments, read_only=True) as store:
            return Casting(store, {"0": "b"}, "all", own.faces).census("extended").digest

    def change(make: Any) -> bytes:
        with Alignments.open(own.alignments) as store:
            (face,) = (f for f in store.faces(3) if person_of(store, f) == 0)
            store.put_face(make(face))
        return digest()

    def other_mask(face: Face) -> Face:
        mask = face.masks["extended"]
        return replace(face, masks={**face.masks, "extended": replace(mask, alpha=1 - mask.alpha)})

    def other_fit(face: Face) -> Face:
        frame = face.alignment.unit_from_frame.src
        return replace(face, alignment=Alignment.fit(face.alignment.landmarks, frame, "eyes"))

    first = digest()
    assert digest() == first
    made_by = change(lambda f: replace(f, made_by={**f.made_by, "mask": "extended@2"}))
    seen = [first, made_by, change(other_mask), change(other_fit)]
    assert len(set(seen)) == 4
    assert change(lambda f: replace(f, masks={"extended": f.masks["extended"]})) == seen[-1]


def person_of(store: Alignments, face: Face) -> int | None:
    return {t.number: t.person for t in store.tracks()}[face.track]


def test_parts_are_counted(couple):
    with Alignments.open(couple.alignments, read_only=True) as store:
        census = Casting(store, {"all": "b", "1": "a"}, "all", couple.faces).census("extended")
    assert census.frames == 8 and census.faces == 16
    assert census.parts == {Part("0", "b"): 8, Part("1", "a"): 8}
