"""Each format's own way of signing, checking and reading a badge; bytes in, bytes out (ADR 0009)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.issuer.keys.formats import Format
from shared.vc import strict_json
from shared.vc.contexts import ContextStore
from shared.vc.disclosure import derive_badge, mandatory_pointers
from shared.vc.keys import PublicKey, SigningKey
from shared.vc.proofs import data_integrity, ecdsa_sd, jwt

_Object = dict[str, Any]
_PUBLIC = ("/credentialSubject/achievement",)
"""What everyone sees of a badge whose holder chooses: what is mandatory, and the achievement, which is public anyway."""


def sign(
    document: _Object, form: Format, *, key: SigningKey, method: str, now: datetime, contexts: ContextStore
) -> bytes:
    """The signed badge as it is kept. Raises VcError for what cannot be signed whole."""
    if form.is_jwt:
        # The key goes along: verifiers that know no DIDs take it from there, and the DID document vouches for it.
        return jwt.sign(document, key=key, kid=method, with_key=True, store=contexts).encode()
    if form.is_selective:
        secured = ecdsa_sd.sign(
            document,
            key=key,
            verification_method=method,
            created=now,
            mandatory=mandatory_pointers(document),
            store=contexts,
        )
    else:
        secured = data_integrity.sign(
            document, key=key, verification_method=method, created=now, store=contexts
        )
    return _as_list(secured)


def check(body: bytes, form: Format, public: PublicKey, contexts: ContextStore) -> None:
    """Read the bytes as their holder would and check the proof over them. Raises VcError when it does not hold."""
    if form.is_jwt:
        jwt.verify(jwt.parse(body.decode()), public)
        return
    document = strict_json.loads_object(body)
    (proof,) = data_integrity.proofs_of(document)
    data_integrity.verify(document, proof, public, contexts, as_holder=form.is_selective)


def check_signed(body: bytes, form: Format, public: PublicKey, contexts: ContextStore) -> None:
    """As `check`, of what was just signed; where its holder chooses, the least that she can show has to be a badge too."""
    check(body, form, public, contexts)
    if form.is_selective:
        document = strict_json.loads_object(derived(body, (), contexts))
        (proof,) = data_integrity.proofs_of(document)
        data_integrity.verify(document, proof, public, contexts)


def document_of(body: bytes, form: Format) -> _Object:
    """What the badge says, without its proof's wrapping. Raises VcError for bytes that are none."""
    return jwt.parse(body.decode()).credential if form.is_jwt else strict_json.loads_object(body)


def public_view(body: bytes, form: Format, contexts: ContextStore) -> bytes:
    """What everyone may have of a public badge: of one with a base proof, which is for its holder, a derived one."""
    return derived(body, _PUBLIC, contexts) if form.is_selective else body


def derived(body: bytes, pointers: Sequence[str], contexts: ContextStore) -> bytes:
    """A badge that shows what is mandatory and what the pointers name. Raises VcError as `derive_badge`."""
    return _as_list(derive_badge(strict_json.loads_object(body), pointers, contexts=contexts))


def _as_list(secured: _Object) -> bytes:
    # A list, as Open Badges' plain JSON schema wants it; one object passes only its JSON-LD variant.
    return strict_json.dumps({**secured, "proof": [secured["proof"]]})
