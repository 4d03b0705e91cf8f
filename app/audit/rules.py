"""What a fact says in Chinese."""

from collections.abc import Mapping
from typing import Any

from app.audit.terms import SENTENCES, WORDS


def sentence(name: str, payload: Mapping[str, Any]) -> str:
    """The sentence of an event, filled with its fields.

    The journal outlives the code: a field that came later shows as "—", an event that is no more by its name.
    """
    said = {field: WORDS.get(field, {}).get(value, value) for field, value in payload.items()}
    return SENTENCES.get(name, name).format_map(_Payload(said))


class _Payload(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "—"
