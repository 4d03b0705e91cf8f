"""Words and limits of reporting in."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.identity.terms import MEMBER_KIND_NAMES_ZH

NOTE_LENGTH_MAX = 200
REASON_LENGTH_MAX = 200


class ReportInState(StrEnum):
    """Where a report-in stands."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    TRANSFERRED = "transferred"


STATE_NAMES_ZH: Final = {
    ReportInState.SUBMITTED: "待审核",
    ReportInState.ACCEPTED: "已报到",
    ReportInState.RETURNED: "已退回",
    ReportInState.WITHDRAWN: "已撤回",
    ReportInState.TRANSFERRED: "已转出",
}

ACTIVE: Final = frozenset({ReportInState.SUBMITTED, ReportInState.ACCEPTED})
"""A person has at most one report-in in one of these."""


class Speciality(StrEnum):
    """What a member is good at, so that needs and people can be matched."""

    LAW = "law"
    MEDICINE = "medicine"
    TEACHING = "teaching"
    REPAIR = "repair"
    COMPUTING = "computing"
    MEDIATION = "mediation"
    COUNSELLING = "counselling"
    ARTS = "arts"
    SPORTS = "sports"
    ELDER_CARE = "elder_care"
    CHILD_CARE = "child_care"
    GREENING = "greening"
    SAFETY = "safety"
    OTHER = "other"


SPECIALITY_NAMES_ZH: Final = {
    Speciality.LAW: "法律咨询",
    Speciality.MEDICINE: "医疗健康",
    Speciality.TEACHING: "助学辅导",
    Speciality.REPAIR: "家电水电维修",
    Speciality.COMPUTING: "电脑手机使用",
    Speciality.MEDIATION: "邻里调解",
    Speciality.COUNSELLING: "心理疏导",
    Speciality.ARTS: "文艺宣传",
    Speciality.SPORTS: "体育健身",
    Speciality.ELDER_CARE: "为老服务",
    Speciality.CHILD_CARE: "儿童照护",
    Speciality.GREENING: "环境绿化",
    Speciality.SAFETY: "安全巡查",
    Speciality.OTHER: "其他",
}


class FreeTime(StrEnum):
    """When a member can usually serve."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    EVENING = "evening"


FREE_TIME_NAMES_ZH: Final = {
    FreeTime.WORKDAY: "工作日",
    FreeTime.WEEKEND: "周末",
    FreeTime.EVENING: "晚上",
}

# Party membership is sensitive personal information (PIPL 28-29: separate consent; 23: what reaches whom).
# A changed text gets a new version; each report-in keeps the version its person agreed to.
CONSENT_VERSION: Final = "2026-01"
CONSENT_TEXT: Final = (
    "为办理报到，我们需要处理您的党员身份、所在单位、特长和可服务时间，其中党员身份属于敏感个人信息。"
    "这些内容只提供给您报到的社区用于审核和安排服务，您的服务情况每年由社区反馈给您所在的单位，反馈前会先请您查看。"
    "您可以随时撤回报到，撤回后不再用于安排服务。"
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value a form offers, with the words a person reads."""

    value: str
    name: str


@dataclass(frozen=True, slots=True)
class ReportInForm:
    """What the report-in form offers and what the person agrees to by sending it."""

    consent_version: str
    consent_text: str
    member_kinds: tuple[Choice, ...]
    specialities: tuple[Choice, ...]
    free_times: tuple[Choice, ...]


def report_in_form() -> ReportInForm:
    """The report-in form in force."""
    return ReportInForm(
        CONSENT_VERSION,
        CONSENT_TEXT,
        tuple(Choice(kind, name) for kind, name in MEMBER_KIND_NAMES_ZH.items()),
        tuple(Choice(speciality, name) for speciality, name in SPECIALITY_NAMES_ZH.items()),
        tuple(Choice(free_time, name) for free_time, name in FREE_TIME_NAMES_ZH.items()),
    )
