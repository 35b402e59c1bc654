"""What the backpack refuses, each with its code; the docstring is what `/problems/{code}` shows."""

from shared.http.problems import Problem


class WrongLogin(Problem):
    """There is no such login with this password. Which of the two is wrong is not told."""

    code, status, title = "wrong-login", 401, "Login or password is wrong"


class LoginTaken(Problem):
    """Somebody signed up with this login before. Choose another; it need not be an e-mail address."""

    code, status, title = "login-taken", 409, "The login is taken"


class WeakPassword(Problem):
    """The password is too short or is the login itself. Take a longer one; any characters will do."""

    code, status, title = "weak-password", 422, "The password is too easy to guess"


class InvalidIdentifier(Problem):
    """The text is no e-mail address or DID of the kind it says it is. `detail` tells what is wrong with it."""

    code, status, title = "invalid-identifier", 422, "Not an identifier of this type"


class IdentifierPresent(Problem):
    """The identifier is on the account already. To get another confirmation mail, ask for it to be sent again."""

    code, status, title = "identifier-present", 409, "The account has this identifier already"


class IdentifierTaken(Problem):
    """Another account has proven this identifier, and it can belong to one only.

    Sign in there, or remove it there first.
    """

    code, status, title = "identifier-taken", 409, "Another account has proven this identifier"


class NoProofByMail(Problem):
    """Only e-mail addresses are proven by mail. Other identifiers stand on the account as unproven."""

    code, status, title = "no-proof-by-mail", 409, "This identifier cannot be proven by mail"


class LinkUsedUp(Problem):
    """The link from the mail was used before, is too old, or was never ours. Ask for a new mail."""

    code, status, title = "link-used-up", 410, "The link does not work any more"


class WrongState(Problem):
    """The badge cannot be answered this way now: `state` says what it is. A revoked badge cannot be accepted."""

    code, status, title = "wrong-state", 409, "The badge's state does not allow this"


class AlreadyHeld(Problem):
    """The badge is in the backpack already. `credential` is the id under which it stands there."""

    code, status, title = "already-held", 409, "The badge is there already"


class BackpackFull(Problem):
    """The backpack holds as many badges as one can hold. Remove some first; `limit` gives the number."""

    code, status, title = "backpack-full", 409, "The backpack is full"


class NotABadge(Problem):
    """What was given is none of the forms a badge comes in: JSON, a compact JWS, or a PNG or SVG with a badge inside.

    Photo apps strip the badge out of saved pictures; ask for the JSON or JWT file then.
    """

    code, status, title = "not-a-badge", 422, "There is no badge in it"


class ImportRefused(Problem):
    """The badge did not verify: its proof is wrong, it was revoked, or it is not what it says it is.

    `report` holds every check with its reason. Nothing was kept.
    """

    code, status, title = "import-refused", 422, "The badge did not verify"


class ImportUndetermined(Problem):
    """Whether the badge is genuine could not be found out now, for example because its issuer cannot be reached.

    `report` names what is missing. Nothing was kept; try again later.
    """

    code, status, title = "import-undetermined", 422, "The badge could not be verified now"


class NotYours(Problem):
    """The badge names somebody whom this account has not proven to be.

    Add and confirm the e-mail address it was awarded to, then import it again. `report` holds the checks.
    """

    code, status, title = "not-your-badge", 422, "The badge was awarded to somebody else"


class NotFetched(Problem):
    """The address could not be read: `reason` is a code such as not_https, not_public_address, too_large.

    Only public https addresses are read. Download the file and import it instead.
    """

    code, status, title = "not-fetched", 422, "The address could not be read"


class NoImage(Problem):
    """The badge has no picture to put it into, or its picture is neither PNG nor SVG. Take the JSON or JWT form."""

    code, status, title = "no-image", 406, "The badge has no picture"


class ShareClosed(Problem):
    """Its owner closed the link, or its time is over. Ask her for a new one."""

    code, status, title = "share-closed", 410, "The link was closed"


class CannotShare(Problem):
    """Only accepted badges can be shared, each once. `errors` names those that are not."""

    code, status, title = "cannot-share", 409, "Not all of these badges can be shared"
