"""Support-api: how people rated a service on its "done" page, asked of GOV.UK's support-api.

The same ratings as in the exports that ``satisfaction`` reads, with the same measures, day by day
and without anybody who exports them::

    service: register-to-vote
    collectors:
      customer-satisfaction:
        source: support-api
        schedule: daily
        query: {slug: register-to-vote}
        steps:
          - drop: [timeSpan, dataType]
        id:                                     # 20130210_register-to-vote
          scheme: legacy
          fields: [_timestamp, slug]
          timestamps: {_timestamp: '%Y%m%d'}
          encoding: plain

===============  =================================================================================
``slug``         the service: its "done" page is ``/done/<slug>``
===============  =================================================================================

The API is internal: a token of its single sign-on has to be asked for, and its address too::

    # credentials/support-api.yaml
    base_url: https://support-api.internal.example
    token: the-token

Days are those of UTC. The ratings of a day are counted in the night after; until then its single
ratings are taken. Every day is asked for again until it is a day old; one that has no count even
then is left out with its period, and told: most of its single ratings are gone. Comments are
counted and not kept: no text of them is ever stored, sent, logged or told. A day with more than
10,000 rows cannot be asked for: collect it from an export.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Annotated, Any, ClassVar, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, StringConstraints
from pydantic import ValidationError as Invalid

from collectors.api import (
    CollectorError,
    Context,
    Credential,
    Period,
    Reading,
    Refused,
    Reply,
    Secret,
    Source,
    Unavailable,
    Unexpected,
    Window,
)
from collectors.sources.satisfaction import Slug
from collectors.sources.satisfaction.counts import PERIODS, readings
from collectors.sources.satisfaction.tally import AGGREGATED, SINGLE, Day

Model = TypeVar("Model", bound=BaseModel)

_DAY = timedelta(days=1)
_UNCOUNTED = "its ratings were not counted in the night after, and most single ones are gone"
_ADVICE = {
    400: "it does not take what was asked; see that 'slug' is right",
    401: "it does not know the token; renew it in the credential {credential}",
    403: "the token of the credential {credential} may not read this",
    404: "it is not there; correct base_url in the credential {credential}",
    422: "it does not take what was asked; see that 'slug' is right",
}


class SupportApiCredential(Credential):
    """``credentials/support-api.yaml``: where the API is, and a token of its single sign-on."""

    base_url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    token: Secret


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: int
    type: str
    path: str
    created_at: AwareDatetime
    service_satisfaction_rating: Annotated[int, Field(ge=1, le=5)] | None = None
    details: str | None = None


class _Page(BaseModel):
    results: list[dict[str, Any]]
    total_count: NonNegativeInt
    pages: NonNegativeInt
    results_limited: bool = False


class SupportApi(Source):
    """The ratings of one service."""

    name: ClassVar[str] = "support-api"
    periods: ClassVar[frozenset[Period]] = PERIODS
    credential: ClassVar[type[Credential] | None] = SupportApiCredential

    slug: Slug

    @property
    def max_span(self) -> timedelta:
        """A month: a request a day, and more where there are many comments."""
        return timedelta(days=31)

    @property
    def settle(self) -> timedelta:
        """A day: the ratings of a day are counted in the night after."""
        return _DAY

    @property
    def fixed_zone(self) -> ZoneInfo:
        """UTC, in which support-api counts its days."""
        return ZoneInfo("UTC")

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield a reading for each period in which somebody rated."""
        asked = list(_days(window))
        pages = Pages(f"/done/{self.slug}", context)
        days = zip(asked, context.ahead(pages.day, asked), strict=True)
        found = {day: known for day, known in days if any(known.counts().ratings)}
        due = (context.clock.now() - self.settle).date()
        broken = [day for day, known in found.items() if day < due and not known.aggregated]
        for day in broken:
            context.warn(f"{self.slug}: the {context.period} of {day} is left out: {_UNCOUNTED}")
        counts = {day: known.counts() for day, known in found.items()}
        yield from readings(counts, broken, self.slug, context)

    def examine(self, context: Context) -> Iterator[str]:
        """Log in, and count what was said yesterday."""
        yesterday = context.clock.now().date() - _DAY
        known = Pages(f"/done/{self.slug}", context).day(yesterday)
        yield f"the token of the credential {context.credential_name} is good"
        yield f"/done/{self.slug} was rated {sum(known.counts().ratings)} times on {yesterday}"


@dataclass(frozen=True)
class Pages:
    """Reads the feedback about one path, page by page; only counts of it stay."""

    path: str
    context: Context

    def day(self, day: date) -> Day:
        """Give what is known of a day. Raises Unavailable, Refused and Unexpected."""
        known, seen, number = Day(), set[int](), 1
        while True:
            page = self._page(day, number)
            for row in map(_row, page.results):
                if row.id not in seen:
                    seen.add(row.id)
                    self._add(known, day, row)
            if number >= page.pages:
                break
            number += 1
        if len(seen) != page.total_count:
            raise Unavailable(f"the feedback about {self.path} of {day} changed while it was read")
        return known

    def _page(self, day: date, number: int) -> _Page:
        credential: SupportApiCredential = self.context.credential
        days = {"from": str(day), "to": str(day)}  # both included
        asked = {"path_prefixes[]": self.path, **days, "page": str(number)}
        url = f"{credential.base_url.rstrip('/')}/anonymous-feedback"
        reply = self.context.http.get(url, params=asked, bearer=credential.token, judge=self._judge)
        page = _valid(_Page, _json(reply))
        if page.results_limited:
            raise Refused(
                f"support-api has more than 10,000 rows about {self.path} on {day} and gives no "
                "more: collect that day with `satisfaction`, from an export"
            )
        return page

    def _add(self, known: Day, day: date, row: _Row) -> None:
        if row.created_at.astimezone(UTC).date() != day:
            raise Unexpected(f"support-api gave feedback of another day than {day}")
        if row.path != self.path or row.type not in {SINGLE, AGGREGATED}:
            return
        rating, text = row.service_satisfaction_rating, row.details or ""
        if rating is None:
            raise Unexpected(f"support-api gave {row.type} {row.id} without a rating")
        if row.type == SINGLE:
            known.add_single(rating, commented=bool(text.strip()))
        elif not (text.isascii() and text.isdecimal()):
            raise Unexpected(f"support-api gave {row.type} {row.id} without a count")
        elif not known.add_aggregated(row.path, rating, int(text)):
            raise Unexpected(f"support-api counted rating {rating} of {day} twice")

    def _judge(self, reply: Reply) -> CollectorError | None:
        """Judge by the status; what the body says is not shown, for it may be a comment."""
        error = self.context.http.default_judge(reply)
        if not isinstance(error, Refused):
            return error
        advice = _ADVICE.get(reply.status, "this is not known")
        told = advice.format(credential=self.context.credential_name)
        return Refused(f"support-api answered {reply.status} to {reply.url}: {told}")


def _days(window: Window) -> Iterator[date]:
    day = window.start.date()
    while day < window.end.date():
        yield day
        day += _DAY


def _json(reply: Reply) -> Any:
    try:
        return reply.json()
    except Unexpected as exc:
        raise Unexpected(str(exc)) from None  # without the sample, which may be a comment


def _row(said: Mapping[str, Any]) -> _Row:
    return _valid(_Row, said)


def _valid(model: type[Model], said: Any) -> Model:
    try:
        return model.model_validate(said)
    except Invalid as exc:
        first = exc.errors(include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise Unexpected(
            f"support-api's reply is not as known, at {place}: {first['msg']}"
        ) from None
