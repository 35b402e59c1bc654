"""A program as a partner would write it, on the generated client: a badge goes from an issuer to an employer.

Called with the four URLs, an owner's login and password, and a learner's address. Asks once for the token from her mail.
"""

import secrets
import sys
import time
from typing import TypeVar

import backpack_client
import directory_client
import issuer_client
import verifier_client
from backpack_client.api.credentials import accept_credential, list_credentials
from backpack_client.api.identifiers import confirm_identifier
from backpack_client.api.learners import create_learner
from backpack_client.api.shares import create_share
from backpack_client.models import Confirmation, ShareIn, SignUp
from directory_client.api.clients import create_client
from directory_client.api.o_auth import issue_token
from directory_client.api.organisations import register_organisation
from directory_client.api.sessions import open_session
from directory_client.models import (
    ClientCreate,
    IssueTokenBody,
    IssueTokenBodyGrantType,
    OrganisationCreate,
    OrganisationCreateKind,
    OwnerIn,
    SignIn,
)
from issuer_client.api.achievements import create_achievement, publish_achievement
from issuer_client.api.awards import create_award
from issuer_client.api.profiles import create_profile
from issuer_client.models import (
    AchievementIn,
    AchievementInAchievement,
    AwardIn,
    ProfileIn,
    ProfileInProfile,
    RecipientIn,
)
from verifier_client.api.verifications import verify_one
from verifier_client.models import Applicant, Item

T = TypeVar("T")


def given(answer: object, kind: type[T]) -> T:
    """The answer, if it is the model that was hoped for; a refusal ends the program with its words."""
    if not isinstance(answer, kind):
        sys.exit(f"refused: {answer}")
    return answer


def main(
    issuer: str, backpack: str, verifier: str, directory: str, login: str, password: str, address: str
) -> None:
    anyone = directory_client.Client(base_url=directory)
    organisation = given(
        register_organisation.sync(
            client=anyone,
            body=OrganisationCreate(
                name="Typed College",
                kind=OrganisationCreateKind.SCHOOL,
                owner=OwnerIn(login=login, password=password),
            ),
        ),
        directory_client.models.OrganisationRegistered,
    )
    session = given(
        open_session.sync(client=anyone, body=SignIn(login=login, password=password)),
        directory_client.models.SessionOpened,
    )
    signed_in = directory_client.AuthenticatedClient(base_url=directory, token=session.token)
    scopes = ["profiles:write", "achievements:write", "awards:write", "verifications:write"]
    client = given(
        create_client.sync(organisation.id, client=signed_in, body=ClientCreate(name="Typed", scopes=scopes)),
        directory_client.models.ClientWithSecret,
    )

    def token(resource: str, scope: str) -> str:
        body = IssueTokenBody(
            grant_type=IssueTokenBodyGrantType.CLIENT_CREDENTIALS,
            client_id=client.client_id,
            client_secret=client.client_secret,
            resource=resource,
            scope=scope,
        )
        return given(
            issue_token.sync(client=anyone, body=body), directory_client.models.TokenResponse
        ).access_token

    issuing = issuer_client.AuthenticatedClient(
        base_url=issuer, token=token(issuer, "profiles:write achievements:write awards:write")
    )
    profile = given(
        create_profile.sync(
            client=issuing,
            body=ProfileIn(profile=ProfileInProfile.from_dict({"name": "Typed College"})),
            idempotency_key=secrets.token_hex(16),
        ),
        issuer_client.models.ProfileOut,
    )
    described = AchievementInAchievement.from_dict(
        {"name": "Typing", "description": "Types.", "criteria": {"narrative": "Type."}}
    )
    achievement = given(
        create_achievement.sync(
            client=issuing, body=AchievementIn(profile=profile.id, achievement=described)
        ),
        issuer_client.models.AchievementOut,
    )
    given(publish_achievement.sync(achievement.id, client=issuing), issuer_client.models.AchievementOut)
    recipient = RecipientIn(type_="emailAddress", identity=address)
    given(
        create_award.sync(client=issuing, body=AwardIn(achievement=achievement.id, recipient=recipient)),
        issuer_client.models.AwardOut,
    )

    stranger = backpack_client.Client(base_url=backpack)
    learner = given(
        create_learner.sync(
            client=stranger,
            body=SignUp(
                login=f"typist-{secrets.token_hex(4)}", password=secrets.token_urlsafe(16), email=address
            ),
        ),
        backpack_client.models.SignedUpOut,
    )
    print("confirmation?", flush=True)
    given(
        confirm_identifier.sync(client=stranger, body=Confirmation(token=sys.stdin.readline().strip())),
        backpack_client.models.ConfirmedOut,
    )
    hers = backpack_client.AuthenticatedClient(base_url=backpack, token=learner.token)
    deadline = time.monotonic() + 30
    while not (
        held := given(list_credentials.sync(client=hers), backpack_client.models.PageCredentialOut)
    ).items:
        if time.monotonic() > deadline:
            sys.exit("the badge did not arrive")
        time.sleep(0.05)
    badge = held.items[0].id
    given(accept_credential.sync(badge, client=hers), backpack_client.models.CredentialOut)
    share = given(
        create_share.sync(client=hers, body=ShareIn(credentials=[badge])), backpack_client.models.ShareOut
    )

    employer = verifier_client.AuthenticatedClient(
        base_url=verifier, token=token(verifier, "verifications:write")
    )
    report = given(
        verify_one.sync(client=employer, body=Item(url=share.url, applicant=Applicant(email=address))),
        verifier_client.models.ReportOut,
    )
    print(report.verdict.value)


if __name__ == "__main__":
    main(*sys.argv[1:])
