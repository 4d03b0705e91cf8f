"""The policy keys: name, type, bounds, default, and what each means in Chinese.

Defaults follow shared practice where a source is named; everything else is a community's to decide.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

T = TypeVar("T", int, bool, str)


@dataclass(frozen=True, slots=True)
class PolicyKey(Generic[T]):
    """One rule that a community may set. `check` says whether a value fits; units are in the name."""

    name: str
    default: T
    title_zh: str
    check: Callable[[Any], bool] = field(compare=False)
    choices: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What may be chosen, and what each choice means in Chinese."""
    minimum: int | None = None
    maximum: int | None = None

    @property
    def expected_zh(self) -> str:
        """What values fit, in words."""
        if self.choices:
            return "、".join(self.choices.values()) + "之一"
        if self.minimum is None:
            return "是或否"
        return f"{self.minimum} 到 {self.maximum} 的整数"


KEYS: dict[str, PolicyKey[Any]] = {}
KEY_LENGTH_MAX = 60
VALUE_LENGTH_MAX = 60
REASON_LENGTH_MAX = 200

CODE_LIFE_SECONDS_MAX = 600
"""However step and tolerance are chosen, a rotating code that lives longer than this is a poster."""


def _whole(name: str, default: int, minimum: int, maximum: int, title_zh: str) -> PolicyKey[int]:
    def check(value: Any) -> bool:
        return type(value) is int and minimum <= value <= maximum

    return _add(PolicyKey(name, default, title_zh, check, minimum=minimum, maximum=maximum))


def _switch(name: str, title_zh: str, *, default: bool = False) -> PolicyKey[bool]:
    return _add(PolicyKey(name, default, title_zh, lambda value: type(value) is bool))


def _choice(name: str, default: str, choices: Mapping[str, str], title_zh: str) -> PolicyKey[str]:
    return _add(PolicyKey(name, default, title_zh, lambda value: value in choices, choices))


def _add(key: PolicyKey[T]) -> PolicyKey[T]:
    KEYS[key.name] = key
    return key


# Earning
POINTS_PER_HOUR = _whole("points_per_hour", 10, 0, 1000, "每小时服务积分")
POINTS_PER_WISH = _whole("points_per_wish", 10, 0, 1000, "每个达成的微心愿积分")
POINTS_DAILY_MAX = _whole("points_daily_max", 100, 1, 10000, "每人每日积分上限")
POINTS_ROUNDING = _choice(
    "points_rounding",
    "down",
    {"down": "舍去不足 1 分的部分", "nearest": "四舍五入", "up": "不足 1 分按 1 分计"},
    "积分取整方式",
)
POINTS_YEARLY_MAX = _whole("points_yearly_max", 0, 0, 1_000_000, "每人每年积分上限（0 为不设上限）")
POINTS_ACTIVITY_MAX = _whole(
    "points_activity_max", 0, 0, 10_000, "每人每次活动积分上限（0 为不设上限）"
)
POINTS_DIFFICULTY_2_PERCENT = _whole(
    "points_difficulty_2_percent", 120, 0, 1000, "难度二级服务的积分系数（%）"
)
POINTS_DIFFICULTY_3_PERCENT = _whole(
    "points_difficulty_3_percent", 150, 0, 1000, "难度三级服务的积分系数（%）"
)
POINTS_LEADER_PERCENT = _whole("points_leader_percent", 120, 0, 1000, "领队的积分系数（%）")
MANUAL_MINUTES_EARN = _switch("manual_minutes_earn", "人工补录的时长是否计积分")
ATTENDANCE_SHARE_PERCENT_MIN = _whole(
    "attendance_share_percent_min", 60, 0, 100, "到场时长占计划时长的最低比例（%），低于此不计积分"
)
POINTS_EXPIRY_KIND = _choice(
    "points_expiry_kind",
    "rolling",
    {
        "rolling": "按月滚动：自取得起满有效月数后的月末到期",
        "year_end": "固定日期：满有效月数后当年的 12 月 31 日到期",
        "never": "长期有效",
    },
    "积分到期方式",
)
POINTS_MONTHS_TO_EXPIRY = _whole(
    "points_months_to_expiry",
    12,
    0,
    120,
    "积分有效月数（按月滚动时 0 为长期有效，固定日期时 0 为当年 12 月 31 日）",
)
POINTS_GRANT_MAX = _whole(
    "points_grant_max", 200, 0, 100000, "一人单次发放积分的上限（超过须两人办理）"
)
REVERSAL_TO_EXPIRED_POCKET = _choice(
    "reversal_to_expired_pocket",
    "return",
    {
        "return": "退回原有效期，按到期处理",
        "extend": "退回并顺延有效期",
    },
    "冲正退回时积分已过有效期的处理方式",
)
REVERSAL_EXTENSION_MONTHS = _whole(
    "reversal_extension_months", 1, 1, 24, "冲正退回并顺延时，积分的有效月数"
)
SERVICE_RECORDS_NEED_REVIEW = _switch(
    "service_records_need_review", "扫码产生的服务记录是否需要社区审核"
)

# Scanning
CODE_STEP_SECONDS = _whole("code_step_seconds", 30, 10, 120, "动态码更换间隔（秒）")
CODE_STEPS_TOLERATED = _whole("code_steps_tolerated", 1, 0, 10, "动态码可迟到的步数")
DEVICE_TIME_MINUTES_MAX = _whole(
    "device_time_minutes_max", 120, 0, 1440, "站点设备时间早于服务器时间的最大分钟数（补传）"
)
PHONE_TIME_MINUTES_MAX = _whole(
    "phone_time_minutes_max", 10, 0, 240, "个人手机时间早于服务器时间的最大分钟数（补传）"
)
CHECK_IN_OPENS_MINUTES = _whole("check_in_opens_minutes", 30, 0, 240, "班次开始前多少分钟可以签到")
OVERTIME_COUNTED_MINUTES = _whole(
    "overtime_counted_minutes", 15, 0, 240, "班次结束后仍计入时长的分钟数"
)
ATTENDANCE_HOURS_MAX = _whole("attendance_hours_max", 8, 1, 24, "单次到场计入的最长小时数")

# Claiming
CLAIMS_OPEN_MAX = _whole("claims_open_max", 10, 1, 100, "每人同时进行中的认领上限")
WISH_CLAIMS_OPEN_MAX = _whole("wish_claims_open_max", 3, 1, 20, "每人同时认领的微心愿上限")
WISH_DAYS_TO_DELIVER = _whole("wish_days_to_deliver", 30, 1, 365, "认领微心愿后多少天内完成")

# Redemption
REDEMPTION_WINDOW = _choice(
    "redemption_window",
    "always",
    {
        "always": "随时",
        "quarter_end_month": "每季度最后一个月",
        "year_end_month": "每年 12 月",
    },
    "兑换开放时间",
)
REDEMPTION_PICKUP_DAYS = _whole("redemption_pickup_days", 7, 1, 365, "兑换后多少天内领取")

# Pressure: off until a community turns it on (2023 opinion against formalism at the fingertips)
PUBLIC_RANKINGS = _switch("public_rankings", "公开排名")
MANDATORY_TARGETS = _switch("mandatory_targets", "强制指标")
FORCED_CHECK_INS = _switch("forced_check_ins", "强制打卡")
