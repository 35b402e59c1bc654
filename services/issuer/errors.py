"""What the issuer refuses, each with a closed code."""

from shared.http.problems import Problem


class ProfileClosed(Problem):
    """The issuer profile is closed: it awards and publishes nothing more. What it awarded stays verifiable."""

    code, status, title = "profile-closed", 409, "The issuer profile is closed"


class InvalidProfile(Problem):
    """The Open Badges Profile is not well formed. `errors` names each place and the rule it breaks."""

    code, status, title = "invalid-profile", 422, "The profile is not a valid Open Badges Profile"


class KeyNotUsable(Problem):
    """The key is already declared compromised, and that is final."""

    code, status, title = "key-not-usable", 409, "The key's state does not allow this"


class InvalidAchievement(Problem):
    """The Open Badges Achievement is not well formed, or uses a term that none of its contexts defines.

    `errors` names each place and the rule it breaks. Terms of your own need their context in `contexts`, and that
    context has to be pinned at this installation.
    """

    code, status, title = "invalid-achievement", 422, "The achievement is not a valid Open Badges Achievement"


class UnknownContext(Problem):
    """A JSON-LD context is named that this installation has not pinned; its operator can add it."""

    code, status, title = "unknown-context", 422, "A context is not known here"


class AchievementNotPublished(Problem):
    """Only a published achievement can be awarded. Publish it first."""

    code, status, title = "achievement-not-published", 409, "The achievement is not published"


class AchievementArchived(Problem):
    """The achievement is archived: it is neither changed nor awarded any more."""

    code, status, title = "achievement-archived", 409, "The achievement is archived"


class NothingToPublish(Problem):
    """There is no draft: the latest version is what you see. Change the achievement to begin the next one."""

    code, status, title = "nothing-to-publish", 409, "There is no draft to publish"


class InvalidImage(Problem):
    """The image is not a PNG or SVG that can be served safely and baked. `detail` says what is wrong with it."""

    code, status, title = "invalid-image", 422, "The image cannot be used"


class InvalidEvidence(Problem):
    """The evidence named in the award is not one of your organisation's, or is not described as it must be."""

    code, status, title = "invalid-evidence", 422, "The evidence cannot be used"


class EvidenceErased(Problem):
    """The file was erased, on request or because its retention ran out. Its record remains."""

    code, status, title = "evidence-erased", 410, "The evidence was erased"


class InvalidRecipient(Problem):
    """The recipient's identity is not of the kind its type says, such as an e-mail address without an @."""

    code, status, title = "invalid-recipient", 422, "The recipient cannot be used"


class InvalidResult(Problem):
    """A result does not fit the achievement's result descriptions: unknown description or level, or a value out of
    its range.
    """

    code, status, title = "invalid-result", 422, "A result does not fit the achievement"


class InvalidCredential(Problem):
    """The credential that would follow from this award is not a valid Open Badge. `errors` names each place."""

    code, status, title = "invalid-credential", 422, "The award does not make a valid credential"


class DuplicateAward(Problem):
    """The recipient holds this achievement already, and the achievement's policy allows it once.

    `award` is the one that stands. Revoke it first, or set the policy to `allow` or `replace`.
    """

    code, status, title = "duplicate-award", 409, "The recipient holds this achievement already"


class NotSuspendable(Problem):
    """The achievement was not declared suspendable when it was awarded, so the credential has no place to say so."""

    code, status, title = "not-suspendable", 409, "The award cannot be suspended"


class AwardRevoked(Problem):
    """The award is revoked or replaced, and that is final. Award anew if it should hold again."""

    code, status, title = "award-revoked", 409, "The award is revoked"


class NotSuspended(Problem):
    """Only a suspended award can be reinstated."""

    code, status, title = "not-suspended", 409, "The award is not suspended"


class RecipientErased(Problem):
    """The recipient's data was erased on their request; the credential's text is gone with it."""

    code, status, title = "recipient-erased", 410, "The recipient's data was erased"
