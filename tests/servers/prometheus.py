"""A Prometheus on loopback: ``/api/v1/query_range`` over two series, with its order of checks."""

from collections.abc import Iterator

from collectors.testing import Answer, HttpServer, Request, json_answer

MOST_POINTS = 11_000
INSTANCES = ("https://one.example", "https://two.example")
LATEST = 1_795_177_800
"""There are no samples after this time."""


class PrometheusServer(HttpServer):
    """Gives the share of each hour in which a probe succeeded; a sample is of the hour before."""

    def answer(self, request: Request) -> Answer:
        if request.path != "/api/v1/query_range":
            return Answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})
        try:
            start, end, step = (float(request.query[name]) for name in ("start", "end", "step"))
        except (KeyError, ValueError) as exc:
            return failed("bad_data", f'invalid parameter {exc}: cannot parse "" to a timestamp')
        if end < start:
            return failed("bad_data", 'invalid parameter "end": end timestamp must not be before')
        if (end - start) / step > MOST_POINTS:
            return failed("bad_data", "exceeded maximum resolution of 11,000 points per timeseries")
        if "(" in request.query["query"].partition(")")[2]:
            return failed("bad_data", 'invalid parameter "query": 1:9: parse error: unclosed')
        result = [
            {"metric": {"instance": one, "job": "probe"}, "values": list(values)}
            for number, one in enumerate(INSTANCES)
            if (values := tuple(samples(number, start, end, step)))
        ]
        return json_answer(
            {"status": "success", "data": {"resultType": "matrix", "result": result}}
        )


def samples(series: int, start: float, end: float, step: float) -> Iterator[list[object]]:
    """Give the samples of a series: a time, and a number as text."""
    at = start
    while at <= min(end, LATEST):
        yield [at if at % 1 else int(at), rate(series, int(at))]
        at += step


def rate(series: int, at: int) -> str:
    """Give the sample at a time; nobody probed in some hours."""
    hour = at // 3600
    return "NaN" if series and hour % 7 == 0 else f"{1 - (hour * (series + 1) % 10) / 100:g}"


def failed(kind: str, error: str) -> Answer:
    """Give an error as Prometheus says it."""
    return json_answer({"status": "error", "errorType": kind, "error": error}, 400)
