"""What this room answers when identity asks what it holds about a person, and points ask what they bought."""

from typing import Any

from app.core.clock import CHINA
from app.identity import exports
from app.points import causes, seals
from app.points import reconciler as recounts
from app.points.causes import CauseShown, Fact, Ref
from app.points.terms import CauseKind
from app.redemption import queries, reconciler
from app.redemption.errors import RedemptionStillWaiting
from app.redemption.schemas import RedemptionSchema
from app.redemption.terms import STATE_NAMES_ZH


def redemptions_held(person_id: int) -> list[Any]:
    """Every order of the person, newest first."""
    return [RedemptionSchema().dump(shown) for shown in queries.all_of(person_id)]


def refuse_while_waiting(person_id: int) -> None:
    """An account goes only after its orders were collected or cancelled. Raises: RedemptionStillWaiting."""
    if queries.has_waiting(person_id):
        raise RedemptionStillWaiting


exports.contribute("redemptions", redemptions_held)
exports.object_to_deletion(refuse_while_waiting)


def redemption_shown(redemption_id: int) -> CauseShown:
    """The order behind a spend."""
    shown = queries.shown_by_id(redemption_id)
    facts = [
        Fact("quantity", "数量", f"{shown.quantity} 件"),
        Fact("site", "领取点", shown.site_name),
        Fact("made_at", "下单时间", f"{shown.made_at.astimezone(CHINA):%Y-%m-%d %H:%M}"),
        Fact("state", "状态", STATE_NAMES_ZH[shown.state]),
    ]
    return CauseShown(
        shown.title, facts, (Ref("redemption", shown.id), Ref("reward", shown.reward_id))
    )


causes.contribute(
    CauseKind.REDEMPTION, causes.Source(show=redemption_shown, titles=queries.titles_of)
)
recounts.contribute("redemption", reconciler.verify)
seals.seal_book("redemption", but=("state", "closed_at", "collected_by"))
seals.seal_book("stock_move")
