"""The last step of every output: join, sign, rename, and write it down.

No other code gives an output its final name, so nothing leaves without Content Credentials.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.errors import ConsentMissing, UnderstudyError
from understudy.flow import Progress
from understudy.media import MediaInfo
from understudy.media.held import Held
from understudy.provenance.audit import AuditLog
from understudy.provenance.beside import CARRIED, beside, list_of_film
from understudy.provenance.consent import Declaration, digest, read_declarations, require
from understudy.provenance.credentials import check_signing, disclosure_of, sign
from understudy.provenance.folder import LIST, LISTED_IN, list_of_folder, verify_folder
from understudy.provenance.verify import verify
from understudy.store.atomic import commit_dir, commit_path, scratch, sweep_parts


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
        consent: the file of the declarations, read again each time, since a consent may be taken
            back while its person is converted; None takes `declarations` as they are.
    """

    declarations: Sequence[Declaration]
    plates: tuple[str, ...]
    donors: tuple[str, ...]
    audit: AuditLog
    donor_pictures: tuple[Path, ...] = ()
    project: str = "PROJECT"
    consent: Path | None = None

    def require(self) -> list[Declaration]:
        """The declarations of the people in the output; refused unless all of them hold.

        Raises:
            ConsentMissing: says who and what to do; the refusal is logged.
        """
        persons = (*self.plates, *self.donors)
        try:
            if not self.plates or not self.donors:
                raise ConsentMissing(
                    "nothing is converted: nobody said who is in the footage and who goes in"
                )
            declared = self.declarations
            if self.consent is not None:
                declared = read_declarations(self.consent)
            return require(declared, persons, self.audit.today(), self.project)
        except ConsentMissing as refusal:
            self.audit.append("refused", reason=str(refusal))
            raise

    def check(self) -> None:
        """Refuse before the work what would refuse its label: consent, the log, the key.

        Raises:
            ConsentMissing: as `require`.
            StoreError, ProvenanceError, DiskFull: outputs cannot be signed or written down here.
        """
        self.audit.check()
        self.require()
        check_signing()


def release(
    writer: Any,
    work: Path,
    segments: int,
    info: MediaInfo,
    output: Path,
    label: Label,
    about: Mapping[str, Any],
    note: Callable[[Path], object],
    held: Held | None = None,
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
        held: the footage as it was when its frames were read; None takes it as it is now.

    Raises:
        MediaError: the footage is not the file any more whose frames were read.
        ProvenanceError, DiskFull, StoreError: the segments are kept; there is no output.
    """
    sweep_parts(output.absolute().parent)
    still = Held.now(info.path, exact=True)
    if held is not None:
        held.refuse_changed()
    declarations = label.require()
    facts = {"output": output.name, "source": info.fingerprint}
    head = label.audit.append("converting", **facts, declarations_sha256=digest(declarations))
    disclosure = disclosure_of(declarations, head, label.plates, label.donors, about)
    try:
        # What is joined is whole but for its signature, so it goes whatever happens.
        with (
            scratch(work) as unsigned,
            commit_path(output) if output.suffix else commit_dir(output) as part,
        ):
            joined = unsigned / f"joined{output.suffix}"
            pairs = writer.finish(work, segments, joined)
            _sign_all(joined, part, pairs, output, label.donor_pictures, disclosure)
            still.refuse_changed()  # sound and digest were read of the file whose frames these are
            note(part)
    except BaseException as error:
        # What stopped it is told to people in any case, so a log that is full may not hide it.
        with suppress(UnderstudyError):
            label.audit.append("failed", **facts, reason=str(error) or type(error).__name__)
        raise
    label.audit.append("converted", **facts)


def vouched(output: Path, progress: Progress) -> bool:
    """Whether an output that a receipt calls finished carries credentials that fit it.

    A project's folder may be a stranger's, and its receipts with it: name, size and time of a film
    say nothing of what it shows.
    """
    verdict = verify_folder(output).whole if output.is_dir() else verify(output)
    if verdict.state == "stranger":
        progress.say(f"{output} was signed on another machine, by {verdict.signer}")
    if not verdict.ok:
        progress.say(f"{output} was called finished, but: {verdict.sentences[0]}")
    return verdict.ok


def confirm(label: Label, output: Path, info: MediaInfo) -> None:
    """Write down that an output was made, where a run died between its rename and that line."""
    facts = {"output": output.name, "source": info.fingerprint}
    told = [e.event for e in label.audit.entries() if facts.items() <= e.facts.items()]
    if told and told[-1] != "converted":
        label.audit.append("converted", **facts)


def _sign_all(
    joined: Path,
    part: Path,
    pairs: Sequence[tuple[Path, Path]],
    output: Path,
    donors: tuple[Path, ...],
    disclosure: Mapping[str, Any],
) -> None:
    """Sign a film, or each picture of a folder as made from its own source, and their list."""
    if output.suffix:
        ((film, source),) = pairs
        _sign_film(film, part, source, output, donors, disclosure)
        return
    source_of = dict(pairs)
    listed = {**disclosure, LISTED_IN: LIST}
    for entry in sorted(joined.iterdir()):
        target = part / entry.name
        if entry not in source_of:
            shutil.copyfile(entry, target)
            continue
        mime = CARRIED.get(entry.suffix.lower())
        if mime is None:  # the signed list has its digest
            shutil.copyfile(entry, target)
            continue
        sign(
            entry,
            target,
            source=source_of[entry],
            donors=donors,
            disclosure=listed,
            title=entry.name,
            mime=mime,
        )
    order = [part / entry.name for entry in source_of]
    rest = sorted(set(part.iterdir()) - set(order))
    unsigned = joined / LIST
    unsigned.write_bytes(list_of_folder(output.name, [*order, *rest], len(order)))
    sign(
        unsigned,
        part / LIST,
        source=None,
        donors=(),
        disclosure=disclosure,
        title=LIST,
        mime="image/svg+xml",
    )


def _sign_film(
    film: Path,
    part: Path,
    source: Path,
    output: Path,
    donors: tuple[Path, ...],
    disclosure: Mapping[str, Any],
) -> None:
    """Sign a film inside, or beside where its kind cannot carry credentials."""
    facts: dict[str, Any] = {"source": source, "donors": donors, "disclosure": disclosure}
    mime = CARRIED.get(output.suffix.lower())
    if mime is not None:
        sign(film, part, title=output.name, mime=mime, **facts)
        return
    # the notice gets its name first: a film with its final name has its credentials
    with commit_path(beside(output)) as notice:
        unsigned = film.with_name("notice.svg")
        unsigned.write_bytes(list_of_film(output.name, film))
        sign(unsigned, notice, title=output.name, mime="image/svg+xml", **facts)
        shutil.copyfile(film, part)
