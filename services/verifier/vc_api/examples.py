"""Examples for OpenAPI, as the requests' bodies declare them."""

from typing import Any

from fastapi import Body

_ISSUER = "did:key:z6MktULudTtAsAhRegYPiZ6631RV3viv12qd4GQF8z1xB22S"
_CREDENTIAL: dict[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2"],
    "type": ["VerifiableCredential"],
    "issuer": _ISSUER,
    "credentialSubject": {"id": "did:example:mira"},
    "proof": {
        "type": "DataIntegrityProof",
        "cryptosuite": "eddsa-rdfc-2022",
        "created": "2026-01-01T00:00:00Z",
        "verificationMethod": f"{_ISSUER}#{_ISSUER.removeprefix('did:key:')}",
        "proofPurpose": "assertionMethod",
        "proofValue": "z5h8W7qJkNrhGjJHWxZ8oN5h8gYZ4h8x7h5b8k2dqKwJ5J8j7h5k8m3qKvJ2j7qJ5h8gYZ4h8x",
    },
}
CREDENTIAL_EXAMPLE = Body(
    examples=[{"verifiableCredential": _CREDENTIAL, "options": {"returnResults": True}}]
)
PRESENTATION_EXAMPLE = Body(
    examples=[
        {
            "verifiablePresentation": {
                "@context": ["https://www.w3.org/ns/credentials/v2"],
                "type": ["EnvelopedVerifiablePresentation"],
                "id": "data:application/vp+jwt,eyJhbGciOiJFZERTQSIsInR5cCI6InZwK2p3dCJ9.e30.c2lnbmF0dXJl",
            },
            "options": {"challenge": "3f1c9a0e", "domain": "jobs.example.org"},
        }
    ]
)
