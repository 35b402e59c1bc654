"""The classes of Open Badges 3.0 as data: each property with its kind, whether required, whether many.

Source: the specification's data model (Appendix B) and, for the credential envelope of the older form,
Verifiable Credentials 1.1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from .enumerations import ACHIEVEMENT_TYPES, IDENTIFIER_TYPES, RESULT_STATUSES, RESULT_TYPES, TARGET_TYPES

Kind = Literal[
    "text",
    "phrase",
    "uri",
    "date-time",
    "date",
    "number",
    "boolean",
    "language",
    "jws",
    "email",
    "class",
    "list",
    "context",
]


@dataclass(frozen=True, slots=True)
class Property:
    """One property: `many` values, which may be `compact` (a single one bare, without the array)."""

    kind: Kind
    required: bool = False
    many: bool = False
    compact: bool = False
    of: str = ""
    values: tuple[str, ...] = ()
    extensible: bool = True


@dataclass(frozen=True, slots=True)
class Class:
    """One class. `types`: for each group, `type` has to name at least one of it. `closed`: nothing else."""

    name: str
    properties: Mapping[str, Property]
    types: tuple[tuple[str, ...], ...] = ()
    closed: bool = False


def _of(name: str, *, required: bool = False, many: bool = False, compact: bool = False) -> Property:
    return Property("class", required=required, many=many, compact=compact, of=name)


def _one_of(values: tuple[str, ...], *, required: bool = False, extensible: bool = True) -> Property:
    return Property("list", required=required, values=values, extensible=extensible)


TEXT = Property("text")
NAME = Property("text", required=True)
URI = Property("uri")
URI_REQUIRED = Property("uri", required=True)
MOMENT = Property("date-time")
NUMBER = Property("number")
TYPE = Property("text", required=True, many=True, compact=True)
ENDORSEMENT = _of("EndorsementCredential", many=True)
ENDORSEMENT_JWT = Property("jws", many=True)
ALIGNMENT = _of("Alignment", many=True)
IMAGE = _of("Image")

_ENVELOPE: Mapping[str, Property] = {
    "@context": Property("context", required=True),
    "id": URI_REQUIRED,
    "type": TYPE,
    "name": TEXT,
    "description": TEXT,
    "issuer": _of("Issuer", required=True),
    "proof": _of("Proof", many=True, compact=True),
    "credentialSchema": _of("CredentialSchema", many=True, compact=True),
    # The data model allows one; an issuer that can both revoke and suspend needs two (and the official
    # validator takes an array).
    "credentialStatus": _of("CredentialStatus", many=True, compact=True),
    "refreshService": _of("RefreshService", many=True, compact=True),
    "termsOfUse": _of("TermsOfUse", many=True, compact=True),
    "evidence": _of("Evidence", many=True),
    "awardedDate": MOMENT,
}
_PERIOD_2: Mapping[str, Property] = {
    "validFrom": Property("date-time", required=True),
    "validUntil": MOMENT,
}
_PERIOD_1: Mapping[str, Property] = {
    "issuanceDate": Property("date-time", required=True),
    "expirationDate": MOMENT,
    "validFrom": MOMENT,
    "validUntil": MOMENT,
}
_ACHIEVEMENT_CREDENTIAL: Mapping[str, Property] = {
    "credentialSubject": _of("AchievementSubject", required=True),
    "image": IMAGE,
    "endorsement": ENDORSEMENT,
    "endorsementJwt": ENDORSEMENT_JWT,
}
_ENDORSEMENT_CREDENTIAL: Mapping[str, Property] = {
    "name": NAME,
    "credentialSubject": _of("EndorsementSubject", required=True),
}
_VC = ("VerifiableCredential",)
_PHRASE = Property("phrase", many=True, compact=True)
# What every verifiable credential may say, whatever it is about (VCDM 2.0, section 4; 1.1 alike).
_CLAIMS: Mapping[str, Property] = {
    "@context": Property("context", required=True),
    "id": URI,
    "type": TYPE,
    "issuer": _of("Holder", required=True),
    "credentialSubject": _of("Claims", required=True, many=True, compact=True),
    "credentialStatus": _of("CredentialStatus", many=True, compact=True),
    "credentialSchema": _of("CredentialSchema", many=True, compact=True),
    "refreshService": _of("Typed", many=True, compact=True),
    "termsOfUse": _of("TermsOfUse", many=True, compact=True),
    "evidence": _of("Typed", many=True, compact=True),
}
_SHOWN: Mapping[str, Property] = {
    "@context": Property("context", required=True),
    "id": URI,
    "type": TYPE,
    "holder": _of("Holder"),
    "termsOfUse": _of("TermsOfUse", many=True, compact=True),
}

_CLASSES = (
    Class(
        "AchievementCredential",
        {**_ENVELOPE, **_PERIOD_2, **_ACHIEVEMENT_CREDENTIAL},
        types=(_VC, ("AchievementCredential", "OpenBadgeCredential")),
    ),
    Class(
        "AchievementCredential/1.1",
        {**_ENVELOPE, **_PERIOD_1, **_ACHIEVEMENT_CREDENTIAL},
        types=(_VC, ("AchievementCredential", "OpenBadgeCredential")),
    ),
    Class(
        "EndorsementCredential",
        {**_ENVELOPE, **_PERIOD_2, **_ENDORSEMENT_CREDENTIAL},
        types=(_VC, ("EndorsementCredential",)),
    ),
    Class(
        "EndorsementCredential/1.1",
        {**_ENVELOPE, **_PERIOD_1, **_ENDORSEMENT_CREDENTIAL, "id": URI, "name": TEXT},
        types=(_VC, ("EndorsementCredential",)),
    ),
    # Any other verifiable credential (a status list, a transcript): what the W3C data model demands, and no more.
    Class(
        "VerifiableCredential",
        {
            **_CLAIMS,
            "name": _PHRASE,
            "description": _PHRASE,
            "relatedResource": _of("RelatedResource", many=True, compact=True),
            "validFrom": MOMENT,
            "validUntil": MOMENT,
        },
        types=(_VC,),
    ),
    Class("VerifiableCredential/1.1", {**_CLAIMS, **_PERIOD_1}, types=(_VC,)),
    Class(
        "VerifiablePresentation",
        {**_SHOWN, "verifiableCredential": _of("Presented", many=True, compact=True)},
        types=(("VerifiablePresentation",),),
    ),
    # Version 1.1 lets a credential stand there as a compact JWS too.
    Class("VerifiablePresentation/1.1", _SHOWN, types=(("VerifiablePresentation",),)),
    Class(
        "Envelope",
        # Of the id, a data: URL with what is secured, whoever takes that out looks at every letter.
        {"@context": Property("context", required=True), "id": NAME, "type": TYPE},
        types=(("EnvelopedVerifiableCredential", "EnvelopedVerifiablePresentation"),),
    ),
    Class("Claims", {"id": URI}),
    Class("Typed", {"id": URI, "type": TYPE}),
    Class("Presented", {"type": TYPE}),
    Class("RelatedResource", {"id": URI_REQUIRED, "digestSRI": TEXT, "digestMultibase": TEXT}),
    Class("Holder", {"id": URI_REQUIRED, "name": _PHRASE, "description": _PHRASE}),
    Class(
        "AchievementSubject",
        {
            "id": URI,
            "type": TYPE,
            "achievement": _of("Achievement", required=True),
            "identifier": _of("IdentityObject", many=True),
            "result": _of("Result", many=True),
            "source": _of("Profile"),
            "activityStartDate": MOMENT,
            "activityEndDate": MOMENT,
            "creditsEarned": NUMBER,
            "image": IMAGE,
            "licenseNumber": TEXT,
            "narrative": TEXT,
            "role": TEXT,
            "term": TEXT,
        },
        types=(("AchievementSubject",),),
    ),
    Class(
        "EndorsementSubject",
        {"id": URI_REQUIRED, "type": TYPE, "endorsementComment": TEXT},
        types=(("EndorsementSubject",),),
    ),
    Class(
        "Achievement",
        {
            "id": URI_REQUIRED,
            "type": TYPE,
            "name": NAME,
            "description": NAME,
            "criteria": _of("Criteria", required=True),
            "achievementType": _one_of(ACHIEVEMENT_TYPES),
            "creator": _of("Profile"),
            "creditsAvailable": NUMBER,
            "fieldOfStudy": TEXT,
            "humanCode": TEXT,
            "image": IMAGE,
            "inLanguage": Property("language"),
            "specialization": TEXT,
            "version": TEXT,
            "alignment": ALIGNMENT,
            "endorsement": ENDORSEMENT,
            "endorsementJwt": ENDORSEMENT_JWT,
            "otherIdentifier": _of("IdentifierEntry", many=True),
            "related": _of("Related", many=True),
            "resultDescription": _of("ResultDescription", many=True),
            "tag": Property("text", many=True),
        },
        types=(("Achievement",),),
    ),
    Class("Criteria", {"id": URI, "narrative": TEXT}),
    Class(
        "Alignment",
        {
            "type": TYPE,
            "targetName": NAME,
            "targetUrl": URI_REQUIRED,
            "targetCode": TEXT,
            "targetDescription": TEXT,
            "targetFramework": TEXT,
            "targetType": _one_of(TARGET_TYPES),
        },
        types=(("Alignment",),),
    ),
    Class(
        "Related",
        {"id": URI_REQUIRED, "type": TYPE, "inLanguage": Property("language"), "version": TEXT},
        types=(("Related",),),
    ),
    Class(
        "Result",
        {
            "type": TYPE,
            "achievedLevel": URI,
            "resultDescription": URI,
            "status": _one_of(RESULT_STATUSES, extensible=False),
            "value": TEXT,
            "alignment": ALIGNMENT,
        },
        types=(("Result",),),
    ),
    Class(
        "ResultDescription",
        {
            "id": URI_REQUIRED,
            "type": TYPE,
            "name": NAME,
            "resultType": _one_of(RESULT_TYPES, required=True),
            "alignment": ALIGNMENT,
            "allowedValue": Property("text", many=True),
            "requiredLevel": URI,
            "requiredValue": TEXT,
            "rubricCriterionLevel": _of("RubricCriterionLevel", many=True),
            "valueMin": TEXT,
            "valueMax": TEXT,
        },
        types=(("ResultDescription",),),
    ),
    Class(
        "RubricCriterionLevel",
        {
            "id": URI_REQUIRED,
            "type": TYPE,
            "name": NAME,
            "alignment": ALIGNMENT,
            "description": TEXT,
            "level": TEXT,
            "points": TEXT,
        },
        types=(("RubricCriterionLevel",),),
    ),
    Class(
        "Evidence",
        {
            "id": URI,
            "type": TYPE,
            "narrative": TEXT,
            "name": TEXT,
            "description": TEXT,
            "genre": TEXT,
            "audience": TEXT,
        },
        types=(("Evidence",),),
    ),
    Class(
        "Image",
        {"id": URI_REQUIRED, "type": TYPE, "caption": TEXT},
        types=(("Image",),),
        closed=True,
    ),
    Class(
        "IdentityObject",
        {
            "type": TYPE,
            "hashed": Property("boolean", required=True),
            "identityHash": NAME,
            "identityType": _one_of(IDENTIFIER_TYPES, required=True),
            "salt": TEXT,
        },
        types=(("IdentityObject",),),
        closed=True,
    ),
    Class(
        "IdentifierEntry",
        {"type": TYPE, "identifier": NAME, "identifierType": _one_of(IDENTIFIER_TYPES, required=True)},
        types=(("IdentifierEntry",),),
        closed=True,
    ),
    Class(
        "Profile",
        {
            "id": URI_REQUIRED,
            "type": TYPE,
            "name": TEXT,
            "url": URI,
            "phone": TEXT,
            "description": TEXT,
            "endorsement": ENDORSEMENT,
            "endorsementJwt": ENDORSEMENT_JWT,
            "image": IMAGE,
            "email": Property("email"),
            "address": _of("Address"),
            "otherIdentifier": _of("IdentifierEntry", many=True),
            "official": TEXT,
            "parentOrg": _of("Profile"),
            "dateOfBirth": Property("date"),
            "familyName": TEXT,
            "givenName": TEXT,
            "additionalName": TEXT,
            "patronymicName": TEXT,
            "honorificPrefix": TEXT,
            "honorificSuffix": TEXT,
            "familyNamePrefix": TEXT,
        },
        types=(("Profile",),),
    ),
    Class(
        "Address",
        {
            "type": TYPE,
            "addressCountry": TEXT,
            "addressCountryCode": TEXT,
            "addressRegion": TEXT,
            "addressLocality": TEXT,
            "streetAddress": TEXT,
            "postOfficeBoxNumber": TEXT,
            "postalCode": TEXT,
            "geo": _of("GeoCoordinates"),
        },
        types=(("Address",),),
    ),
    Class(
        "GeoCoordinates",
        {
            "type": TYPE,
            "latitude": Property("number", required=True),
            "longitude": Property("number", required=True),
        },
        types=(("GeoCoordinates",),),
    ),
    Class(
        "Proof",
        {
            "type": Property("text", required=True),
            "created": MOMENT,
            "cryptosuite": TEXT,
            "proofPurpose": TEXT,
            "proofValue": TEXT,
            "verificationMethod": TEXT,
        },
    ),
    Class("CredentialSchema", {"id": URI_REQUIRED, "type": TYPE}),
    Class("CredentialStatus", {"id": URI, "type": TYPE}),
    Class("RefreshService", {"id": URI_REQUIRED, "type": TYPE}),
    Class("TermsOfUse", {"id": URI, "type": TYPE}),
)

CLASSES: Mapping[str, Class] = {one.name: one for one in _CLASSES}
