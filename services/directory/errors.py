"""The directory's business refusals; each docstring is what `/problems/{code}` shows."""

from shared.http.problems import Problem


class LoginTaken(Problem):
    """The login name belongs to somebody, and the password given is not theirs.

    If it is you, give your password: one person may act for several organisations. If not, choose another login name.
    """

    code, status, title = "login-taken", 409, "The login name is taken"


class SignInFailed(Problem):
    """Login name and password do not belong together, or the person is a member of no open organisation.

    Which of these it is stays unsaid on purpose.
    """

    code, status, title = "sign-in-failed", 401, "Signing in failed"


class OrganisationNeeded(Problem):
    """You are a member of several organisations: say in `organisation` for which one you sign in.

    `organisations` lists them.
    """

    code, status, title = "organisation-needed", 409, "Say for which organisation"


class SessionNeeded(Problem):
    """This is for a person who is signed in; an access token of a program is not enough. Sign in at `/v1/sessions`."""

    code, status, title = "session-needed", 403, "A signed-in person is needed"


class LastOwner(Problem):
    """An organisation keeps at least one active owner. Make somebody else an owner first."""

    code, status, title = "last-owner", 409, "The last owner stays"


class MoreThanHeld(Problem):
    """Nobody gives away more than they hold: `scopes` lists what you asked for and do not have yourself."""

    code, status, title = "more-than-held", 403, "More than you hold"


class AlreadyMember(Problem):
    """Somebody with this login name is a member or is invited already. Change their roles instead."""

    code, status, title = "already-member", 409, "Already a member"


class InvitationInvalid(Problem):
    """The invitation was used, was replaced by a newer one, or has expired. Ask for a new link."""

    code, status, title = "invitation-invalid", 410, "The invitation is no longer good"


class NotInvited(Problem):
    """The member has accepted already; there is nothing to invite them to."""

    code, status, title = "not-invited", 409, "There is no open invitation"


class WrongPassword(Problem):
    """The current password is not right. Nothing was changed."""

    code, status, title = "wrong-password", 403, "The current password is wrong"


class ClientRevoked(Problem):
    """The client was revoked; that is for good. Create a new one."""

    code, status, title = "client-revoked", 409, "The client is revoked"


class SelfRecognition(Problem):
    """An organisation cannot vouch for its own issuer: such a statement tells nobody anything."""

    code, status, title = "self-recognition", 409, "Nobody vouches for themselves"


class AlreadyWithdrawn(Problem):
    """The statement was withdrawn before. A withdrawal is final; give a new statement if you vouch again."""

    code, status, title = "already-withdrawn", 409, "Withdrawn already"


class AuthorityUnknown(Problem):
    """No organisation of this registry has that `authority_id`.

    Give the organisation's id, its address in this registry, or the DID of one of its issuer profiles.
    """

    code, status, title = "authority-unknown", 404, "The authority is not known here"


class QueryUnreadable(Problem):
    """The trust registry query lacks something or is malformed; `errors` names it (TRQP v2 answers 400)."""

    code, status, title = "query-unreadable", 400, "The query cannot be answered as it is"
