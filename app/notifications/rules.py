"""What a message says: facts in, Chinese out. Plain, concrete, 您, what to do next."""

from datetime import datetime, timedelta

from app.core.clock import CHINA
from app.notifications.terms import Text

NO_EXPIRY = 0
"""As an expiry month: the points stay usable for ever."""


# --- how times and lengths are said ---------------------------------------------------------------------------


def moment_zh(moment: datetime) -> str:
    """In China: 11月21日 09:00."""
    local = moment.astimezone(CHINA)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def last_day_zh(end: datetime) -> str:
    """The day before the midnight `end` at which something is over: 2026年11月27日."""
    local = end.astimezone(CHINA) - timedelta(microseconds=1)
    return f"{local.year}年{local.month}月{local.day}日"


def month_end_zh(month: int) -> str:
    """Of 202711: 2027年11月底."""
    return f"{month // 100}年{month % 100}月底"


def duration_zh(minutes: int) -> str:
    """Of 135: 2 小时 15 分."""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return f"{rest} 分钟"
    return f"{hours} 小时 {rest} 分" if rest else f"{hours} 小时"


def _because(reason: str | None) -> str:
    """The reason as a sentence of its own, or nothing."""
    return f"原因：{reason.rstrip('。.；; ')}。" if reason else ""


def _usable_until(expires_month: int) -> str:
    if expires_month == NO_EXPIRY:
        return "长期有效"
    return f"有效期至 {month_end_zh(expires_month)}"


# --- the account ------------------------------------------------------------------------------------------------


def role_given(role: str, place: str) -> Text:
    """A role was opened for the person."""
    return Text("角色已开通", f"您在{place}的“{role}”角色已开通，重新进入后即可使用相应功能。")


def role_ended(role: str, place: str) -> Text:
    """A role has ended."""
    return Text("角色已结束", f"您在{place}的“{role}”角色已结束。")


def wechat_rebound() -> Text:
    """Another WeChat account now opens this account."""
    return Text(
        "微信已换绑",
        "您的账号已换绑到新的微信，原有记录和积分都在。如不是您本人办理，请立即联系社区工作人员。",
    )


# --- reporting in -----------------------------------------------------------------------------------------------


def report_in_accepted(area: str, receipt_number: str) -> Text:
    """The community took the member in."""
    return Text(
        "报到已通过",
        f"{area}已接收您的报到，回执号 {receipt_number}。您可以认领附近的服务和微心愿了。",
    )


def report_in_returned(area: str, reason: str | None) -> Text:
    """The community gave the report-in back."""
    return Text("报到已退回", f"您在{area}的报到已退回。{_because(reason)}请修改后重新提交。")


def report_in_transferred(area: str, to_area: str) -> Text:
    """The member goes elsewhere."""
    return Text("报到已转出", f"您的报到已从{area}转往{to_area}，{to_area}接收后会通知您。")


# --- service ----------------------------------------------------------------------------------------------------


def claim_has_place(title: str, starts_at: datetime, site: str) -> Text:
    """The place is the person's at once."""
    return Text(
        "认领成功",
        f"您已认领“{title}”，请于 {moment_zh(starts_at)} 到{site}扫码签到。",
    )


def claim_pending(title: str, starts_at: datetime) -> Text:
    """The community decides."""
    return Text(
        "认领已提交",
        f"您认领的“{title}”（{moment_zh(starts_at)}）正等待社区审核，结果会通知您。",
    )


def claim_waits(title: str, starts_at: datetime, position: int | None) -> Text:
    """The shift is full; `position` is None when the claim waits no longer."""
    place = "" if position is None else f"，您排在第 {position} 位"
    return Text(
        "已进入候补",
        f"“{title}”（{moment_zh(starts_at)}）名额已满，已为您登记候补{place}，有人取消会通知您。",
    )


def claim_approved(title: str, starts_at: datetime, site: str) -> Text:
    """The community said yes."""
    return Text(
        "认领已通过",
        f"您认领的“{title}”已通过，请于 {moment_zh(starts_at)} 到{site}扫码签到。",
    )


def claim_role_set(title: str, starts_at: datetime, role: str) -> Text:
    """The community said in what capacity the person serves."""
    return Text(
        "服务角色已调整", f"您在“{title}”（{moment_zh(starts_at)}）中的角色已调整为“{role}”。"
    )


def claim_declined(title: str, starts_at: datetime, reason: str | None) -> Text:
    """The community said no."""
    return Text(
        "认领未通过",
        f"您认领的“{title}”（{moment_zh(starts_at)}）没有通过。{_because(reason)}"
        "您可以看看其他服务。",
    )


def claim_called_off(title: str, starts_at: datetime, reason: str | None) -> Text:
    """It does not take place."""
    return Text(
        "服务已取消",
        f"您认领的“{title}”（{moment_zh(starts_at)}）已取消，不用再来。{_because(reason)}",
    )


def claim_promoted(title: str, starts_at: datetime, site: str) -> Text:
    """A place became free and is the person's."""
    return Text(
        "候补成功",
        f"“{title}”空出名额，已为您补上，请于 {moment_zh(starts_at)} 到{site}扫码签到。",
    )


def claim_promoted_pending(title: str, starts_at: datetime) -> Text:
    """A place became free; the community decides."""
    return Text(
        "候补成功",
        f"“{title}”（{moment_zh(starts_at)}）空出名额，您的认领正等待社区审核，结果会通知您。",
    )


def checked_out(title: str, site: str, minutes: int, explanation: str) -> Text:
    """A service ended; `explanation` says in sentences what it counts for."""
    return Text(
        "服务已记录",
        f"您在{site}参加的“{title}”已签退，服务时长 {duration_zh(minutes)}。{explanation}",
    )


def service_record_approved(title: str, minutes: int) -> Text:
    """The community confirmed the record."""
    return Text(
        "服务记录已通过",
        f"您参加“{title}”的服务记录已通过审核，计入服务时长 {duration_zh(minutes)}。",
    )


def service_record_declined(title: str, reason: str | None) -> Text:
    """The community did not confirm the record."""
    return Text(
        "服务记录未通过",
        f"您参加“{title}”的服务记录没有通过审核。{_because(reason)}如有疑问，请联系社区工作人员。",
    )


# --- family -----------------------------------------------------------------------------------------------------


def family_asked(name: str) -> Text:
    """Somebody says to be family."""
    return Text(
        "家人互认申请", f"{name}申请与您互认为家人，请在“我的家人”中确认。不认识可以不理会。"
    )


def family_joined(name: str) -> Text:
    """The other one said yes, or staff noted it with both's consent."""
    return Text("已互认为家人", f"您与{name}已互认为家人，可以相互转赠爱心积分。")


def family_ended(name: str) -> Text:
    """One of the two ended it."""
    return Text("家人关系已解除", f"您与{name}的家人关系已解除，不能再相互转赠爱心积分。")


# --- points -----------------------------------------------------------------------------------------------------


def points_earned(points: int, source: str, expires_month: int) -> Text:
    """Points for a service or a wish; `source` names which."""
    return Text("积分到账", f"“{source}”获得爱心积分 {points} 分，{_usable_until(expires_month)}。")


def points_unpaid(points: int, source: str) -> Text:
    """The community's budget of the year did not cover them."""
    return Text(
        "这次未计积分",
        f"“{source}”应得爱心积分 {points} 分，因社区本年度积分预算不足，这次未计积分，服务时长照常记录。",
    )


def points_granted(points: int, reason: str | None, expires_month: int) -> Text:
    """Points given by hand."""
    return Text(
        "积分到账",
        f"社区为您发放爱心积分 {points} 分，{_usable_until(expires_month)}。{_because(reason)}",
    )


def points_received(points: int, giver: str) -> Text:
    """One of the family gave points."""
    return Text("收到家人转赠", f"家人{giver}转赠您爱心积分 {points} 分，有效期与原来相同。")


def points_reversed(points: int, reason: str | None) -> Text:
    """Points came back (positive) or were taken back (negative)."""
    if points > 0:
        return Text("积分已退回", f"爱心积分 {points} 分已退回您的账户。{_because(reason)}")
    return Text(
        "积分已更正",
        f"您的账户更正扣回爱心积分 {-points} 分。{_because(reason)}如有疑问，请联系社区工作人员。",
    )


def points_expired(points: int, expires_month: int) -> Text:
    """Points reached the end of their month."""
    return Text(
        "积分已到期",
        f"您有爱心积分 {points} 分，有效期至 {month_end_zh(expires_month)}，现已到期。",
    )


def points_expiring(points: int, expires_month: int) -> Text:
    """Points will reach the end of their month."""
    return Text(
        "积分即将到期",
        f"您有爱心积分 {points} 分，有效期至 {month_end_zh(expires_month)}，请留意兑换时间。",
    )


# --- redemption -------------------------------------------------------------------------------------------------


def reward_redeemed(title: str, quantity: int, points: int, site: str, pickup_by: datetime) -> Text:
    """Something waits at a counter."""
    return Text(
        "兑换成功",
        f"您兑换的“{title}”{quantity} 件已备好，请在 {last_day_zh(pickup_by)}前到{site}出示领取码领取"
        f"（含当天）。{points} 分积分已冻结，领取时扣除。",
    )


def redemption_collected(title: str, quantity: int, points: int, site: str) -> Text:
    """It was handed out."""
    return Text("礼品已领取", f"您已在{site}领取“{title}”{quantity} 件，扣除爱心积分 {points} 分。")


def redemption_cancelled(title: str, points: int) -> Text:
    """The person changed their mind."""
    return Text("兑换已取消", f"您已取消兑换“{title}”，冻结的 {points} 分积分已恢复可用。")


def redemption_lapsed(title: str, points: int) -> Text:
    """Nobody came in time."""
    return Text(
        "兑换已失效",
        f"您兑换的“{title}”逾期未领取，兑换已失效，冻结的 {points} 分积分已恢复可用。",
    )


# --- wishes -----------------------------------------------------------------------------------------------------


def wish_published(title: str) -> Text:
    """To the wisher: it is on the wall."""
    return Text("微心愿已发布", f"您的微心愿“{title}”已核实发布，有人帮您办好后会通知您。")


def wish_declined(title: str, reason: str | None) -> Text:
    """To the wisher: the community does not take it."""
    return Text(
        "微心愿未采纳",
        f"您的微心愿“{title}”没有采纳。{_because(reason)}您可以修改后重新提出，或联系社区工作人员。",
    )


def wish_claim_approved(title: str, due_at: datetime) -> Text:
    """To the claimer: go ahead."""
    return Text(
        "认领已通过",
        f"您认领的微心愿“{title}”已通过，请在 {moment_zh(due_at)} 前办好，联系方式见心愿详情。",
    )


def wish_claim_declined(title: str, reason: str | None) -> Text:
    """To the claimer: not this one."""
    return Text(
        "认领未通过",
        f"您认领的微心愿“{title}”没有通过。{_because(reason)}您可以看看其他微心愿。",
    )


def wish_claim_lapsed(title: str) -> Text:
    """To the claimer: time is over."""
    return Text(
        "认领已到期", f"您认领的微心愿“{title}”已过办理期限，心愿已重新发布。谢谢您的心意。"
    )


def wish_claim_cancelled(title: str) -> Text:
    """To the claimer: no need any more."""
    return Text("认领已取消", f"您认领的微心愿“{title}”已撤回，不用再办。谢谢您的心意。")


def wish_delivered(title: str) -> Text:
    """To the wisher: please say whether it is so."""
    return Text("请确认微心愿", f"您的微心愿“{title}”已有人办好，请您确认。")


def wish_confirmed(title: str) -> Text:
    """To the claimer: it came true."""
    return Text("微心愿已达成", f"您帮助办好的微心愿“{title}”已得到确认。谢谢您。")


def wish_withdrawn(title: str, reason: str | None, *, by_reviewer: bool) -> Text:
    """To the wisher: it is off the wall."""
    if by_reviewer:
        return Text("微心愿已撤下", f"您的微心愿“{title}”已由社区撤下。{_because(reason)}")
    return Text("微心愿已撤回", f"您的微心愿“{title}”已撤回。")
