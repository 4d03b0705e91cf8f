"""What this room answers when identity asks what it holds about a person, and points ask what they paid."""

from typing import Any

from app.core.clock import CHINA
from app.identity import exports
from app.micro_wish import queries, reconciler
from app.micro_wish.errors import WishesStillOpen
from app.micro_wish.schemas import WishSchema
from app.micro_wish.terms import CATEGORY_NAMES_ZH
from app.points import causes
from app.points import reconciler as recounts
from app.points.causes import CauseShown, Fact, Ref
from app.points.terms import CauseKind


def wishes_held(person_id: int) -> list[Any]:
    """The person's wishes with the claims that stand."""
    return [WishSchema().dump(shown) for shown in queries.wishes_of(person_id)]


def claims_held(person_id: int) -> list[Any]:
    """The person's claims with their wishes."""
    return [WishSchema().dump(shown) for shown in queries.claims_of(person_id)]


def refuse_while_open(person_id: int) -> None:
    """Nobody is left waiting for somebody who is gone. Raises: WishesStillOpen.

    A delivered claim does not hold its claimer: that one waits for the wisher's word, not the other way round.
    """
    if queries.has_open(person_id):
        raise WishesStillOpen


exports.contribute("wishes", wishes_held)
exports.contribute("wish_claims", claims_held)
exports.object_to_deletion(refuse_while_open)


def wish_shown(wish_id: int) -> CauseShown:
    """The wish behind a payment: what stood on the wall, and since when it has come true."""
    wish = queries.wish_by_id(wish_id)
    return CauseShown(
        title=wish.title,
        facts=(
            Fact("text", "心愿内容", wish.public_text),
            Fact(
                "confirmed_at", "达成时间", f"{wish.state_since.astimezone(CHINA):%Y-%m-%d %H:%M}"
            ),
        ),
        refs=(Ref("wish", wish.id),),
    )


causes.contribute(
    CauseKind.WISH,
    causes.Source(
        show=wish_shown,
        titles=queries.titles_of,
        classes=causes.Classes(
            queries.CATEGORY_OF_WISH,
            {str(category): name for category, name in CATEGORY_NAMES_ZH.items()},
        ),
    ),
)
recounts.contribute("micro_wish", reconciler.verify)
