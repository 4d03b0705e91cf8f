"""Statements and reports as documents to print and to reckon with: the same paper as PDF and as spreadsheet."""

from collections.abc import Callable, Sequence
from datetime import date

from app.core.actor import Actor
from app.core.clock import china_date
from app.integrations import pdf, spreadsheets
from app.integrations.paper import Column, Paper, Table
from app.points import queries
from app.points.queries import KindTotal, PeriodStatement, PointsReport
from app.points.rules import month_zh
from app.points.terms import NAMELESS_ZH
from app.web import File

Write = Callable[[Paper], bytes]


def statement_pdf(actor: Actor, *, since: date, until: date) -> File:
    """The actor's statement to print. Raises: StatementTooLong."""
    return _statement_file(actor, since, until, "pdf", pdf.draw)


def statement_xlsx(actor: Actor, *, since: date, until: date) -> File:
    """The actor's statement to reckon with. Raises: StatementTooLong."""
    return _statement_file(actor, since, until, "xlsx", spreadsheets.write)


def report_pdf(actor: Actor, *, area: str, since: date, until: date) -> File:
    """A community's report to print. Raises: UnknownArea."""
    return _report_file(actor, area, since, until, "pdf", pdf.draw)


def report_xlsx(actor: Actor, *, area: str, since: date, until: date) -> File:
    """A community's report to reckon with. Raises: UnknownArea."""
    return _report_file(actor, area, since, until, "xlsx", spreadsheets.write)


def _statement_file(actor: Actor, since: date, until: date, ending: str, write: Write) -> File:
    paper = statement_paper(queries.period_statement(actor, since=since, until=until))
    return File(f"{paper.title}_{since}_{until}.{ending}", write(paper))


def _report_file(
    actor: Actor, area: str, since: date, until: date, ending: str, write: Write
) -> File:
    paper = report_paper(queries.report(actor, area=area, since=since, until=until))
    return File(f"{paper.title}_{area}_{since}_{until}.{ending}", write(paper))


def statement_paper(statement: PeriodStatement) -> Paper:
    """What a person's statement says."""
    account = "尚未开户" if statement.wallet_id is None else f"{statement.wallet_id:010d}"
    return Paper(
        title="爱心积分对账单",
        facts=(
            ("户名", statement.owner_name or NAMELESS_ZH),
            ("账户号", account),
            ("对账期间", f"{statement.since} 至 {statement.until}"),
            ("居住社区", statement.home_name or "未填写"),
            ("期初余额", f"{statement.opening:,} 分"),
            ("期末余额", f"{statement.closing:,} 分"),
            ("本期存入", f"{statement.came:,} 分"),
            ("本期支出", f"{statement.went:,} 分"),
        ),
        tables=(
            Table(
                "明细",
                (
                    Column("记账日期", 17),
                    Column("编号", 13),
                    Column("类型", 15),
                    Column("事由", 41),
                    Column("积分", 12, number=True, signed=True),
                    Column("余额", 12, number=True),
                ),
                [
                    (
                        china_date(line.recorded_at).isoformat(),
                        str(line.id),
                        line.title,
                        statement.about.get(line.id, ""),
                        line.points,
                        line.balance_after,
                    )
                    for line in statement.lines
                ],
                total=(
                    "合计",
                    "",
                    "",
                    f"{len(statement.lines)} 笔",
                    statement.came - statement.went,
                    statement.closing,
                ),
                empty="这段时间没有积分变动",
            ),
            _kinds(statement.kinds),
        ),
        notes=(
            "记账日期按北京时间计。余额包括已冻结、尚未领取的积分。",
            "积分仅限本人按社区规则使用，不能兑换现金。如有疑问，请凭记账编号向社区工作人员查询。",
        ),
        made_at=statement.made_at,
    )


def report_paper(report: PointsReport) -> Paper:
    """What a community's report says."""
    return Paper(
        title="爱心积分运行报表",
        facts=(
            ("区域", report.area.name),
            ("区划代码", report.area.code),
            ("统计期间", f"{report.since} 至 {report.until}"),
            ("期末未用积分", f"{report.outstanding:,} 分"),
            ("发放", f"{report.issued:,} 分"),
            ("发放后冲回", f"{report.taken_back:,} 分"),
            ("使用", f"{report.spent:,} 分"),
            ("使用后退回", f"{report.refunded:,} 分"),
            ("到期", f"{report.expired:,} 分"),
        ),
        tables=(
            _kinds(report.kinds),
            Table(
                "未用积分按到期月",
                (
                    Column("到期月", 40),
                    Column("账户数", 20, number=True),
                    Column("积分", 20, number=True),
                ),
                [(month_zh(each.month), each.wallets, each.points) for each in report.months],
                total=("合计", "", report.outstanding),
                empty="期末没有未用积分",
            ),
            Table(
                "服务类别",
                (
                    Column("类别", 40),
                    Column("笔数", 20, number=True),
                    Column("积分", 20, number=True),
                ),
                [
                    (f"{each.kind_title}：{each.title}", each.count, each.points)
                    for each in report.classes
                ],
                total=(
                    "合计",
                    sum(each.count for each in report.classes),
                    sum(each.points for each in report.classes),
                ),
                empty="这段时间没有按服务发放的积分",
            ),
        ),
        notes=(
            "日期按记账日期的北京时间计。发放、使用、到期按记账所在社区统计，未用积分按最初取得积分的社区统计。",
            "居民可以跨社区使用积分，所以两者不必相等。",
            "服务类别为冲正前的金额。",
        ),
        made_at=report.made_at,
    )


def _kinds(kinds: Sequence[KindTotal]) -> Table:
    return Table(
        "分类合计",
        (
            Column("类型", 40),
            Column("笔数", 20, number=True),
            Column("积分", 20, number=True, signed=True),
        ),
        [(each.title, each.count, each.points) for each in kinds],
        empty="这段时间没有积分变动",
    )
