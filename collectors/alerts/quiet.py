"""Quiet hours: when nothing is told."""

from datetime import datetime

from collectors.config.alerts import QuietHours


def is_quiet(hours: QuietHours | None, now: datetime) -> bool:
    """Tell whether it is quiet ``now``, by the clock on the wall, over midnight too."""
    if hours is None:
        return False
    local = now.astimezone(hours.zone).time()
    if hours.start < hours.end:
        return hours.start <= local < hours.end
    return local >= hours.start or local < hours.end
