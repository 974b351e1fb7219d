from datetime import UTC, datetime, timedelta

from collectors.api import Window
from collectors.testing import Case
from tests.servers.prometheus import PrometheusServer

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)

CASES = {
    "json": Case(
        query={
            "url": "{server}/api/v1/query_range",
            "params": {
                "query": 'avg_over_time(probe_success{job="probe"}[1h])',
                "start": "{start}",
                "end": "{end}",
                "step": "3600",
            },
            "window": "epoch",
            "expect": "status == 'success'",
            "records": "data.result",
            "unroll": "values",
            "time": {"field": "item[0]", "format": "epoch", "marks": "end"},
            "measures": {"uptime_rate": "item[1]"},
            "dimensions": {"instance": "of.metric.instance"},
        },
        credential={"token": "planted-prometheus-token"},
        server=PrometheusServer,
        window=Window(NOON - timedelta(days=2), NOON),
    )
}
