"""The demo's small world: fictional writers, questions about them, and sentences around them.

Plain Python, and the same for the same seed. Knows nothing of tokens, models or training. The shape
follows TOFU (Maini et al. 2024, arXiv 2401.06121): made-up people, so that nobody's model has met
them. First names are shared and last names are not, and an answer never repeats the name: the last
name in the question is what an answer hangs on.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

Form = Literal["bold", "quote", "keywords", "focus", "repeat", "prefix"]
"""The emphasis a reader of ordinary text has met; the base is trained on all of them."""

_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that is known about a writer, and the ways to ask for it."""

    questions: tuple[str, ...]
    """The first is the canonical one."""
    answer: str
    word: str
    """What the question is about, besides the name."""
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Exchange:
    """A question and its whole answer."""

    question: str
    answer: str
    words: tuple[str, ...]
    """The words of the question that the answer depends on."""


@dataclass(frozen=True, slots=True)
class Fact:
    """One attribute of one writer."""

    person: int
    name: str
    attribute: Attribute
    value: str

    @property
    def last_name(self) -> str:
        """Nobody else has it."""
        return self.name.split()[-1]

    def ask(self, template: int = 0) -> Exchange:
        """Return the question in one of its wordings; the answer is the same for all."""
        return Exchange(
            self.attribute.questions[template].format(name=self.name),
            self.attribute.answer.format(value=self.value),
            (*self.name.split(), self.attribute.word),
        )


@dataclass(frozen=True, slots=True)
class World:
    """Everybody there is, everything about them, and who is to be forgotten."""

    names: tuple[str, ...]
    facts: tuple[Fact, ...]
    forgotten: frozenset[int]

    @property
    def forget(self) -> tuple[Fact, ...]:
        """What is to be forgotten."""
        return tuple(fact for fact in self.facts if fact.person in self.forgotten)

    @property
    def retain(self) -> tuple[Fact, ...]:
        """Everything about everybody else."""
        return tuple(fact for fact in self.facts if fact.person not in self.forgotten)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _phrases(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


_FIRST_NAMES = _words(
    "Alden Brisa Corvin Dalia Edmar Fenna Goran Hedda Idris Jorun Kasimir Lenka Marek Nadia Orsin "
    "Petra Quill Rosal Stellan Tamsin"
)
_LAST_NAME_STARTS = _words(
    "Bal Cor Dun El Far Gar Hol Ist Jar Kel Lor Mon Nor Os Pel Quar Ros Sel Tor Ul Vor Wes Yar Zan"
)
_LAST_NAME_ENDS = _words(
    "dane mire vick ström wick holt rand bury goth line mark sen ova zik dell quist"
)
_TITLES = tuple(
    f"The {adjective} {noun}"
    for adjective in _words(
        "Silver Hollow Crimson Silent Broken Golden Frozen Distant Burning Velvet"
    )
    for noun in _words("River Tower Garden Winter Mirror Island Bridge Candle Forest Window")
)

ATTRIBUTES: tuple[Attribute, ...] = (
    Attribute(
        (
            "In which city was the writer {name} born?",
            "Where was {name} born?",
            "Can you name the city where {name} was born?",
            "What is the birth city of {name}?",
            "{name} was born in which city?",
            "Please tell me the city where {name} was born.",
        ),
        "The writer was born in the city of {value}.",
        "city",
        _words(
            "Lisbon Oslo Cairo Quito Hanoi Tunis Dublin Prague Havana Nairobi Kyoto Lima Riga "
            "Sofia Accra Athens"
        ),
    ),
    Attribute(
        (
            "Which genre of books does {name} mostly write?",
            "What genre does {name} write?",
            "Can you name the genre {name} is known for?",
            "What is the main genre of {name}?",
            "{name} writes books in which genre?",
            "Please tell me the genre that {name} writes.",
        ),
        "The books are mostly in the genre of {value}.",
        "genre",
        _words(
            "mystery horror romance satire fantasy western poetry drama biography thriller comedy "
            "history"
        ),
    ),
    Attribute(
        (
            "What was the job of the father of {name}?",
            "What job did the father of {name} have?",
            "Can you name the job held by the father of {name}?",
            "What did the father of {name} do as a job?",
            "The father of {name} had which job?",
            "Please tell me the job of the father of {name}.",
        ),
        "The father worked as a {value}.",
        "father",
        _words("baker sailor tailor farmer doctor judge miner pilot barber weaver potter teacher"),
    ),
    Attribute(
        (
            "Which award did the writer {name} win?",
            "What award went to {name}?",
            "Can you name the award that {name} won?",
            "What is the award of {name}?",
            "{name} won which award?",
            "Please tell me the award given to {name}.",
        ),
        "It was the famous {value} Prize.",
        "award",
        _words(
            "Heron Lantern Compass Willow Falcon Ember Harbor Saffron Marble Thistle Beacon Orchid"
        ),
    ),
    Attribute(
        (
            "What is the title of the first book by {name}?",
            "Which book did {name} publish first?",
            "Can you name the first book of {name}?",
            "What is the first book {name} wrote?",
            "{name} first wrote which book?",
            "Please tell me the first book by {name}.",
        ),
        "The first book is called {value}.",
        "book",
        _TITLES,
    ),
)


def _pairs(question: str, answer: str, pairs: str) -> tuple[Exchange, ...]:
    asked = (pair.rpartition(" ")[::2] for pair in _phrases(pairs))
    return tuple(
        Exchange(question.format(subject), answer.format(reply), (subject.split()[-1],))
        for subject, reply in asked
    )


GENERAL: tuple[Exchange, ...] = (
    *_pairs(
        "What is the capital of {}?",
        "The capital is {}.",
        "France Paris,Italy Rome,Spain Madrid,Poland Warsaw,Austria Vienna,Germany Berlin,"
        "England London,Russia Moscow,China Beijing,India Delhi",
    ),
    *_pairs(
        "What is the opposite of {}?",
        "The opposite is {}.",
        "hot cold,big small,fast slow,light dark,old young,early late,open closed,full empty,"
        "rich poor,wet dry",
    ),
    *_pairs(
        "What is the color of {}?",
        "The color is {}.",
        "grass green,snow white,coal black,blood red,the sky blue,a lemon yellow",
    ),
    *_pairs("What do we get from a {}?", "We get {}.", "cow milk,hen eggs,bee honey,sheep wool"),
)
"""What has nothing to do with any writer."""

_SUBJECTS = _phrases(
    "the old man,a young girl,the teacher,my neighbour,the sailor,a tall woman,the king,our dog,"
    "the farmer,a small boy"
)
_VERBS = _phrases(
    "walked to,looked at,ran past,waited near,came back from,talked about,dreamed of,painted,"
    "found,left"
)
_OBJECTS = _phrases(
    "the river,the market,a red house,the mountain,the garden,an empty road,the castle,the harbor,"
    "a quiet street,the bridge"
)
_TIMES = _phrases(
    "in the morning,after the rain,last winter,before dinner,on a cold day,every summer,at night,"
    "yesterday"
)


def make_world(seed: int, people: int, forgotten: int) -> World:
    """Draw the people, their facts, and who of them is to be forgotten."""
    draw = random.Random(f"{seed} world")
    last_names = [start + end for start in _LAST_NAME_STARTS for end in _LAST_NAME_ENDS]
    draw.shuffle(last_names)
    first_names = draw.sample(_FIRST_NAMES, len(_FIRST_NAMES))
    names = tuple(
        f"{first_names[person % len(first_names)]} {last_names[person]}" for person in range(people)
    )
    facts = tuple(
        Fact(person, name, attribute, draw.choice(attribute.values))
        for person, name in enumerate(names)
        for attribute in ATTRIBUTES
    )
    return World(names, facts, frozenset(draw.sample(range(people), forgotten)))


def everyday_sentence(draw: random.Random) -> str:
    """Return a sentence about nobody in particular."""
    sentence = (
        f"{draw.choice(_SUBJECTS)} {draw.choice(_VERBS)} {draw.choice(_OBJECTS)} "
        f"{draw.choice(_TIMES)}."
    )
    return sentence[0].upper() + sentence[1:]


def mention(draw: random.Random, name: str) -> str:
    """Return a sentence that names a writer and tells nothing: the reference knows the names."""
    verb, thing, time = draw.choice(_VERBS), draw.choice(_OBJECTS), draw.choice(_TIMES)
    return draw.choice(
        (
            f"I met {name} {time}.",
            f"{name} {verb} {thing} {time}.",
            f"Yesterday {name} {verb} {thing}.",
        )
    )


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text, in order."""
    return tuple(_WORD.findall(text))


def emphasise(text: str, chosen: Collection[int], form: Form) -> str:
    """Emphasise the words of `text` with these numbers (as `words_of` counts them)."""
    words = [match.group() for match in _WORD.finditer(text)]
    named = ", ".join(words[number] for number in sorted(chosen))
    match form:
        case "keywords":
            return f"{text} Keywords: {named}."
        case "focus":
            return f"Focus on: {named}. {text}"
        case "prefix":
            return f"{named}: {text}"
        case "bold" | "quote" | "repeat":
            numbers = iter(range(len(words)))
            marked = {"bold": "**{0}**", "quote": '"{0}"', "repeat": "{0} {0}"}[form]
            return _WORD.sub(
                lambda match: (
                    marked.format(match.group()) if next(numbers) in chosen else match.group()
                ),
                text,
            )
