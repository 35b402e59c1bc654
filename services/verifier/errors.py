"""What the verifier refuses, each with a code of its own."""

from shared.http.problems import Problem


class Busy(Problem):
    """As many verifications are under way here as the service takes on. Send yours again after `Retry-After` seconds."""

    code, status, title = "busy", 503, "Too much is being verified at the moment"

    def __init__(self) -> None:
        super().__init__("Send it again in a second.", headers={"Retry-After": "1"})


class PolicyUnknown(Problem):
    """No policy of this name is built in, and your organisation has none.

    `GET /v1/policies` lists those you can name. Without an access token only the built-in ones can be named.
    """

    code, status, title = "policy-unknown", 422, "There is no such policy"


class PolicyRulesRefused(Problem):
    """The rules of the policy cannot be used together or as they are. `errors` names the members."""

    code, status, title = "policy-refused", 422, "The policy cannot be used"


class PolicyNameTaken(Problem):
    """Your organisation has a policy of that name, or it is the name of a built-in one. Choose another name."""

    code, status, title = "policy-name-taken", 409, "The policy's name is taken"


class NotABadge(Problem):
    """What was sent has none of the forms a badge can have: JSON, a compact JWT, or a PNG or SVG image with a badge in it.

    Phones strip badges from saved pictures: ask for the JSON file or the link instead.
    """

    code, status, title = "not-a-badge", 400, "This is not a badge in any known form"
