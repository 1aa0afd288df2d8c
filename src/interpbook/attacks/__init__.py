"""Attacks by misspelled words, and defences against them."""

from interpbook.attacks.attacking import attack, attack_readings, attack_texts
from interpbook.attacks.defences import attack_repaired, evasive_typo, train_unknown
from interpbook.attacks.rankings import Ranking, word_gradients
from interpbook.attacks.results import AttackResult, Change
from interpbook.attacks.robustness import AttackStudy, Unknown, attack_study, replay, with_unknown
from interpbook.attacks.searches import Outcome
from interpbook.attacks.spelling import Repair, Speller, typos_repaired
from interpbook.attacks.typos import Typo, look_alikes_of, misspell

__all__ = [
    "AttackResult",
    "AttackStudy",
    "Change",
    "Outcome",
    "Ranking",
    "Repair",
    "Speller",
    "Typo",
    "Unknown",
    "attack",
    "attack_readings",
    "attack_repaired",
    "attack_study",
    "attack_texts",
    "evasive_typo",
    "look_alikes_of",
    "misspell",
    "replay",
    "train_unknown",
    "typos_repaired",
    "with_unknown",
    "word_gradients",
]
