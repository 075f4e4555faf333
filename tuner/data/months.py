"""The names of months in the languages of many spreadsheets, whole or shortened, with or without accents."""

from __future__ import annotations

from functools import cache, lru_cache
from unicodedata import combining, normalize

SHORTEST = 3  # letters of a name that is shortened
_NAMES = {
    "English": "january february march april may june july august september october november december",
    "German": "januar februar märz april mai juni juli august september oktober november dezember",
    "Austrian": "jänner feber märz april mai juni juli august september oktober november dezember",
    "French": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "Spanish": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "Italian": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "Portuguese": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "Dutch": "januari februari maart april mei juni juli augustus september oktober november december",
}
_SHORT = {"mrz": 3, "mrt": 3, "sept": 9}  # that do not begin the name


@lru_cache(maxsize=1 << 10)
def find_month(word: str) -> int | None:
    """The number of a month; None where a word is none, or could be two.

    >>> find_month("Dez"), find_month("FÉVR"), find_month("octubre"), find_month("jui"), find_month("Marble")
    (12, 2, 10, None, None)
    """
    return _months().get(_plain(word))


@cache
def _months() -> dict[str, int]:
    found: dict[str, int] = {}
    unclear = set()
    for names in _NAMES.values():
        for number, name in enumerate(_plain(names).split(), start=1):
            for length in range(SHORTEST, len(name) + 1):
                if found.setdefault(name[:length], number) != number:
                    unclear.add(name[:length])
    return {name: number for name, number in found.items() if name not in unclear} | _SHORT


def _plain(word: str) -> str:
    return "".join(sign for sign in normalize("NFKD", word.lower()) if not combining(sign))
