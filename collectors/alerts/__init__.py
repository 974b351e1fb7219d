"""Who is told when data is late: one alert a cause, one when it is over, a heartbeat."""

from collectors.alerts.heartbeat import Heartbeat
from collectors.alerts.looking import AlertLoop
from collectors.alerts.others import broken_files, wrong_clock
from collectors.store.incidents import Incident, Problem

__all__ = ["AlertLoop", "Heartbeat", "Incident", "Problem", "broken_files", "wrong_clock"]
