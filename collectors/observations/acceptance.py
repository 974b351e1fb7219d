"""The last stage: what the write API would refuse is refused here, with the reason.

Nearly every record is plainly welcome, and so are all of its period: then that is all there is to
ask. Otherwise the rules are asked about each record of the period.
"""

from collections.abc import Callable

from collectors.record_rules import are_welcome, problems, schema_problems
from collectors.values import Observation, Rejected

Judge = Callable[[list[Observation]], tuple[list[Observation], list[Rejected]]]
"""Parts the observations of a period into those that are welcome and those that are not."""


def judge_for(data_type: str) -> Judge:
    """Give the judge of what a data set of ``data_type`` would refuse."""

    def reason(observation: Observation) -> str | None:
        found = [*schema_problems(data_type, observation), *problems(observation)]
        return "; ".join(found) or None

    def judge(observations: list[Observation]) -> tuple[list[Observation], list[Rejected]]:
        if are_welcome(data_type, observations):
            return observations, []
        reasons = [reason(observation) for observation in observations]
        pairs = list(zip(observations, reasons, strict=True))
        accepted = [observation for observation, said in pairs if said is None]
        return accepted, [Rejected(observation, said) for observation, said in pairs if said]

    return judge
