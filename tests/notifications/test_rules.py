"""What messages say: sentences to read aloud, whatever is missing or long."""

import inspect
import re
from datetime import UTC, datetime

import pytest

from app.notifications import rules
from app.notifications.terms import BODY_LENGTH_MAX, TITLE_LENGTH_MAX, Text

SATURDAY = datetime(2026, 11, 21, 1, 0, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "0 分钟"), (45, "45 分钟"), (60, "1 小时"), (135, "2 小时 15 分"), (600, "10 小时")],
)
def test_a_length_is_said_in_hours_and_minutes(minutes: int, said: str) -> None:
    assert rules.duration_zh(minutes) == said


def test_times_are_said_as_clocks_in_china_show_them() -> None:
    assert rules.moment_zh(SATURDAY) == "11月21日 09:00"
    assert rules.moment_zh(datetime(2026, 12, 31, 16, 5, tzinfo=UTC)) == "1月1日 00:05"
    assert rules.last_day_zh(MIDNIGHT) == "2026年11月27日"
    assert rules.month_end_zh(202702) == "2027年2月底"


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (
            rules.claim_approved("周六清洁家园", SATURDAY, "包家社区党群服务中心"),
            "您认领的“周六清洁家园”已通过，请于 11月21日 09:00 到包家社区党群服务中心扫码签到。",
        ),
        (
            rules.claim_declined("周六清洁家园", SATURDAY, "人手已够。"),
            "您认领的“周六清洁家园”（11月21日 09:00）没有通过。原因：人手已够。您可以看看其他服务。",
        ),
        (
            rules.claim_waits("周六清洁家园", SATURDAY, 3),
            "“周六清洁家园”（11月21日 09:00）名额已满，已为您登记候补，您排在第 3 位，有人取消会通知您。",
        ),
        (
            rules.claim_waits("周六清洁家园", SATURDAY, None),
            "“周六清洁家园”（11月21日 09:00）名额已满，已为您登记候补，有人取消会通知您。",
        ),
        (
            rules.report_in_returned("包家社区", None),
            "您在包家社区的报到已退回。请修改后重新提交。",
        ),
        (
            rules.points_earned(20, "志愿服务", 202711),
            "“志愿服务”获得爱心积分 20 分，有效期至 2027年11月底。",
        ),
        (rules.points_granted(5, None, 0), "社区为您发放爱心积分 5 分，长期有效。"),
        (
            rules.points_reversed(-5, "重复发放"),
            "您的账户更正扣回爱心积分 5 分。原因：重复发放。如有疑问，请联系社区工作人员。",
        ),
        (rules.points_reversed(5, None), "爱心积分 5 分已退回您的账户。"),
        (
            rules.reward_redeemed("大米", 2, 20, "亿利驿站", MIDNIGHT),
            (
                "您兑换的“大米”2 件已备好，请在 2026年11月27日前到亿利驿站出示领取码领取（含当天）。"
                "20 分积分已冻结，领取时扣除。"
            ),
        ),
        (
            rules.wish_withdrawn("修水龙头", "重复登记", by_reviewer=True),
            "您的微心愿“修水龙头”已由社区撤下。原因：重复登记。",
        ),
        (
            rules.wish_withdrawn("修水龙头", None, by_reviewer=False),
            "您的微心愿“修水龙头”已撤回。",
        ),
    ],
)
def test_the_sentence_says_what_where_when_and_why(text: Text, body: str) -> None:
    assert text.body == body


def _texts(word: str, number: int) -> list[Text]:
    """Every text, each argument filled with something of its type."""
    fill = {
        "str": word,
        "str | None": word,
        "int": number,
        "int | None": number,
        "datetime.datetime": SATURDAY,
        "bool": True,
    }
    made = []
    for _, compose in inspect.getmembers(rules, inspect.isfunction):
        signature = inspect.signature(compose)
        if signature.return_annotation is Text:
            arguments = {
                name: fill[inspect.formatannotation(parameter.annotation)]
                for name, parameter in signature.parameters.items()
            }
            # The one argument that is a sentence already.
            arguments |= {"explanation": f"{word}。"} if "explanation" in arguments else {}
            made.append(compose(**arguments))
    return made


def test_every_message_is_polite_plain_and_whole() -> None:
    texts = _texts("扫楼道", 202701)
    assert len(texts) > 30
    for text in texts:
        assert text.body.endswith("。"), text
        assert not re.search("[!！?]|None|。。|，。|你[^们]|亲", text.body + text.title), text
        assert not text.title.endswith("。"), text


def test_the_longest_names_and_reasons_fit_the_table() -> None:
    # No name, title or reason in the product is longer than 300 characters.
    for text in _texts("长" * 300, 2**31):
        assert len(text.title) <= TITLE_LENGTH_MAX
        assert len(text.body) <= BODY_LENGTH_MAX
