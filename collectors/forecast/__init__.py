"""What the next hours or days will bring: the very triggers and planner, on a virtual clock."""

from collectors.forecast.budgets import BudgetUse
from collectors.forecast.comparing import Differences, Moved, Redone, differences
from collectors.forecast.forecast import Forecast, forecast
from collectors.forecast.nights import Night
from collectors.forecast.queueing import Hour, Load

__all__ = [
    "BudgetUse",
    "Differences",
    "Forecast",
    "Hour",
    "Load",
    "Moved",
    "Night",
    "Redone",
    "differences",
    "forecast",
]
