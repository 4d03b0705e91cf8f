"""Words and limits of the inbox."""

from dataclasses import dataclass
from enum import StrEnum

TITLE_LENGTH_MAX = 40
BODY_LENGTH_MAX = 1000


class MessageKind(StrEnum):
    """What a message is about, for its icon and for filters."""

    ACCOUNT = "account"
    REPORT_IN = "report_in"
    SERVICE = "service"
    POINTS = "points"
    REDEMPTION = "redemption"
    WISH = "wish"


class LinkKind(StrEnum):
    """What a message leads to."""

    CLAIM = "claim"
    PROFILE = "profile"
    REDEMPTION = "redemption"
    REPORT_IN = "report_in"
    SERVICE_RECORD = "service_record"
    TRANSFER = "transfer"
    WISH = "wish"


@dataclass(frozen=True, slots=True)
class Link:
    """The thing a message leads to."""

    kind: LinkKind
    id: int


@dataclass(frozen=True, slots=True)
class Text:
    """What a message says."""

    title: str
    body: str
