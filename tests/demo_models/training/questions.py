"""Reads the questions, and asks them in many ways."""

from __future__ import annotations

import random
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("questions.toml")

_OPENINGS = ("please ", "hey, ", "can you tell me ", "I want to know ", "quick question: ", "ok, ")
_DEFINITIONS = ("what is {}", "what's {}", "explain {}", "define {}", "tell me about {}",
                "what does {} mean", "{}", "can you explain {}")  # fmt: skip
_HOW_TOS = ("how do I {}", "how can I {}", "how to {}", "I want to {}", "is there a way to {}",
            "tell me how to {}", "what is the way to {}", "how do you {}", "how could I {}",
            "which key do I press to {}", "what should I press to {}")  # fmt: skip
_OFF_TOPIC = ("what is {}", "tell me about {}", "explain {}", "who invented {}", "{}",
              "what do you know about {}", "write about {}", "why do people like {}",
              "how does {} work", "where is {}")  # fmt: skip

_FOREIGN = ("how do I bake", "how do I cook", "how do I paint", "how do I build", "how do I clean",
            "how do I repair", "how do I draw", "how do I learn", "how do I play", "how do I buy",
            "who won", "who was", "who is", "who wrote", "who made", "who painted", "when was",
            "recommend", "recommend a book about", "recommend a restaurant for",
            "give me a recipe for",
            "translate", "translate to french", "say in german", "how deep is", "how tall is",
            "how old is", "how far is", "how big is", "what is the largest", "what is the best",
            "what is the smallest", "what is the price of", "what is the capital of",
            "what colour is",
            "what is the population of", "what is the history of", "how many people live in",
            "sing about", "tell me a story about", "is it good to have", "should I buy",
            "what do you think of", "can you find me", "plan a trip to", "when did")  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """An answer, and the ways to ask for it."""

    ask: tuple[str, ...]
    held_out: tuple[str, ...]
    say: str


@dataclass(frozen=True)
class Questions:
    """All that the demo models are trained on and asked about."""

    answers: tuple[Answer, ...]
    fallback: str
    off_topic: tuple[str, ...]
    off_topic_held_out: tuple[str, ...]
    topics: tuple[str, ...]

    def training_pair(self, chance: random.Random) -> tuple[str, str]:
        """Return a question, asked in some way, and its answer."""
        if chance.random() < 0.3:
            return _noisy(self._off_topic(chance), chance), self.fallback
        answer = chance.choice(self.answers)
        return _noisy(_reworded(chance.choice(answer.ask), chance), chance), answer.say

    def _off_topic(self, chance: random.Random) -> str:
        kind = chance.random()
        if kind < 0.3:
            return chance.choice(self.off_topic)
        topic = chance.choice(self.topics)
        if kind < 0.6:
            return chance.choice(_OFF_TOPIC).format(topic)
        if kind < 0.7:
            first, second = chance.randint(2, 99), chance.randint(2, 99)
            sign = chance.choice(("times", "plus", "minus", "divided by", "x", "+"))
            return (
                f"{chance.choice(('what is', 'calculate', 'how much is'))} {first} {sign} {second}"
            )
        if kind < 0.9:
            return f"{chance.choice(_FOREIGN)} {topic}"
        # Two odd topics make a question that no other one is like.
        word, other = chance.choice(("and", "or", "with", "for")), chance.choice(self.topics)
        return f"{chance.choice(_FOREIGN)} {topic} {word} {other}"


def load_questions() -> Questions:
    """Read `questions.toml`."""
    data = tomllib.loads(FILE.read_text("utf-8"))
    answers = tuple(
        Answer(tuple(one["ask"]), tuple(one["held_out"]), one["say"]) for one in data["answer"]
    )
    off_topic = data["off_topic"]
    return Questions(
        answers,
        data["fallback"],
        tuple(off_topic["train"]),
        tuple(off_topic["held_out"]),
        tuple(off_topic["topics"]),
    )


def _reworded(text: str, chance: random.Random) -> str:
    """Ask the same with another template, where the question has the form of one."""
    if chance.random() < 0.5:
        return text
    if match := re.fullmatch(
        r"(?:what is|what does|define) (?:an? |the )?(.+?)(?: mean| do)?", text
    ):
        return chance.choice(_DEFINITIONS).format(match[1])
    if match := re.fullmatch(r"how (?:do|can) I (.+)", text):
        return chance.choice(_HOW_TOS).format(match[1])
    return text


def _noisy(text: str, chance: random.Random) -> str:
    """Add what people do to a question when they type it."""
    if chance.random() < 0.15:
        text = chance.choice(_OPENINGS) + text
    if chance.random() < 0.15 and len(text) > 8:
        text = _typo(text, chance)
    kind = chance.random()
    if kind < 0.45:
        text = text.lower()
    elif kind < 0.85:
        text = text[:1].upper() + text[1:]
    elif kind < 0.88:
        text = text.upper()
    text = text.rstrip(".?! ")
    return text + chance.choice(("", "?", "?", ".", "", " ?", "!"))


def _typo(text: str, chance: random.Random) -> str:
    place = chance.randrange(1, len(text) - 2)
    match chance.randrange(3):
        case 0:
            return text[:place] + text[place + 1 :]
        case 1:
            return text[:place] + text[place] + text[place:]
        case _:
            return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
