"""What is looked at before anything is signed: the data model, contexts and terms, related resources."""

from typing import Any

from services.issuer.vc_api.errors import CannotSecure, CredentialRefused, refused
from shared.http.problems import FieldError
from shared.vc import jsonld
from shared.vc.contexts import CREDENTIALS_V2, DATA_INTEGRITY_V2, ContextStore
from shared.vc.errors import VcError
from shared.vc.model import check
from shared.vc.model.contexts import contexts_of, is_version_1
from shared.vc.proofs import data_integrity
from shared.vc.related_resources import wrong_digests

STATUS_V1 = "https://www.w3.org/ns/credentials/status/v1"
_Object = dict[str, Any]


def issuer_of(credential: _Object) -> str | None:
    """The id of the credential's issuer."""
    issuer = credential.get("issuer")
    found = issuer.get("id") if isinstance(issuer, dict) else issuer
    return found if isinstance(found, str) else None


def with_contexts(credential: _Object, *, enveloping: bool, status: bool) -> _Object:
    """The credential with the contexts that version 1.1 needs for a proof and for status entries.

    VC Data Integrity, 2.4.1 (Context Injection): they are appended when they are missing; version 2.0 defines all of it.
    """
    if not is_version_1(credential) or enveloping:
        return credential
    contexts = contexts_of(credential)
    wanted = [DATA_INTEGRITY_V2, STATUS_V1] if status else [DATA_INTEGRITY_V2]
    return {**credential, "@context": [*contexts, *(one for one in wanted if one not in contexts)]}


def check_credential(credential: _Object, store: ContextStore, *, as_json: bool) -> None:
    """Refuse what must not be signed. `as_json`: the signature will cover the JSON, not the RDF that it stands for.

    Raises:
        CredentialRefused: naming each place that breaks the data model, a digest that is wrong, or a context that is not
            pinned here. DataWouldBeLost: a term that no context defines.
    """
    try:
        proofs = data_integrity.proofs_of(credential)
        found = [one for one in check(credential) if one.severity == "error"]
        found += wrong_digests(credential, store)
        if found:
            raise CredentialRefused(
                "Correct what `errors` names; the credential breaks the W3C data model there.",
                errors=[FieldError(f"/credential{one.pointer}", one.reason) for one in found],
            )
        if contexts_of(credential)[0] == CREDENTIALS_V2 and not isinstance(credential["@context"], list):
            raise CredentialRefused("`@context` has to be an array (VCDM 2.0, 4.3).")
        if any(not isinstance(proof.get("type"), str) for proof in proofs):
            raise CannotSecure("Every proof that the credential has already needs a type.")
        unsigned = {name: each for name, each in credential.items() if name != "proof"}
        jsonld.to_quads(jsonld.without_directions(unsigned) if as_json else unsigned, store)
    except VcError as error:
        raise refused(error, "/credential") from error
