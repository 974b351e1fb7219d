"""What a reply says of how good its figures are: as sentences, and as fields."""

from collections.abc import Iterator, Mapping
from typing import Any

from collectors.api import Number

FIELDS = ("sampled_share", "thresholded", "other_row", "truncated")


def fields(metadata: Mapping[str, Any]) -> dict[str, Number]:
    """Give the quality of a reply: the share of events that was read, and 1 for each loss."""
    return {
        "sampled_share": _share(metadata),
        "thresholded": int(bool(metadata.get("subjectToThresholding"))),
        "other_row": int(bool(metadata.get("dataLossFromOtherRow"))),
        "truncated": int(bool(metadata.get("dataTruncationReasons"))),
    }


def sentences(metadata: Mapping[str, Any]) -> Iterator[str]:
    """Say what whoever looks at the figures has to know."""
    if metadata.get("dataLossFromOtherRow"):
        yield (
            "there are more values than Google keeps apart: the rest is added up in rows "
            "'(other)'; ask for fewer dimensions"
        )
    if metadata.get("subjectToThresholding"):
        yield "Google has left out rows about few people (thresholding), so sums are too low"
    if (share := _share(metadata)) < 1:
        yield f"the figures are estimates from a sample of {share:.1%} of the events"
    for one in _mappings(metadata.get("dataTruncationReasons")):
        said = one.get("dataTruncationMessage") or one.get("dataTruncationType", "no reason given")
        yield f"Google has cut the data off: {said}"
    if reason := metadata.get("emptyReason"):
        yield f"the report is empty, and Google says why: {reason}"
    restrictions = metadata.get("schemaRestrictionResponse") or {}
    for one in _mappings(restrictions.get("activeMetricRestrictions")):
        yield f"the metric {one.get('metricName')} may not be read by this account"


def _share(metadata: Mapping[str, Any]) -> float:
    samples = list(_mappings(metadata.get("samplingMetadatas")))
    read = sum(int(one.get("samplesReadCount", 0)) for one in samples)
    space = sum(int(one.get("samplingSpaceSize", 0)) for one in samples)
    return read / space if space else 1.0


def _mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    return (one for one in value or () if isinstance(one, Mapping))
