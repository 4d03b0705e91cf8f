"""What a service is worth, on paper: hour or time, difficulty, role, caps, share, and who measured it."""

import pytest

from app.policies.rules import Applied, Rules
from app.policies.terms import KEYS
from app.volunteer import rules
from app.volunteer.rules import Terms
from app.volunteer.terms import ClaimRole, EvidenceClass, PointsRule


def terms(points_rule: str = PointsRule.BY_HOUR, fixed: int | None = None, **kwargs) -> Terms:
    given = {"points_per_hour": 10, "rounding": "down", "share_percent_min": 60}
    return Terms(points_rule, fixed, **(given | kwargs))


HARD = {"difficulty": 2, "difficulty_percent": 120}
LEADS = {"role": ClaimRole.LEADER, "role_percent": 150}
FIXED = (PointsRule.FIXED, 15)


@pytest.mark.parametrize(
    ("minutes", "agreed", "points", "why"),
    [
        (60, terms(**HARD), 12, "到场 60 分钟，按每小时 10 分，难度二级按 120% 计，本次计 12 分。"),
        (60, terms(**LEADS), 15, "到场 60 分钟，按每小时 10 分，领队按 150% 计，本次计 15 分。"),
        (
            60,
            terms(**HARD, **LEADS),
            18,
            "到场 60 分钟，按每小时 10 分，难度二级按 120% 计，领队按 150% 计，本次计 18 分。",
        ),
        # Rounded once, at the end: 50 minutes are 8.33, times 1.2 are 10.
        (50, terms(**HARD), 10, "到场 50 分钟，按每小时 10 分，难度二级按 120% 计，本次计 10 分。"),
        (
            60,
            terms(*FIXED, **LEADS),
            22,
            "到场 60 分钟，本项服务每人计 15 分，领队按 150% 计，本次计 22 分。",
        ),
        (
            60,
            terms(*FIXED, **LEADS, rounding="up"),
            23,
            "到场 60 分钟，本项服务每人计 15 分，领队按 150% 计，本次计 23 分。",
        ),
        (
            60,
            terms(activity_max=7),
            7,
            "到场 60 分钟，按每小时 10 分，每次活动最多 7 分，本次计 7 分。",
        ),
        (60, terms(activity_max=10), 10, "到场 60 分钟，按每小时 10 分，本次计 10 分。"),
        (
            60,
            terms(difficulty=3, difficulty_percent=100),
            10,
            "到场 60 分钟，按每小时 10 分，本次计 10 分。",
        ),
        (
            60,
            terms(difficulty=3, difficulty_percent=0),
            0,
            "到场 60 分钟，按每小时 10 分，难度三级按 0% 计，本次计 0 分。",
        ),
        (30, terms(**HARD), 0, "到场 30 分钟，不足计划时长的 60%，不计积分。"),
        (60, terms(PointsRule.NONE, **LEADS), 0, "到场 60 分钟，本项服务只记时长，不计积分。"),
    ],
)
def test_difficulty_role_and_the_cap_count_and_are_said(minutes, agreed, points, why):
    credit = rules.credit(minutes, 60, agreed)
    assert (credit.points_due, credit.explanation) == (points, why)


@pytest.mark.parametrize(
    ("evidence", "earns", "points", "why"),
    [
        (EvidenceClass.AUTOMATIC, False, 10, "到场 60 分钟，按每小时 10 分，本次计 10 分。"),
        (EvidenceClass.MANUAL, False, 0, "到场 60 分钟，由人工补录，只记时长，不计积分。"),
        (EvidenceClass.MANUAL, True, 10, "到场 60 分钟，按每小时 10 分，本次计 10 分。"),
    ],
)
def test_minutes_that_nobody_measured_earn_only_where_switched_on(evidence, earns, points, why):
    credit = rules.credit(60, 60, terms(manual_earns=earns), evidence_class=evidence)
    assert (credit.points_due, credit.explanation) == (points, why)


def test_the_cap_of_an_activity_counts_all_presences_together():
    agreed = terms(activity_max=12)
    first = rules.credit(60, 60, agreed)
    again = rules.credit(60, 60, agreed, minutes_before=60, points_due_before=first.points_due)
    assert (first.points_due, again.points_due) == (10, 2)


@pytest.mark.parametrize("rounding", ["down", "nearest", "up"])
@pytest.mark.parametrize("minutes", [0, 1, 59, 60, 61, 480])
@pytest.mark.parametrize("percents", [(), (100,), (100, 100)])
def test_a_factor_of_a_hundred_percent_changes_nothing(rounding, minutes, percents):
    plain = {"points_fixed": None, "points_per_hour": 7, "rounding": rounding}
    assert rules.points_for(
        PointsRule.BY_HOUR, minutes, percents=percents, **plain
    ) == rules.points_for(PointsRule.BY_HOUR, minutes, **plain)


@pytest.mark.parametrize(
    ("minutes", "planned", "overtime", "hours", "payable"),
    [(60, 60, 15, 8, 60), (75, 60, 15, 8, 75), (76, 60, 15, 8, 75), (600, 720, 0, 8, 480)],
)
def test_only_so_many_minutes_are_payable(minutes, planned, overtime, hours, payable):
    assert payable == rules.minutes_payable(
        minutes, planned, overtime_minutes=overtime, hours_max=hours
    )


def policy(**values) -> Rules:
    """The rules where somebody set these keys."""
    return Rules({name: Applied(value, None) for name, value in values.items()})


@pytest.mark.parametrize(
    ("difficulty", "role", "percents"),
    [
        (1, ClaimRole.PARTICIPANT, (100, 100)),
        (2, ClaimRole.PARTICIPANT, (130, 100)),
        (3, ClaimRole.LEADER, (160, 110)),
        (1, ClaimRole.LEADER, (100, 110)),
    ],
)
def test_the_terms_are_those_of_the_policies(difficulty, role, percents):
    agreed = rules.terms_of(
        policy(
            points_difficulty_2_percent=130,
            points_difficulty_3_percent=160,
            points_leader_percent=110,
            points_activity_max=40,
            manual_minutes_earn=True,
        ),
        points_rule=PointsRule.BY_HOUR,
        points_fixed=None,
        difficulty=difficulty,
        role=role,
    )
    assert (agreed.difficulty_percent, agreed.role_percent) == percents
    assert (agreed.activity_max, agreed.manual_earns, agreed.points_per_hour) == (40, True, 10)


def test_the_policies_named_are_those_that_decide():
    def named(agreed: Terms, evidence: str = EvidenceClass.AUTOMATIC) -> set[str]:
        return {key.name for key in rules.policies_behind(agreed, evidence)}

    always = {
        "overtime_counted_minutes",
        "attendance_hours_max",
        "attendance_share_percent_min",
        "points_rounding",
        "points_activity_max",
        "points_daily_max",
        "points_yearly_max",
    }
    assert named(terms()) == always | {"points_per_hour"}
    assert named(terms(*FIXED)) == always
    assert named(terms(*FIXED, **HARD)) == always | {"points_difficulty_2_percent"}
    assert named(terms(*FIXED, **LEADS)) == always | {"points_leader_percent"}
    assert named(terms(*FIXED), EvidenceClass.MANUAL) == always | {"manual_minutes_earn"}
    assert named(terms(PointsRule.NONE)) == set()
    assert always <= set(KEYS)
