"""Moves times by calendar units and knows the unit that holds a time. Knows nothing about words."""

from calendar import monthrange
from datetime import datetime, timedelta

from nl2sql.values import Period


def midnight(at: datetime) -> datetime:
    """The start of the day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def shift(at: datetime, count: float, unit: str) -> datetime:
    """``at`` moved by so many units; a month later than the 31st is the month's last day."""
    match unit:
        case "minute" | "hour" | "day" | "week":
            return at + timedelta(**{f"{unit}s": count})
        case "fortnight":
            return at + timedelta(weeks=2 * count)
    months = count * {"month": 1, "quarter": 3, "half": 6, "year": 12}[unit]
    if months != int(months):
        return at + timedelta(days=30.44 * months)
    month = at.month - 1 + int(months)
    year, month = at.year + month // 12, month % 12 + 1
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def calendar_span(at: datetime, unit: str, offset: int = 0) -> Period:
    """The calendar unit that holds ``at``, moved by ``offset`` units."""
    day = midnight(at)
    first = {
        "hour": at.replace(minute=0, second=0, microsecond=0),
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "quarter": day.replace(day=1, month=3 * ((day.month - 1) // 3) + 1),
        "half": day.replace(day=1, month=1 if day.month < 7 else 7),
        "year": day.replace(day=1, month=1),
    }.get(unit, day)
    start = shift(first, offset, unit)
    return Period(start, shift(start, 1, unit))
