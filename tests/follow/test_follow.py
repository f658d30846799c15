from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from understudy.actors import ACTORS, Performance, render
from understudy.actors.performance import Expression, Light, Moment, Pose
from understudy.errors import StoreError
from understudy.flow import Silent
from understudy.follow.follower import KEY_EVERY, Follower, Window
from understudy.follow.left_out import NO_LANDMARKS
from understudy.follow.sightings import State, box_around
from understudy.follow.smooth import REACH
from understudy.geometry import Float64
from understudy.geometry.templates import MEAN_FACE_51
from understudy.plugin import default_registry
from understudy.stages.extract.analyse import Tools
from understudy.stages.extract.choose import choose, resolved
from understudy.stages.extract.options import ExtractOptions
from understudy.stages.extract.stage import name_left_out
from understudy.types import Faces, Frame, Timestamp

JAW = np.stack([np.linspace(-0.1, 1.1, 17), 0.5 + 0.6 * np.sin(np.linspace(0, np.pi, 17))], 1)
FACE = np.vstack([JAW, MEAN_FACE_51])


def frame(index: int, shade: int = 90) -> Frame:
    pixels = np.full((120, 320, 3), shade, np.uint8)
    return Frame(Timestamp(index, index, Fraction(1, 25)), pixels, "made up")


class World:
    """Eyes that see what a script says: faces by name at places, with who they are."""

    same_person_below = 0.6

    def __init__(self, script, blind: Sequence[int] = (), covered: Sequence[int] = ()) -> None:
        self.script = script
        self.blind, self.covered = set(blind), set(covered)
        self.detections: list[int] = []

    def there(self, index: int) -> dict[str, Float64]:
        return {name: FACE * 40 + place for name, place in self.script(index).items()}

    def detect(self, frames: Sequence[Frame]) -> list[Faces]:
        found = []
        for f in frames:
            self.detections.append(f.at.index)
            hidden = f.at.index in self.blind or f.at.index in self.covered
            boxes = [] if hidden else [box_around(p) for p in self.there(f.at.index).values()]
            found.append(Faces(np.reshape(boxes, (-1, 4)), np.ones(len(boxes))))
        return found

    def detect_near(self, f: Frame, landmarks: Float64) -> Faces:
        return self.detect([f])[0]

    def align(self, f: Frame, faces: Faces) -> Faces:
        """The nearest face to each box; none near (or one covered) is no face."""
        points, presence = [], []
        for box in faces.boxes_xyxy:
            near = [
                p for p in self.there(f.at.index).values() if np.abs(box_around(p) - box).max() < 22
            ]
            gone = not near or f.at.index in self.covered
            distance = [float(np.abs(box_around(p) - box).max()) for p in near]
            points.append(FACE * 40 + box[:2] if gone else near[int(np.argmin(distance))])
            presence.append(0.05 if gone else 0.99)
        landmarks = np.reshape(points, (-1, 68, 2))
        # a mesh in small, which trembles as measurements do
        depth = 0.3 * landmarks[:, :, :1] + np.sin(f.at.index)
        mesh = np.concatenate([landmarks, depth], 2).reshape(len(landmarks), -1)
        return Faces(
            faces.boxes_xyxy,
            faces.scores,
            landmarks,
            presence=np.array(presence),
            extras={"mesh": mesh.astype(np.float32)},
        )

    def embed(self, f: Frame, landmarks: Sequence[Float64]) -> np.ndarray:
        vectors = []
        for points in landmarks:
            names = self.there(f.at.index)
            name = min(names, key=lambda n: float(np.abs(names[n] - points).sum()))
            vectors.append(np.eye(4)["abcd".index(name)])
        return np.array(vectors, np.float32)


def run(world: World, n: int, size: int = 24, shades=None) -> dict[int, list[tuple[int, str]]]:
    follower = Follower(world)
    shades = shades or [90] * n
    found: dict[int, list[tuple[int, str]]] = {}
    for start in range(0, n, size):
        stop = min(start + size, n)
        window = follower.take([frame(i, shades[i]) for i in range(start, stop)], last=stop == n)
        for f, faces in zip(window.frames, window.faces, strict=True):
            found[f.at.index] = [(s.track, s.sighting.how) for s in faces]
    return found


def at(x: float, y: float = 45.0) -> np.ndarray:
    return np.array([x, y])


def test_one_face_is_one_track_and_is_detected_on_key_frames_only():
    world = World(lambda i: {"a": at(60 + i)})
    found = run(world, 60)
    assert [[t for t, _ in faces] for faces in found.values()] == [[0]] * 60
    assert sorted(set(world.detections)) == list(range(0, 60, KEY_EVERY))


def test_a_cut_ends_tracks_and_begins_a_shot():
    world = World(lambda i: {"a": at(60)} if i < 30 else {"b": at(60)})
    found = run(world, 60, shades=[40] * 30 + [200] * 30)
    assert {i: faces[0][0] for i, faces in found.items()} == {i: int(i >= 30) for i in range(60)}


def test_a_face_is_followed_back_to_where_it_came_into_view():
    world = World(lambda i: {"a": at(60)} if i >= 9 else {})
    found = run(world, 40)
    assert [i for i, faces in found.items() if faces] == list(range(9, 40))


def test_a_face_that_leaves_is_not_carried_on():
    world = World(lambda i: {"a": at(60)} if i < 20 else {})
    found = run(world, 48)
    assert [i for i, faces in found.items() if faces] == list(range(20))


def test_a_detector_that_misses_now_and_then_breaks_no_track():
    found = run(World(lambda i: {"a": at(60)}, blind=[6, 12, 30]), 48)
    assert [[t for t, _ in faces] for faces in found.values()] == [[0]] * 48


def test_short_gaps_are_bridged_and_long_ones_keep_the_track():
    short = run(World(lambda i: {"a": at(60)}, covered=range(13, 16)), 40)
    assert [[t for t, _ in faces] for faces in short.values()] == [[0]] * 40
    assert [i for i, faces in short.items() if faces[0][1] == "bridged"] == [13, 14, 15]
    long = run(World(lambda i: {"a": at(60)}, covered=range(10, 30)), 48)
    assert [i for i, faces in long.items() if not faces] == list(range(10, 30))
    assert {t for faces in long.values() for t, _ in faces} == {0}


def test_a_track_never_goes_on_with_another_person():
    # b comes to stand exactly where a was; nobody moves, nothing else tells them apart
    world = World(lambda i: {"a": at(60)} if i < 26 else {"b": at(60)})
    found = run(world, 60)
    assert {found[i][0][0] for i in range(24)} == {0}
    assert {found[i][0][0] for i in range(37, 60)} == {1}


def test_two_who_cross_keep_their_tracks():
    def script(i: int) -> dict[str, np.ndarray]:
        return {"a": at(20 + 3 * i, 40), "b": at(230 - 3 * i, 44)}

    world = World(script)
    follower = Follower(world)
    named = []
    for start in range(0, 72, 24):
        window = follower.take([frame(i) for i in range(start, start + 24)], last=start == 48)
        for f, faces in zip(window.frames, window.faces, strict=True):
            truth = world.there(f.at.index)
            for seen in faces:
                name = min(truth, key=lambda n: float(np.abs(truth[n] - seen.landmarks).sum()))
                apart = abs(truth["a"][30, 0] - truth["b"][30, 0])
                if apart > 45:
                    named.append((seen.track, name))
    for track in {t for t, _ in named}:
        assert len({name for t, name in named if t == track}) == 1, "a track changed persons"


def test_windows_of_any_size_and_interruptions_give_the_same():
    def script(i: int) -> dict[str, np.ndarray]:
        people = {"a": at(60 + 0.8 * i)}
        return people | {"b": at(200)} if 20 < i < 44 else people

    def straight(size: int) -> list[bytes]:
        follower = Follower(World(script, covered=[31, 32]))
        windows = [
            follower.take([frame(i) for i in range(s, s + size)], last=s + size == 72)
            for s in range(0, 72, size)
        ]
        return flat(windows)

    def interrupted() -> list[bytes]:
        windows, state, done = [], None, 0
        for stop in range(24, 73, 24):
            follower = Follower(World(script, covered=[31, 32]), state=state)
            windows.append(follower.take([frame(i) for i in range(done, stop)], last=stop == 72))
            state = windows[-1].state
            done = stop - REACH
        return flat(windows)

    def flat(windows: list[Window]) -> list[bytes]:
        return [
            b"".join(
                bytes([s.track])
                + s.landmarks.tobytes()
                + s.extras["mesh"].tobytes()
                + s.sighting.how.encode()
                for s in faces
            )
            for window in windows
            for faces in window.faces
        ]

    assert straight(24) == interrupted()
    assert len(straight(24)) == 72


class Blank(World):
    """Eyes that detect a face and find no landmarks on it, as with a full profile."""

    def align(self, f: Frame, faces: Faces) -> Faces:
        hidden = f.at.index >= 30
        return replace(super().align(f, faces), presence=np.full(len(faces), 0.9 - 0.8 * hidden))


def test_faces_that_are_left_out_are_named_also_after_an_interruption():
    world = Blank(lambda i: {"a": at(60)})
    state, done = None, 0
    for stop in (24, 48, 72):
        follower = Follower(world, state=state)
        state = follower.take([frame(i) for i in range(done, stop)], last=stop == 72).state
        done = stop - REACH
    (one,) = State.unpacked(state).doubts.left_out
    assert (one.first, one.last, one.why) == (30, 66, NO_LANDMARKS)
    box = box_around(world.there(0)["a"])
    assert np.allclose([one.x, one.y], (box[:2] + box[2:]) / 2)
    said: list[tuple[str, dict]] = []

    class Hears(Silent):
        def warn(self, text: str, code: str = "", **data: object) -> None:
            said.append((text, {"code": code, **data}))

    name_left_out("a.mp4", state, Hears())
    ((text, data),) = said
    assert "a.mp4" in text and "frames 30 to 66" in text and NO_LANDMARKS in text
    assert data["code"] == "faces-left-out" and data["left_out"][0]["first"] == 30
    name_left_out("a.mp4", Follower(World(lambda i: {})).take([frame(0)], last=True).state, Hears())
    assert len(said) == 1


def test_a_box_that_shares_a_third_is_looked_at_and_not_believed():
    # the aligner follows what stays behind; the detector sees the face three quarters further on
    class Left(World):
        def align(self, f: Frame, faces: Faces) -> Faces:
            if faces.landmarks is not None and 12 > f.at.index > 6:
                stays = faces.landmarks
                return replace(super().align(f, faces), landmarks=stays)
            return super().align(f, faces)

    world = Left(lambda i: {"a": at(60 + 4 * max(0, min(i - 6, 6)))})
    follower = Follower(world)
    window = follower.take([frame(i) for i in range(24)], last=True)
    for f, faces in zip(window.frames, window.faces, strict=True):
        truth = world.there(f.at.index)["a"]
        assert [s.track for s in faces] == [0]
        if f.at.index >= 12 or f.at.index <= 6:
            assert np.abs(faces[0].landmarks - truth).max() < 4


def test_a_damaged_state_is_refused():
    packed = Follower(World(lambda i: {})).take([frame(0)]).state
    assert State.unpacked(packed).seen == 0
    for bad in (b"", b"{}", b"\xff\xfe", packed[:-4], packed.replace(b'"format":1', b'"format":9')):
        with pytest.raises(StoreError, match="--new"):
            State.unpacked(bad)


class Still(Performance):
    """A head that holds still and, in its second frame, has its eyes closed."""

    def __getitem__(self, index: int) -> Moment:
        return Moment(Pose(), Expression(blink=float(index == 1)), Light())


@pytest.fixture(scope="module")
def tools() -> Tools:
    options, registry, silent = ExtractOptions(embedder="none"), default_registry(), Silent()
    options = resolved(options, registry, None, silent)
    return Tools(choose(options, registry, silent), options, "cpu")


def test_a_still_head_under_camera_noise_keeps_still_and_blinks(tools: Tools):
    """A third of the jitter of looking at each frame alone, and nine tenths of a short blink."""
    script = Still(seed=1, n_frames=2)
    opened, closed = (
        render(ACTORS["actor_a"], script, i, (480, 270)).pixels.astype(float) for i in (0, 1)
    )
    rng = np.random.default_rng(5)
    pictures = []
    for i in range(40):
        noisy = (closed if 24 <= i < 27 else opened) + rng.normal(0, 6, opened.shape)
        pixels = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
        pictures.append(Frame(Timestamp(i, i, Fraction(1, 25)), pixels, "still"))
    window = Follower(tools).take(pictures, last=True)
    followed = np.stack([faces[0].landmarks for faces in window.faces])
    alone = np.stack([faces[0].landmarks for faces in tools.look(pictures)])

    def jitter(landmarks: np.ndarray) -> float:
        return float(np.sqrt((np.diff(landmarks[:20], 2, axis=0) ** 2).sum(-1).mean()))

    def blink(landmarks: np.ndarray) -> float:
        lids = landmarks[:, [41, 40, 47, 46], 1] - landmarks[:, [37, 38, 43, 44], 1]
        opening = lids.mean(1)
        return float(opening[5:20].mean() - opening[24:27].min())

    eyes = float(np.linalg.norm(alone[0, 45] - alone[0, 36]))
    assert jitter(alone) / eyes > 1e-3, "without tremble there is nothing to take out"
    assert jitter(followed) <= jitter(alone) / 3
    assert blink(alone) > 0.02 * eyes
    assert blink(followed) >= 0.9 * blink(alone)


def test_every_option_that_results_depend_on_is_kept_with_the_file():
    from understudy.options import fields_of, results

    names = {f.name for f in fields_of(ExtractOptions)}
    free = {
        "debug_images", "commercial_safe", "trust_on_first_use", "device", "workers", "new",
    }  # fmt: skip
    assert set(results(ExtractOptions())) == names - free
    assert replace(ExtractOptions(), masks="extended, components").mask_names == (
        "extended",
        "components",
    )
