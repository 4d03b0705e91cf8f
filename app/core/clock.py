"""The only reader of the time. Called at the doors (web, scheduler, commands); inside, time is passed in."""

from datetime import UTC, date, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has had one offset and no summer time since 1991, so a fixed offset cuts the days."""


def now() -> datetime:
    """The present moment, aware, in UTC."""
    return datetime.now(UTC)


def china_date(moment: datetime) -> date:
    """The calendar day in China on which `moment` falls; days, caps and expiry are cut there."""
    return moment.astimezone(CHINA).date()


def china_midnight(day: date) -> datetime:
    """The first moment of `day` in China."""
    return datetime(day.year, day.month, day.day, tzinfo=CHINA)
