"""The questions of consent, one after the other, with a way back to the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

from understudy.cli.say import echo
from understudy.flow.signals import asking

if TYPE_CHECKING:
    from understudy.provenance.consent import Declaration

BACK = "<"
"""Typed in place of an answer it takes people to the question before."""

Answers = Mapping[str, Any]


class _Back(Exception):
    """The question before is wanted again."""


@dataclass(frozen=True, slots=True)
class _Question:
    """One question about a person.

    Attributes:
        key: field of the declaration.
        words: the question.
        take: makes an answer of what was typed, or has it asked again.
        listed: lines to show before it, by the answers so far.
        shared: whether the next person's answer is likely the same. Never of age and kind of
            footage: nobody may declare those by pressing Enter.
    """

    key: str
    words: str
    take: Callable[[str, Answers], Any]
    listed: Callable[[Answers], Sequence[str]] = lambda _: ()
    shared: bool = True


def ask(persons: Sequence[str]) -> list[Declaration]:
    """Ask about each of these persons.

    What was answered of one person is proposed for the next where it is likely the same.

    Raises:
        ConsentMissing: somebody is under age, or the footage is intimate; nothing was declared.
    """
    from understudy.provenance.consent import Declaration, now

    questions = _questions()
    steps = [(person, question) for person in persons for question in questions]
    answers: dict[str, dict[str, Any]] = {person: {} for person in persons}
    echo(f"  ({BACK} goes back to the question before)")
    place = 0
    while place < len(steps):
        person, question = steps[place]
        if question is questions[0]:
            echo(f"\nPerson {person} of this project")
        try:
            given = _answer(question, answers[person], _proposed(answers, person, question))
        except _Back:
            if place == 0:
                echo("  this is the first question")
            place = max(0, place - 1)
            continue
        _refuse(person, question.key, given)
        answers[person][question.key] = given
        place += 1
    return [
        Declaration(person=person, declared_at=now(), **given) for person, given in answers.items()
    ]


def _answer(question: _Question, so_far: Answers, proposed: Any) -> Any:
    """What is answered; asked again until it can be taken.

    Raises:
        _Back: the question before is wanted.
    """
    for line in question.listed(so_far):
        echo(f"    {line}")

    def take(typed: str) -> Any:
        if typed.strip() == BACK:
            return _Back()
        return question.take(typed, so_far)

    with asking():
        given = typer.prompt(f"  {question.words}", default=proposed, value_proc=take)
    if isinstance(given, _Back):
        raise given
    return given


def _proposed(
    answers: Mapping[str, dict[str, Any]], person: str, question: _Question
) -> str | None:
    """What was answered before: of this person, where people went back, or of the one before."""
    if question.key in answers[person]:
        return _typed(answers[person][question.key])
    before = list(answers)[: list(answers).index(person)]
    if not before or not question.shared:
        return None
    known = answers[before[-1]][question.key]
    try:
        question.take(known, answers[person])
    except typer.BadParameter:
        return None
    return _typed(known)


def _typed(answer: Any) -> str:
    return ("y" if answer else "n") if isinstance(answer, bool) else str(answer)


def _refuse(person: str, key: str, given: Any) -> None:
    from understudy.errors import ConsentMissing
    from understudy.provenance.consent import INTIMATE, UNDER_AGE

    why = {("adult", False): UNDER_AGE, ("intimate", True): INTIMATE}.get((key, given))
    if why is not None:
        raise ConsentMissing(f"{person}: {why}; nothing was declared")


def _questions() -> tuple[_Question, ...]:
    from understudy.provenance.consent import BASES, PURPOSES

    def purposes(so_far: Answers) -> list[str]:
        basis = so_far["basis"]
        return [p for p in PURPOSES if (basis, p) != ("historic-education", "parody")]

    return (
        _Question("name", "Who is it? (stays in this project)", _seen, shared=False),
        _Question(
            "basis",
            "On what basis may the face be used?",
            lambda typed, _: _one_of(BASES, typed),
            lambda _: [f"{key}: {words}" for key, words in BASES.items()],
        ),
        _Question("adult", "Is this person of age? (y/n)", _yes_or_no, shared=False),
        _Question("intimate", "Is the footage intimate or sexual? (y/n)", _yes_or_no, shared=False),
        _Question("scope", "What does the consent cover? (a film's title, a lesson)", _seen),
        _Question(
            "purpose",
            "For what purpose?",
            lambda typed, so_far: _one_of(purposes(so_far), typed),
            lambda so_far: [", ".join(purposes(so_far))],
        ),
        _Question("declared_by", "Who declares this?", _seen),
    )


def _seen(answer: str, _: Answers) -> str:
    """Takes words that can be seen; others are asked again."""
    from understudy.provenance.consent import is_blank

    if is_blank(answer):
        raise typer.BadParameter("nothing of that can be seen")
    return answer.strip()


def _yes_or_no(answer: str, _: Answers) -> bool:
    word = answer.strip().lower()
    if word not in ("y", "yes", "n", "no"):
        raise typer.BadParameter("expected y or n")
    return word.startswith("y")


def _one_of(names: Iterable[str], answer: str) -> str:
    """Takes one of these words; anything else is asked again."""
    known = list(names)
    if answer.strip() not in known:
        raise typer.BadParameter(f"{answer!r} is not one of {', '.join(known)}")
    return answer.strip()
