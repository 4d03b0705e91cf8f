"""What the shelf and the counter refuse."""

from app.core.errors import Refusal


class RewardOffShelf(Refusal):
    """The community has closed the reward."""

    code = "reward_closed"
    message = "这份礼品已经下架，请选择其他礼品。"


class RewardOfAnotherCommunity(Refusal):
    """Rewards are for those who live in the area that offers them."""

    code = "reward_of_another_community"
    message = "这份礼品只供当地居民兑换，请选择您居住的社区提供的礼品。"


class RewardNotAtSite(Refusal):
    """The station is closed, unknown, or never had this reward."""

    code = "reward_not_at_site"
    message = "这个服务点没有这份礼品，请选择其他服务点。"


class OutOfStock(Refusal):
    """Fewer pieces are free at this station than asked for."""

    code = "out_of_stock"
    message = "这个服务点现在只剩 {available} 份，请减少数量或选择其他服务点。"


class RedemptionWindowClosed(Refusal):
    """The community opens its shelf in certain months only."""

    code = "redemption_window_closed"
    message = "现在不在兑换开放时间，下次开放从 {opens_on} 开始。"


class PersonLimitReached(Refusal):
    """One person may have so many pieces of this reward, waiting ones included."""

    code = "person_limit_reached"
    message = "这份礼品每人限兑 {per_person_max} 份，您已兑 {taken} 份。"


class OrderLimitReached(Refusal):
    """One order may hold so many pieces of this reward."""

    code = "order_limit_reached"
    message = "这份礼品每次最多兑 {per_order_max} 份，请减少数量。"


class PeriodLimitReached(Refusal):
    """One person may have so many pieces of this reward in a month, quarter or year."""

    code = "period_limit_reached"
    message = "这份礼品{period_name}每人限兑 {per_period_max} 份，您已兑 {taken} 份。"


class RewardNotYetOpen(Refusal):
    """The reward can be ordered from a later day on."""

    code = "reward_not_yet_open"
    message = "这份礼品从 {open_from} 起可以兑换。"


class RewardNoLongerOpen(Refusal):
    """The last day on which the reward could be ordered is over."""

    code = "reward_no_longer_open"
    message = "这份礼品的兑换已于 {open_until} 结束，请选择其他礼品。"


class CollectionCodeUnknown(Refusal):
    """No redemption has this code."""

    code = "collection_code_unknown"
    status = 404
    message = "没有认出这个领取码，请让居民打开“我的兑换”，核对后再扫一次。"


class CollectionElsewhere(Refusal):
    """The order waits at another station, or not at one of this person's."""

    code = "collection_elsewhere"
    message = "这份礼品要在“{site_name}”领取，请提醒居民前往。"


class AlreadyCollected(Refusal):
    """The code has been used; a code hands out once."""

    code = "already_collected"
    message = "这份礼品已经领取过，领取码不能重复使用。"
    constraint = "uq_stock_move_redemption_id"


class AlreadyCancelled(Refusal):
    """The person cancelled the order before."""

    code = "already_cancelled"
    message = "这次兑换已经取消，积分已退回。"


class CollectionTooLate(Refusal):
    """The deadline has passed, whether the clock has given the points back already or will within a minute."""

    code = "collection_too_late"
    message = "这次兑换已过领取期限，积分会退回账户，请重新兑换。"


class RedemptionStillWaiting(Refusal):
    """An account is not deleted while something waits for its person at a counter."""

    code = "redemption_still_waiting"
    message = "您还有待领取的礼品，请先领取或取消兑换。"


class StockTooLow(Refusal):
    """What waits for somebody is not there to be moved or written off."""

    code = "stock_too_low"
    message = "这个服务点可动用的只有 {available} 份（居民已兑换、待领取的不能动用）。"


class TransferToItself(Refusal):
    """Pieces go from one station to another."""

    code = "transfer_to_itself"
    message = "调出和调入不能是同一个服务点，请重新选择。"


class StockCountRunning(Refusal):
    """One stock-taking of a station at a time."""

    code = "stock_count_running"
    message = "这个服务点正在盘点，请先完成本次盘点。"
    constraint = "uq_stock_count_open"


class StockCountClosed(Refusal):
    """What was counted has been booked; a mistake is answered by counting again."""

    code = "stock_count_closed"
    message = "这次盘点已经完成，如有差错请重新盘点。"


class StockMovedWhileCounting(Refusal):
    """Pieces came or left after the stock-taking began: nobody can say whether they were counted."""

    code = "stock_moved_while_counting"
    message = "盘点期间“{title}”有出入库，请不填这一项先完成盘点，再重新清点。"


class StockCountBelowWaiting(Refusal):
    """Fewer pieces were found than wait for people who ordered them."""

    code = "stock_count_below_waiting"
    message = "“{title}”有 {held} 份待居民领取，盘点数不能少于它，请先核对或取消相关兑换。"
