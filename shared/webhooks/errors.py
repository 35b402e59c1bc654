"""What is refused about webhooks."""

from shared.http.problems import Problem


class TooManyWebhooks(Problem):
    """The organisation has as many webhooks at this service as it may have (`limit`). Remove one that is not needed."""

    code, status, title = "too-many-webhooks", 409, "No further webhook can be made"


class ReplayUnderWay(Problem):
    """A stretch of time is being sent again to this webhook already. Wait until `replaying` is false."""

    code, status, title = "replay-under-way", 409, "A replay is under way"
