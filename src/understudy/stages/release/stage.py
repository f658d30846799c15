"""The last step of every output: join, sign, rename.

No other code gives an output its final name, so nothing leaves without Content Credentials.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.errors import ConsentMissing
from understudy.media import MediaInfo
from understudy.provenance.audit import AuditLog
from understudy.provenance.consent import Declaration, require
from understudy.provenance.credentials import disclosure_of, sign
from understudy.store.atomic import commit_dir, commit_path, sweep_parts

MIME = {".mp4": "video/mp4", ".mov": "video/quicktime"}


@dataclass(frozen=True, slots=True)
class Label:
    """What an output says about itself.

    Attributes:
        declarations: all that the project declares.
        plates: ids of the persons in the footage whose faces are replaced.
        donors: ids of the persons whose faces go in.
        audit: the project's log.
        donor_pictures: a picture of each donor's faceset; the credentials name it by its hash.
        project: the project's name, for messages.
    """

    declarations: Sequence[Declaration]
    plates: tuple[str, ...]
    donors: tuple[str, ...]
    audit: AuditLog
    donor_pictures: tuple[Path, ...] = ()
    project: str = "PROJECT"

    def require(self) -> list[Declaration]:
        """The declarations of the people in the output; refused unless all of them hold.

        Raises:
            ConsentMissing: says who and what to do; the refusal is logged.
        """
        persons = (*self.plates, *self.donors)
        try:
            return require(self.declarations, persons, project=self.project)
        except ConsentMissing as refusal:
            self.audit.append("refused", reason=str(refusal))
            raise


def release(
    writer: Any,
    work: Path,
    segments: int,
    info: MediaInfo,
    output: Path,
    label: Label,
    about: Mapping[str, Any],
    note: Callable[[Path], object],
) -> None:
    """Join the segments, sign the result and give it its final name.

    Args:
        writer: made the segments.
        work: where they lie.
        segments: how many.
        info: the footage, the credentials' parent ingredient.
        output: a file, or a folder of PNGs when the name has no suffix.
        label: consent and donors.
        about: further facts for the disclosure, plain data such as the model's name.
        note: called with the signed `.part` just before it gets its name.

    Raises:
        ProvenanceError, DiskFull, StoreError: the segments are kept; there is no output.
    """
    sweep_parts(output.absolute().parent)
    joined = work / f"joined{output.suffix}"
    writer.finish(work, segments, joined)
    head = label.audit.append("converted", output=output.name, source=info.fingerprint)
    disclosure = disclosure_of(label.require(), head, label.plates, label.donors, about)
    if output.suffix:
        with commit_path(output) as part:
            sign(
                joined,
                part,
                source=info.path,
                donors=label.donor_pictures,
                disclosure=disclosure,
                title=output.name,
                mime=MIME[output.suffix.lower()],
            )
            note(part)
        return
    with commit_dir(output) as folder:
        for number, picture in enumerate(sorted(joined.iterdir())):
            if picture.suffix != ".png":
                shutil.copyfile(picture, folder / picture.name)
                continue
            sign(
                picture,
                folder / picture.name,
                source=info.files[number] if info.files else info.path,
                donors=label.donor_pictures,
                disclosure=disclosure,
                title=picture.name,
                mime="image/png",
            )
        note(folder)
