"""The names of metrics and dimensions: those of today, those of old, and which add up."""

import re
from typing import Annotated

from pydantic import AfterValidator

COUNTS = frozenset(
    {
        "addToCarts",
        "advertiserAdClicks",
        "advertiserAdCost",
        "advertiserAdImpressions",
        "checkouts",
        "ecommercePurchases",
        "engagedSessions",
        "eventCount",
        "eventValue",
        "keyEvents",
        "newUsers",
        "publisherAdClicks",
        "publisherAdImpressions",
        "purchaseRevenue",
        "screenPageViews",
        "sessions",
        "totalRevenue",
        "transactions",
        "userEngagementDuration",
    }
)
"""What is counted event by event. Of anything else a longer period is asked for by itself."""

_OLD_METRICS = {
    "1dayUsers": "active1DayUsers",
    "7dayUsers": "active7DayUsers",
    "28dayUsers": "active28DayUsers",
    "adClicks": "advertiserAdClicks",
    "adCost": "advertiserAdCost",
    "activeVisitors": "activeUsers",
    "avgSessionDuration": "averageSessionDuration",
    "avgTimeOnSite": "averageSessionDuration",
    "entranceBounceRate": "bounceRate",
    "hits": "eventCount",
    "impressions": "advertiserAdImpressions",
    "newVisits": "newUsers",
    "pageviews": "screenPageViews",
    "pageviewsPerSession": "screenPageViewsPerSession",
    "pageviewsPerVisit": "screenPageViewsPerSession",
    "sessionDuration": "userEngagementDuration",
    "timeOnSite": "userEngagementDuration",
    "totalEvents": "eventCount, with a filter on eventName",
    "transactionRevenue": "purchaseRevenue",
    "users": "totalUsers",
    "visitBounceRate": "bounceRate",
    "visitors": "totalUsers",
    "visits": "sessions",
}
_OLD_DIMENSIONS = {
    "adContent": "sessionManualAdContent",
    "campaign": "sessionCampaignName",
    "campaignCode": "sessionCampaignId",
    "channelGrouping": "sessionDefaultChannelGroup",
    "fullReferrer": "pageReferrer",
    "hostname": "hostName",
    "keyword": "sessionManualTerm or sessionGoogleAdsKeyword",
    "landingPagePath": "landingPagePlusQueryString",
    "searchKeyword": "searchTerm",
    "userType": "newVsReturning",
    "visitorType": "newVsReturning",
}
_MOVED = {
    "medium": "sessionMedium",
    "pagePath": "pagePathPlusQueryString",
    "source": "sessionSource",
    "sourceMedium": "sessionSourceMedium",
}
"""Names of old whose meaning has another name today, though the name itself is used again."""

_GONE = {
    r"percentNew(Sessions|Visits)": "newUsers and totalUsers, and a `rate` step",
    r"unique(Pageviews|Events)": "sessions, with the dimension or a filter of the page or event",
    r"entrances": "sessions, with the dimension landingPage",
    r"bounces": "sessions and engagedSessions",
    r"(avgT|t)imeOnPage": "userEngagementDuration and screenPageViews",
    r"goal(\d+|XX)?Completions(All)?": "`goals`, or keyEvents:<event>",
    r"goal(\d+|XX)?Starts(All)?": "`goals`, with the event that starts",
    r"goal(\d+|XX)?ConversionRate(All)?": "`goals`, or sessionKeyEventRate:<event>",
    r"goal(\d+|XX)?(Abandons|AbandonRate|Value)(All)?": "`goals`, or eventValue",
    r"search(Uniques|Sessions)": "eventCount or sessions, with eventName view_search_results",
    r"organicSearches": "sessions, with sessionDefaultChannelGroup Organic Search",
    r"is(Mobile|Tablet)": "deviceCategory",
    r"pagePathLevel[1-4]": "pagePath",
    r"(previous|next|second|exit)PagePath": "pageReferrer, for the page before",
    r"socialNetwork|hasSocialSourceReferral": "sessionSource",
    r"event(Category|Action|Label)": "eventName, or customEvent:<parameter> once registered",
    r"(customVar(Name|Value)|dimension|metric)\d+": "customEvent:<parameter> once registered",
    r"search(StartPage|DestinationPage)": "pagePath, with a filter on eventName",
    r"exits|exitRate|browserVersion|network(Domain|Location)|(avgP|p)ageLoadTime": "",
}
_OLD = "is a name of Universal Analytics, which is switched off"


def today(name: str) -> str:
    """Give the name of a metric or dimension without ``ga:``.

    Raises ValueError, with today's name, where it is one of Universal Analytics.
    """
    bare = re.sub("^(ga|rt):", "", name.strip())
    new = _OLD_METRICS.get(bare) or _OLD_DIMENSIONS.get(bare)
    if bare != name.strip():
        new = new or _MOVED.get(bare)
    if new:
        raise ValueError(f"{name!r} {_OLD}: say {new}")
    for pattern, instead in _GONE.items():
        if re.fullmatch(pattern, bare):
            near = f"; the nearest is {instead}" if instead else ""
            raise ValueError(f"{name!r} {_OLD}, and nothing today has its meaning{near}")
    if not re.fullmatch(r"[A-Za-z0-9_]+(:[^\s:]+)?", bare):
        raise ValueError(f"{name!r} is not the name of a metric or dimension")
    return bare


def _number(text: str) -> str:
    number = text.strip().removeprefix("properties/")
    if not re.fullmatch("[0-9]+", number):
        raise ValueError(
            f"{text!r} is not the number of a property, which has digits only: see Admin > "
            "Property details"
        )
    return number


Name = Annotated[str, AfterValidator(today)]
"""The name of a metric or dimension, as Google calls it today."""
PropertyNumber = Annotated[str, AfterValidator(_number)]


def legal(name: str) -> str:
    """Give the name of a field that data sets take: ``keyEvents:done`` is ``keyEvents_done``."""
    return re.sub(r"[^A-Za-z0-9_]", "_", name)


def adds_up(metric: str) -> bool:
    """Tell whether the figures of days come to those of a week; users, rates and means do not."""
    return metric in COUNTS or metric.startswith("keyEvents:")


def is_count(metric: str) -> bool:
    """Tell whether nothing logged means 0, and not that nobody knows."""
    return adds_up(metric) or metric.endswith("Users")
