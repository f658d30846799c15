"""Cutting a film's face pictures into a folder, and how far that is.

What was cut lies there before anything vouches for it. So a film that turns out to be another file
than the one that was opened takes with it what was cut since the last mark.
"""

from __future__ import annotations

import json
from pathlib import Path

from understudy.errors import StoreError
from understudy.files import make_folder, read_json, remove_file
from understudy.flow import Progress, ahead
from understudy.flow.progress import stop_if_cancelled
from understudy.geometry import Centering
from understudy.imaging.resample import crop_image
from understudy.media import FilmReader
from understudy.media.held import Held
from understudy.stages.faces.pictures import MARK, MAX_MARK_BYTES, places
from understudy.store.alignments import Alignments
from understudy.store.atomic import commit_bytes
from understudy.store.faceset import FaceRecord, face_file_name, kept_in_picture, write_face_png
from understudy.types import Face, Frame
from understudy.words import counted

_MARK_EVERY = 64


class Pictures:
    """Writes the pictures of one film's faces into one folder."""

    def __init__(
        self,
        folder: Path,
        film: FilmReader,
        *,
        size: int,
        centering: Centering,
        alignments: Path,
        held: Held | None = None,
    ) -> None:
        """Make the folder, and see how far its pictures go.

        Args:
            folder: of the pictures.
            film: whose faces they are; pictures are kept in the depth in which it is read.
            size: side of a picture, pixels.
            centering: of its crop.
            alignments: where all that is known of the faces lies.
            held: the film as it was before it was opened; None takes it as it is now.
        """
        self._held = held or Held.now(film.path)
        self._unmarked: list[tuple[int, Path]] = []
        self._alignments = alignments.absolute()
        self._folder, self._film = folder, film
        self._size, self._centering = size, centering
        make_folder(folder)
        self._key = f"{film.info.fingerprint} {size} {centering}"
        self._next = self._read()

    @property
    def debug_folder(self) -> Path:
        """Where frames with everything drawn in go; made when it is asked for."""
        folder = self._folder.with_name(f"{self._folder.name}-debug")
        make_folder(folder)
        return folder

    def write(self, frame: Frame, faces: list[Face]) -> None:
        """Cut and write the pictures of one frame; the same frame gives the same files."""
        for number, face in enumerate(faces):
            crop_from_frame = face.alignment.crop(self._size, 1.0, self._centering)
            record = FaceRecord(
                face=kept_in_picture(face),
                crop_from_frame=crop_from_frame,
                centering=self._centering,
                coverage=1.0,
                source_name=self._film.name,
                source_fingerprint=self._film.info.fingerprint,
                frame_size=frame.space.size_wh,
            )
            path = self._folder / face_file_name(self._film.name, frame.at.index, number)
            picture = crop_image(frame.pixels, crop_from_frame)
            self._unmarked.append((frame.at.index, path))
            write_face_png(path, picture, record, durable=False)

    def check(self) -> None:
        """Refuse a film that is not the file any more whose frames were read.

        What shows somebody else's face must not lie there as a picture of this film, so all that
        was cut since the last mark is removed.

        Raises:
            MediaError: names the file.
        """
        if self._held.changed() is None:
            return
        for _, path in self._unmarked:
            remove_file(path)
        self._held.refuse_changed(
            "its faces were looked for, so those that were not kept yet are left out"
        )

    def mark(self, index: int) -> None:
        """Remember that the pictures of all frames up to this one are there.

        Raises:
            MediaError: as `check`.
        """
        self.check()
        self._unmarked = [one for one in self._unmarked if one[0] > index]
        self._next = index + 1
        plain = {
            "key": self._key,
            "next": self._next,
            "alignments": places(self._alignments, self._folder),
        }
        commit_bytes(self._folder / MARK, json.dumps(plain).encode())

    def catch_up(self, store: Alignments, progress: Progress) -> None:
        """Cut the pictures of frames that the alignments have and this folder has not yet."""
        last = store.last_timestamp()
        if last is None or last.index < self._next:
            return
        start = store.timestamp(self._next)
        name = f"face pictures of {self._film.name}"
        with progress.task(name, last.index + 1, "frames", done=self._next) as bar:
            for frame in ahead(self._film.frames(start)):
                index = frame.at.index
                if index < self._next:
                    continue
                self.write(frame, store.faces(index))
                bar.advance(1)
                if index == last.index or index % _MARK_EVERY == 0:
                    self.mark(index)
                    stop_if_cancelled(
                        progress, f"pictures of {counted(index + 1, 'frame')} are cut"
                    )
                if index == last.index:
                    break

    def _read(self) -> int:
        try:
            plain = read_json(self._folder / MARK, MAX_MARK_BYTES)
            return int(plain["next"]) if plain["key"] == self._key else 0
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(
                f"{self._folder / MARK} is damaged ({error}); delete it, and all face pictures "
                "are cut again"
            ) from error
