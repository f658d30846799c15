"""Jobs on the alignments of a small film with its face pictures."""

from __future__ import annotations

import gc
import json
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from understudy.errors import Cancelled, NoFaces, StoreError, ValueRefused
from understudy.flow import Silent
from understudy.imaging.drawing import Drawing, drawn
from understudy.media import FilmReader, frames, probe, read_image
from understudy.stages.faces.found import Finder
from understudy.stages.faces.masks import add_masks, mask_settings
from understudy.stages.faces.source import alignments_of, frame_words, reader_of
from understudy.stages.faces.views import FilmFaces
from understudy.stages.repair import pictures, shape
from understudy.stages.repair.looking import find
from understudy.stages.repair.looking.draw import draw
from understudy.stages.repair.looking.report import info_lines
from understudy.stages.repair.looking.review import review, to_review
from understudy.stages.repair.redo import redo
from understudy.stages.repair.rekey import rekey
from understudy.stages.repair.remove import Doomed, remove
from understudy.stages.train.feeding.crops import Cutting
from understudy.stages.train.feeding.faces import Preparer
from understudy.stages.train.options import TrainOptions
from understudy.store.alignments import Alignments
from understudy.store.alignments.query import ANY, Query
from understudy.store.faceset import FaceFolder, list_faceset, read_face_png, read_record
from understudy.swap import Crop
from understudy.types import Alignment, Face, Track


def all_faces(path: Path) -> dict[str, Face]:
    with Alignments.open(path, read_only=True) as store:
        return {f.id: f for _, faces in store.by_frame() for f in faces}


def second_faces(path: Path) -> None:
    """A smaller face to the left of each, listed after it."""
    with Alignments.open(path) as store:
        rows = []
        for at, faces in list(store.by_frame()):
            new = []
            for face in faces:
                box = face.box_xyxy - [40, 0, 60, 20]
                frame = face.alignment.unit_from_frame.src
                fit = Alignment.fit(face.alignment.landmarks - [40.0, 0.0], frame)
                new.append(replace(face, id=f"{at.index}_1", box_xyxy=box, alignment=fit))
            rows.append((at, [*faces, *new]))
        store.put(rows)


def slip(path: Path, face_id: str, by: float = 30.0) -> None:
    """One face's mouth slips away."""
    with Alignments.open(path) as store:
        face = all_faces(path)[face_id]
        points = face.alignment.landmarks.copy()
        points[48:68] += [by, 0]
        store.put_face(shape.with_landmarks(face, points, store, "hand"))


def test_searches_find_exactly_what_is_wrong(footage):
    second_faces(footage.alignments)
    slip(footage.alignments, "5_0")
    with Alignments.open(footage.alignments) as store:
        store._db.execute("DELETE FROM frames WHERE frame IN (3, 4, 9)")
        info = FilmReader.open(footage.media)
        for film, count in ((info, True), (info, False), (None, False)):
            missing = find.missing_frames(store, film, Silent(), count)
            assert missing.frames == (3, 4, 9)
            assert missing.lines() == ["3", "4", "9"] and "3-4, 9" in missing.said
        assert find.no_faces(store).frames == (10, 11, 12)
        several = find.multi_faces(store)
        assert several.frames == tuple(i for i in range(24) if i not in (3, 4, 9, 10, 11, 12))
        assert len(several.faces) == 2 * len(several.frames)
        worst = max((f.alignment.distance, f.id) for _, faces in store.by_frame() for f in faces)
        assert worst[1] == "5_0"
        bad = find.misaligned(store, worst[0] - 1e-6)
        assert [row.id for row in bad.faces] == ["5_0"] and bad.frames == (5,)
        assert find.misaligned(store, worst[0] + 1e-6).faces == ()


def test_a_flash_is_told_and_a_fade_is_not(footage):
    with Alignments.open(footage.alignments) as store:
        for frame in range(2, 9):
            (face,) = store.faces(frame)
            lit = {"red": 0.5 + 0.03 * frame, "green": 0.4, "blue": 0.3 + 0.2 * (frame == 5)}
            store.put_face(replace(face, quality={**face.quality, **lit}))
        doubts = {doubt.frame: doubt.reasons for doubt in review(store)}
    assert doubts[5] == ("colour jumps: blue by 20% of full scale",)
    assert not doubts.keys() & {3, 4, 6, 7}


def test_frames_to_review_are_told_with_the_reason(footage, tmp_path):
    """Quiet footage is not named; a mouth that slips, a net that doubts and a stranger are."""
    with Alignments.open(footage.alignments) as store:
        assert review(store) == []
        for frame, changed in ((4, {"presence": 0.2}), (7, {"average_distance": 0.3})):
            (face,) = store.faces(frame)
            store.put_face(replace(face, quality={**face.quality, **changed}))
        (face,) = store.faces(16)
        kind, mask = next(iter(face.masks.items()))
        none = replace(mask, alpha=np.zeros_like(mask.alpha))
        store.put_face(replace(face, masks={**face.masks, kind: none}))
        points = store.faces(20)[0].alignment.landmarks + np.array([40.0, 0.0])
        store.put_face(shape.with_landmarks(store.faces(20)[0], points, store, "hand"))
        doubts = {doubt.frame: " ".join(doubt.reasons) for doubt in review(store)}
        found = to_review(store)
        find.write_list(found, tmp_path / "l.json", footage.alignments)
    assert doubts[4] == "low confidence, 0.20"
    assert doubts[7] == "misaligned, 0.30 from the mean face"
    assert f"mask {kind} jumps" in doubts[16]
    assert "landmarks jump by" in doubts[20] and "mask:extended" in doubts[20]
    assert found.frames == tuple(doubts) == (4, 7, 16, 20), "and not their neighbours"
    assert found.said.startswith(f"{len(doubts)} frames to review\n  4: face 4_0: low confidence")
    told = json.loads((tmp_path / "l.json").read_text())
    assert told["faces"][0] == {"id": "4_0", "frame": 4, "why": doubts[4]} | {
        key: told["faces"][0][key] for key in ("score", "track")
    }


def test_what_was_found_is_written_and_its_pictures_taken(footage, tmp_path):
    with Alignments.open(footage.alignments, read_only=True) as store:
        found = find.misaligned(store, 0.0)
        assert len(found.faces) == 21
        find.write_list(found, tmp_path / "l.txt", footage.alignments)
        find.write_list(found, tmp_path / "l.json", footage.alignments)
        ids = [row.id for row in found.faces][:3]
        assert find.take_pictures(store, ids, footage.faces, tmp_path / "c", move=False) == 3
        assert len(list_faceset(footage.faces)) == 21
        assert find.take_pictures(store, ids, footage.faces, tmp_path / "m", move=True) == 3
        assert len(list_faceset(footage.faces)) == 18
        with pytest.raises(StoreError, match="is there already"):
            find.take_pictures(store, ["5_0"], footage.faces, footage.faces, move=False)
    assert [p.name for p in list_faceset(tmp_path / "c")] == [
        p.name for p in list_faceset(tmp_path / "m")
    ]
    assert (tmp_path / "l.txt").read_text().splitlines() == found.lines()
    told = json.loads((tmp_path / "l.json").read_text())
    assert [f["id"] for f in told["faces"]] == found.lines() and told["job"] == "misaligned"


def test_faces_whose_pictures_were_deleted_are_removed(footage):
    paths = list_faceset(footage.faces)
    gone = [read_record(p).face.id for p in (paths[2], paths[7])]
    paths[2].unlink()
    paths[7].unlink()
    doomed = Doomed(deleted_from=footage.faces)
    assert remove(footage.alignments, doomed, Silent(), dry_run=True) == gone
    assert len(all_faces(footage.alignments)) == 21
    assert remove(footage.alignments, doomed, Silent()) == gone
    assert not set(gone) & set(all_faces(footage.alignments))
    kept = footage.alignments.with_name(f"{footage.alignments.name}.bak")
    assert len(all_faces(kept)) == 21
    for path in list_faceset(footage.faces):
        path.unlink()
    with pytest.raises(StoreError, match="every face would be removed"):
        remove(footage.alignments, doomed, Silent())
    assert len(all_faces(footage.alignments)) == 19


def test_faces_are_removed_by_id_track_and_person(footage):
    with Alignments.open(footage.alignments) as store:
        tracks = {0: range(10), 1: range(13, 16), 2: range(16, 24)}
        track_of = {i: t for t, span in tracks.items() for i in span}
        store.put_faces(
            replace(f, track=track_of[at.index]) for at, faces in store.by_frame() for f in faces
        )
        store.finish([Track(0, 0, 0), Track(1, 0, 1), Track(2, 1, 1)])
    path = footage.alignments
    assert len(remove(path, Doomed(person=1), Silent(), dry_run=True)) == 11
    moved = remove(path, Doomed(ids=("2_0",), track=1), Silent(), faces=footage.faces)
    assert moved == ["2_0", "13_0", "14_0", "15_0"]
    assert len(list_faceset(footage.faces)) == 17
    assert len(list_faceset(footage.faces / "removed")) == 4
    assert sum(f.track == 1 for f in all_faces(path).values()) == 0
    for wrong, words in ((Doomed(), "say which faces"), (Doomed(("99_0",)), "no face 99_0")):
        with pytest.raises(ValueRefused, match=words):
            remove(path, wrong, Silent())


def test_rekeying_renames_faces_and_pictures(footage):
    second_faces(footage.alignments)
    before = all_faces(footage.alignments)
    info = probe(footage.media)
    assert len(rekey(footage.alignments, "left", Silent(), dry_run=True)) == 42
    assert list(all_faces(footage.alignments)) == list(before)
    assert rekey(footage.alignments, "size", Silent()) == {}
    changes = rekey(footage.alignments, "left", Silent(), faces=footage.faces)
    assert changes["5_0"] == "5_1" and changes["5_1"] == "5_0"
    after = all_faces(footage.alignments)
    for old, new in changes.items():
        want = before[old].alignment.landmarks
        assert np.array_equal(after[new].alignment.landmarks, want)
    for path in list_faceset(footage.faces):
        record = read_record(path)
        assert record.face.id.endswith("_1") and path.stem.endswith("_1")
        want = after[record.face.id].alignment.landmarks
        assert np.array_equal(record.face.alignment.landmarks, want)
    assert info.fingerprint == record.source_fingerprint
    with Alignments.open(footage.alignments, read_only=True) as store:
        assert len(pictures.state_of(footage.faces, store).current) == 21


def test_a_renaming_that_died_half_way_is_finished_by_the_next(footage):
    second_faces(footage.alignments)
    rekey(footage.alignments, "left", Silent())
    paths = list_faceset(footage.faces)
    paths[0].rename(paths[0].with_name("renaming-" + paths[0].name))
    twin = paths[1].with_name("renaming-" + paths[1].name)
    twin.write_bytes(paths[1].read_bytes())
    rekey(footage.alignments, "left", Silent(), faces=footage.faces)
    now = list_faceset(footage.faces)
    assert len(now) == 21
    assert all(p.stem.endswith("_1") and not p.name.startswith("renaming") for p in now)


def test_deletions_are_carried_over_by_landmarks_not_by_old_numbers(footage):
    second_faces(footage.alignments)
    rekey(footage.alignments, "left", Silent())  # without its pictures: their ids are old
    doomed = Doomed(deleted_from=footage.faces)
    gone = remove(footage.alignments, doomed, Silent())
    assert len(gone) == 21 and all(face_id.endswith("_0") for face_id in gone)


def test_renaming_covers_no_other_picture(footage):
    second_faces(footage.alignments)
    rekey(footage.alignments, "left", Silent(), faces=footage.faces)
    remove(footage.alignments, Doomed(("5_0", "6_0")), Silent())
    orphan, stranger = (
        next(p for p in list_faceset(footage.faces) if read_record(p).face.id == wanted)
        for wanted in ("7_1", "8_1")
    )
    remove(footage.alignments, Doomed(("7_1",)), Silent())
    orphan = orphan.rename(orphan.with_name(orphan.name.replace("000007_1", "000005_0")))
    occupied = orphan.with_name(stranger.name.replace("000008_1", "000006_0"))
    occupied.write_bytes(picture_of_another_film(stranger))
    with pytest.raises(StoreError, match="is not of this film"):
        rekey(footage.alignments, "kept", Silent(), faces=footage.faces)
    assert len(list_faceset(footage.faces)) == 22
    occupied.unlink()
    rekey(footage.alignments, "kept", Silent(), faces=footage.faces)
    assert [p.name for p in (footage.faces / "removed").iterdir()] == [orphan.name]
    assert read_record(orphan).face.id == "5_0"
    assert len(list_faceset(footage.faces)) == 20


def picture_of_another_film(picture: Path) -> bytes:
    record = replace(read_record(picture), source_fingerprint="another")
    return pictures.with_record(picture, record)


def test_slipped_landmarks_are_drawn_back_and_what_they_made_is_stale(footage):
    good = all_faces(footage.alignments)["13_0"].alignment.landmarks
    slip(footage.alignments, "13_0", 12.0)
    bad = all_faces(footage.alignments)["13_0"].alignment.landmarks
    clean = shape.spatial(0.9)
    told = shape.clean_landmarks(footage.alignments, clean, shape.MADE_BY, Silent(), dry_run=True)
    assert np.array_equal(all_faces(footage.alignments)["13_0"].alignment.landmarks, bad)
    assert (told.faces, told.groups, told.small) == (21, 1, 0)
    assert told.furthest[0] == "13_0"
    shape.clean_landmarks(footage.alignments, clean, shape.MADE_BY, Silent())
    face = all_faces(footage.alignments)["13_0"]
    mouth = slice(48, 68)
    off = np.linalg.norm(bad - good, axis=1)[mouth].mean()
    left = np.linalg.norm(face.alignment.landmarks - good, axis=1)[mouth].mean()
    assert left < 0.5 * off
    assert face.stale == {"embedding", "extra:mesh", "mask:components", "mask:extended"}
    assert face.made_by["align"] == shape.MADE_BY
    assert face.quality["average_distance"] == face.alignment.distance


def test_a_point_model_keeps_what_many_frames_share_and_limits_the_rest():
    rng = np.random.default_rng(2)
    mean, mode = rng.normal(0, 1, 136), rng.normal(0, 1, 136)
    mode /= np.linalg.norm(mode)
    usual = mean + rng.normal(0, 1, (60, 1)) * mode + rng.normal(0, 1e-4, (60, 136))
    smile = mean + 1.5 * mode
    outlier = smile.copy()
    outlier[3] += 0.5
    cleaned = shape.project(np.stack([smile, outlier, mean + 50 * mode]), usual, 0.98)
    assert np.abs(cleaned[0] - smile).max() < 0.01
    assert abs(cleaned[1] - smile)[3] < 0.1
    assert np.linalg.norm(cleaned[2] - mean) < 4.5


def test_stale_parts_are_made_again_and_pictures_cut_again(footage, registry):
    path = footage.alignments
    fresh = all_faces(path)["13_0"]
    slip(path, "13_0")
    with Alignments.open(path) as store:
        face = store.faces(6)[0]
        painted = replace(face.masks["extended"], kind="painted")
        makers = {**face.made_by, "mask": f"{face.made_by['mask']} painted@hand"}
        edited = replace(face, masks={**face.masks, "painted": painted}, made_by=makers)
        store.put_face(replace(edited, stale=frozenset({"mask:painted"})))
        state = pictures.state_of(footage.faces, store)
    assert [p.face_id for p, _ in state.stale] == ["13_0"]
    assert [p.face_id for p, _ in state.behind] == ["6_0"]
    lines = "\n".join(info_lines(path, footage.faces))
    assert "1 picture was cut before the landmarks changed" in lines
    assert "stale: embedding of 1 face, extra:mesh of 1 face, mask:components" in lines

    told = redo(path, registry, Silent(), faces=footage.faces)
    assert (told.faces, told.pictures_cut, told.pictures_rewritten) == (1, 1, 1)
    assert told.parts == {"mask:components": 1, "mask:extended": 1, "embedding": 1}
    assert told.left == {"mask:painted": 1}
    face = all_faces(path)["13_0"]
    assert not face.stale
    masker = registry.create("mask", "extended")
    wanted = masker.mask(np.zeros((1, 1, 3), np.uint8), face.alignment)
    assert np.abs(face.masks["extended"].alpha - wanted.alpha).max() <= 1 / 500
    assert face.embedding is not None and fresh.embedding is not None
    assert not np.array_equal(face.embedding, fresh.embedding)
    for picture in list_faceset(footage.faces):
        _, record = read_face_png(picture)
        if record.face.id == "13_0":
            want = face.alignment.crop(96, 1.0, "head").matrix
            assert np.allclose(record.crop_from_frame.matrix, want)
    assert redo(path, registry, Silent()).faces == 0
    assert redo(path, registry, Silent(), forget=True).left == {}
    assert "painted" not in all_faces(path)["6_0"].masks


def test_masks_that_only_a_picture_has_are_kept(footage):
    picture = list_faceset(footage.faces)[5]
    record = read_record(picture)
    face = all_faces(footage.alignments)[record.face.id]
    own = replace(face.masks["extended"], kind="painted")
    with_own = replace(record.face, masks={"painted": own})
    picture.write_bytes(pictures.with_record(picture, replace(record, face=with_own)))
    with Alignments.open(footage.alignments) as store:
        assert not pictures.state_of(footage.faces, store).behind
        store.put_face(replace(face, score=0.5))
        pictures.update(footage.faces, store, None, Silent())
        assert read_record(picture).face.score == 0.5
        assert "painted" in read_record(picture).face.masks
    slip(footage.alignments, face.id)
    with Alignments.open(footage.alignments, read_only=True) as store:
        pictures.update(footage.faces, store, FilmReader.open(footage.media), Silent())
    assert "mask:painted" in read_record(picture).face.stale


def test_redo_makes_masks_as_they_were_made(footage, registry):
    """It made 128 px masks of 256 px ones, and forgot how plug-ins were set."""
    path = footage.alignments
    with Alignments.open(path) as store:
        source = FilmFaces(store, reader_of(store))
        chosen = {"extended": {"mask_px": 256}, "mesh": {}}
        settings = mask_settings(store, ["extended"], chosen, True, registry)
        add_masks(source, ["extended"], False, registry, Silent(), settings=settings)
    before = all_faces(path)
    assert {f.masks["extended"].alpha.shape for f in before.values()} == {(256, 256)}
    slip(path, "5_0", 1.0)
    assert redo(path, registry, Silent()).parts["mask:extended"] == 1
    after = all_faces(path)
    assert after["5_0"].masks["extended"].alpha.shape == (256, 256)
    assert after["5_0"].masks["components"].alpha.shape == (128, 128)
    with Alignments.open(path) as store:
        with pytest.raises(ValueRefused, match="21 masks 'extended' were made with mask_px 256"):
            mask_settings(store, ["extended"], {"extended": {"mask_px": 64}}, False, registry)
        assert mask_settings(store, ["extended"], {}, False, registry)["extended"]["mask_px"] == 256


def test_redo_reads_how_files_of_before_the_tree_were_made(footage, registry):
    path = footage.alignments
    flat = {"detector": "mediapipe", "masks": "components,extended", "mask_px": 64, "every": 1}
    database = sqlite3.connect(path)
    database.execute("UPDATE source SET settings_json = ?", (json.dumps(flat),))
    database.commit()
    database.close()
    slip(path, "5_0", 1.0)
    redo(path, registry, Silent())
    assert all_faces(path)["5_0"].masks["extended"].alpha.shape == (64, 64)
    with Alignments.open(path, read_only=True) as store:
        assert store.source.setting("every", 0) == 1


def test_redo_says_where_nobody_knows_how_a_mask_was_made(footage, registry):
    path = footage.alignments
    database = sqlite3.connect(path)
    database.execute("UPDATE source SET settings_json = ?", ('{"imported": "another@1"}',))
    database.commit()
    database.close()
    slip(path, "5_0", 1.0)
    progress = Silent()
    redo(path, registry, progress)
    assert "settings-unknown" in progress.warned


def test_a_stopped_redo_goes_on_with_what_is_left(footage, registry):
    for face_id in all_faces(footage.alignments):
        slip(footage.alignments, face_id, 3.0)
    stop = Silent()
    stop.cancelled = True
    with pytest.raises(Cancelled, match="run it again to go on"):
        redo(footage.alignments, registry, stop)
    with Alignments.open(footage.alignments, read_only=True) as store:
        left = store.count(Query(stale=ANY))
    assert 0 < left < 21
    assert redo(footage.alignments, registry, Silent()).faces == left


def test_drawing_marks_the_face_and_nothing_far_from_it(footage, registry, tmp_path):
    first = next(iter(frames(probe(footage.media))))
    with Alignments.open(footage.alignments, read_only=True) as store:
        (face,) = store.faces(0)
    picture = drawn(first.pixels, [face], Drawing(mask="extended"))
    x, y = np.floor(face.alignment.landmarks[30]).astype(int)
    assert (picture[y, x] > 200).all()
    changed = np.argwhere((picture != first.pixels).any(-1))
    reach = face.box_xyxy[[1, 0]] - 30, face.box_xyxy[[3, 2]] + 30
    words = changed[:, 0] < face.box_xyxy[1]
    assert (changed[~words] >= reach[0]).all() and (changed[~words] <= reach[1]).all()
    path, registry_ = footage.alignments, registry
    assert draw(path, tmp_path / "s.png", Drawing(cells=4), registry_, Silent()) == 4
    assert read_image(tmp_path / "s.png").shape[1] >= 2 * 480
    assert draw(path, tmp_path / "d", Drawing(frames=(5, 11)), registry_, Silent()) == 5
    assert len(list((tmp_path / "d").iterdir())) == 5
    assert draw(path, tmp_path / "v.mp4", Drawing(), registry_, Silent()) == 21
    times = [f.at.seconds for f in frames(probe(tmp_path / "v.mp4"))]
    assert times == [f.at.seconds for f in frames(probe(footage.media))]
    with pytest.raises(StoreError, match="is there already"):
        draw(path, tmp_path / "v.mp4", Drawing(), registry_, Silent())
    with pytest.raises(ValueRefused, match="for a video"):
        draw(path, tmp_path / "v.avi", Drawing(), registry_, Silent())
    with pytest.raises(NoFaces, match="nothing to draw"):
        draw(path, tmp_path / "e.png", Drawing(frames=(10, 12)), registry_, Silent())


def test_conversion_and_training_name_stale_masks(footage, converter, registry, tmp_path):
    said = Silent()
    converter(footage, "good.mp4", said)
    assert not any("older than" in line for line in said.said)
    slip(footage.alignments, "5_0", 2.0)
    converter(footage, "stale.mp4", said)
    assert [line for line in said.said if "of 1 face is older than their landmarks" in line]
    assert said.warned == ["stale-masks"]

    said = Silent()

    def read_for_training() -> None:
        cutting = Cutting(Crop(32, 64, "face", 0.9), "extended", 3.0, 2.0)
        facesets = {"a": [FaceFolder(footage.faces)]}
        with Finder(facesets["a"], registry) as finder:
            options = TrainOptions(threads=1)
            Preparer(facesets, tmp_path / "m", cutting, options, finder, said).faces("a")

    read_for_training()
    assert not any("older than" in line for line in said.said)
    with Alignments.open(footage.alignments, read_only=True) as store:
        pictures.update(footage.faces, store, FilmReader.open(footage.media), Silent())
    read_for_training()
    assert [line for line in said.said if "of 1 picture of a is older than" in line]


def test_the_file_is_found_beside_its_film(footage, tmp_path):
    assert alignments_of(footage.media) == footage.alignments
    assert alignments_of(footage.alignments) == footage.alignments
    with pytest.raises(StoreError, match="there is no alignments file"):
        alignments_of(tmp_path / "none.mp4")
    away = tmp_path / "away" / footage.media.name  # a film whose folder may not be written
    away.parent.mkdir()
    shutil.copy(footage.media, away)
    with pytest.raises(StoreError, match="a project keeps it in sources/ID"):
        alignments_of(away)
    assert alignments_of(away, footage.faces).samefile(footage.alignments)
    assert frame_words([9, 1, 2, 3, 7]) == "1-3, 7, 9"


def test_smoothing_over_time_takes_each_face_for_itself_also_without_tracks(footage):
    second_faces(footage.alignments)
    rng = np.random.default_rng(3)
    with Alignments.open(footage.alignments) as store:
        for face in list(all_faces(footage.alignments).values()):
            points = face.alignment.landmarks + rng.normal(0, 0.3, (68, 2))
            fit = Alignment.fit(points, face.alignment.unit_from_frame.src)
            store.put_face(replace(face, alignment=fit, track=None))
    before = all_faces(footage.alignments)
    told = shape.clean_landmarks(footage.alignments, shape.temporal, "two-way@1", Silent())
    after = all_faces(footage.alignments)
    assert told.faces == len(after) and 0 < told.moved_px < 1.0 and told.furthest[1] < 3.0
    moved = [f for i, f in after.items() if f.made_by["align"] == "two-way@1"]
    assert len(moved) == len(before)

    def jitter(faces):
        points = np.stack([faces[f"{i}_1"].alignment.landmarks for i in range(10)])
        return float(np.abs(np.diff(points, 2, axis=0)).mean())

    assert jitter(after) < 0.7 * jitter(before)


def test_comparing_pictures_with_alignments_holds_no_faces(footage):
    """A face has its masks with it, 140 KB; a film has 150,000 of them."""
    gc.collect()
    before = sum(type(held) is Face for held in gc.get_objects())
    with Alignments.open(footage.alignments, read_only=True) as store:
        state = pictures.state_of(footage.faces, store)
        assert len(state.current) == store.counts()[2] > 10
    gc.collect()
    assert sum(type(held) is Face for held in gc.get_objects()) <= before
    assert set(state.by_face()) == {id_ for _, id_ in state.current}
