"""Extraction, training and conversion from Python: as careful and as stoppable as verbs."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

import understudy as us
from understudy.errors import Cancelled, ConsentMissing, NoFaces, StoreError, ValueRefused
from understudy.events import Event
from understudy.flow import Silent
from understudy.stages.train.scored.kept import read_curve

SMALL = {"mesh": {"texture": "128", "components": 8}}


def test_a_broken_off_extraction_goes_on(made, tmp_path: Path) -> None:
    film = tmp_path / "ann.mp4"
    film.write_bytes((made / "ann.mp4").read_bytes())
    options = {"size": 96, "min_face_px": 30, "workers": 1}

    class Impatient(Silent):
        @property
        def cancelled(self) -> bool:
            return any(event.kind == "advance" for event in self.events)

        @cancelled.setter
        def cancelled(self, value: bool) -> None:
            pass

    with pytest.raises(Cancelled, match="frames are extracted"):
        us.extract(us.Film(film), progress=Impatient(), **options)
    begun = us.Alignments(film)
    assert 0 < len(begun) < 16 and not begun.finished
    told: list[Event] = []
    found = us.extract(us.Film(film), progress=told.append, **options)
    assert found.finished
    assert any("going on after frame" in event.text for event in told)
    whole = us.Alignments(made / "ann.mp4")
    for one, other in zip(found, whole, strict=True):
        assert np.array_equal(one.alignment.landmarks, other.alignment.landmarks)


def test_ctrl_c_saves_and_gives_the_signal_back(studio) -> None:
    before = signal.getsignal(signal.SIGINT)
    faces = {"ann": "ann.faces", "bob": "bob.faces"}

    def impatient(event: Event) -> None:
        if event.kind == "advance" and event.data["done"] == 5:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(Cancelled, match="the model is saved at iteration 5"):
        plain = {"batch": 2, "score_faces": 0}
        us.train(faces, iterations=500, into="pair", progress=impatient, **plain)
    assert us.Model("pair").step == 5
    assert signal.getsignal(signal.SIGINT) is before


def test_faces_of_several_places_and_of_one_person_of_a_film(studio) -> None:
    bob = us.Alignments("bob.mp4")
    given = {"ann": ["ann.faces", us.Alignments("ann.mp4").where(person=0)], "bob": bob}
    plain = {"previews": 0, "score_faces": 0, "swap": SMALL}
    model = us.train(given, iterations=2, batch=2, into="other", progress=None, **plain)
    assert model.persons == ("ann", "bob")
    with pytest.raises(ValueRefused, match="by person or track, not by size_px"):
        us.train({"ann": "ann.faces", "bob": bob.where(min_size_px=9)}, into="x", progress=None)
    with pytest.raises(NoFaces):
        us.train({"ann": "ann.faces", "bob": bob.where(person=3)}, into="x", progress=None)
    with pytest.raises(ValueRefused, match="bob: expected a folder"):
        us.train({"ann": "ann.faces", "bob": []}, into="x", progress=None)
    with pytest.raises(ValueRefused, match="two"):
        us.train({"ann": "ann.faces"}, into="x", progress=None)
    with pytest.raises(ValueRefused, match=r"train\.batches: unknown option.*batch"):
        us.train(given, into="x", progress=None, batches=2)


def test_training_is_scored_as_it_is_on_the_command_line(made) -> None:
    point = read_curve(made / "pair")[-1]
    assert point.step == 2 and 0 < point.combined < 100
    assert {"identity", "expression", "pose", "sharpness"} <= set(point.parts)


def test_faces_whose_film_is_elsewhere_are_learnt_unscored(studio) -> None:
    Path("ann.mp4").rename("elsewhere.mp4")
    told: list[Event] = []
    given = {"ann": us.Alignments("ann.alignments"), "bob": "bob.faces"}
    us.train(given, iterations=1, batch=2, into="new", previews=0, progress=told.append, swap=SMALL)
    assert any("is not scored while it learns: no film" in event.text for event in told)


def test_nothing_is_converted_without_consent(studio) -> None:
    from understudy.provenance.consent import read_declarations

    declared = read_declarations(Path("consent.toml"))
    for given in ([], [d for d in declared if d.person == "ann"], declared[1:]):
        with pytest.raises(ConsentMissing):
            us.convert(
                "ann.mp4", "pair", {"ann": "bob"}, output="out.mp4", consent=given, progress=None
            )
    with pytest.raises(ConsentMissing, match="cy"):
        us.convert(
            *("ann.mp4", "pair", "bob"),
            output="out.mp4",
            consent="consent.toml",
            persons={0: "cy"},
            progress=None,
        )
    with pytest.raises(ConsentMissing, match="there is no such consent file"):
        us.convert("ann.mp4", "pair", {"ann": "bob"}, output="out.mp4", consent="none.toml")
    assert not Path("out.mp4").exists()


def test_pictures_are_signed_and_what_changed_is_told(studio) -> None:
    made = us.convert(
        us.Film("ann.mp4"),
        us.Model("pair"),
        {"ann": "bob"},
        output="pictures",
        consent="consent.toml",
        progress=None,
        feather=0.1,
    )
    verdict = us.verify("pictures")
    assert verdict.ok
    assert verdict.sentences[0] == "16 of 16 pictures: ours"
    assert made.parts == {"0 -> bob": 16}
    one = sorted(Path("pictures").glob("*.png"))[3]
    data = bytearray(one.read_bytes())
    data[-200] ^= 1
    one.write_bytes(data)
    spoilt = us.verify("pictures")
    assert not spoilt.ok
    assert spoilt.state == "altered"
    assert {"15 of 16 pictures: ours", "1 of 16 pictures: altered"} < set(spoilt.sentences)


def test_a_still_is_changed_in_the_face_alone(studio, people) -> None:
    model = us.Model("pair")
    picture = people.a[4]
    for pixels in (picture, (picture.astype(np.uint16) * 257)):
        shown = model.swap(pixels, to="bob", min_face_px=30, progress=None)
        assert shown.dtype == pixels.dtype and shown.shape == pixels.shape
        changed = (shown != pixels).any(-1)
        faces = us.align(picture, min_face_px=30, progress=None)
        assert faces.landmarks is not None
        x, y = faces.landmarks[0, 30].astype(int)
        assert changed[y, x]
        left, top, right, bottom = faces.boxes_xyxy[0].round().astype(int)
        changed[max(0, top - 12) : bottom + 12, max(0, left - 12) : right + 12] = False
        assert not changed.any()
    assert not np.array_equal(
        model.swap(picture, to="ann", min_face_px=30, progress=None),
        model.swap(picture, to="bob", min_face_px=30, progress=None),
    )
    with pytest.raises(NoFaces, match="no face was found"):
        model.swap(people.nobody, to="bob", progress=None)
    with pytest.raises(ValueRefused, match="can show ann, bob, not 'cy'"):
        model.swap(picture, to="cy", min_face_px=30, progress=None)


def test_a_model_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="holds no trained model"):
        us.Model(tmp_path)


def test_of_two_people_in_a_film_one_is_left_alone(studio, people, film) -> None:
    """Pixel by pixel: whoever is left looks as in the source."""
    pictures = [np.concatenate(pair, 1) for pair in zip(people.a[:6], people.b[:6], strict=True)]
    both = film(studio / "both.mp4", pictures, sound=False)
    found = us.extract(both, progress=None, size=96, min_face_px=30, workers=1)
    assert len(found) == 12 and found.persons == (0, 1)
    left = {f.track for f in found if f.box_xyxy[0] < 160}
    (ann,) = {t.person for t in found.tracks if t.number in left}
    who = {ann: "ann", 1 - ann: "bob"}
    with pytest.raises(ValueRefused, match="2 persons were found in the film"):
        us.convert(both, "pair", {"ann": "bob"}, output="x", consent="consent.toml", progress=None)
    made = us.convert(
        *(both, us.Model("pair"), {"ann": "bob", "bob": "leave"}),
        output="one",
        consent="consent.toml",
        persons=who,
        progress=None,
    )
    assert made.parts == {f"{ann} -> bob": 6}
    for before, after in zip(us.Film(both), us.Film("one"), strict=True):
        changed = (before.pixels != after.pixels).any(-1)
        assert changed[:, :160].any() and not changed[:, 160:].any()
