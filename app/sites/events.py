"""What happens to stations."""

from dataclasses import dataclass
from typing import ClassVar

from app.core.journal import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteOpened(Event):
    """A station was opened: members can be scanned there from now on."""

    name: ClassVar[str] = "site_opened"
    subject: ClassVar[str] = "site"
    audit_only: ClassVar[bool] = True
