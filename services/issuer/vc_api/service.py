"""What the VC-API does: instances, issuing, deriving, changing a status."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError

from services.issuer.context import Context
from services.issuer.vc_api import status, store
from services.issuer.vc_api.checking import check_credential, issuer_of, with_contexts
from services.issuer.vc_api.errors import (
    CannotDerive,
    DuplicateCredential,
    InstanceClosed,
    NoSuchIssuer,
    StatusRefused,
    WrongKeyType,
    refused,
)
from services.issuer.vc_api.schemas import DeriveIn, InstanceIn, InstanceOut, IssueIn, Purpose, StatusIn
from services.issuer.vc_api.securing import ALGORITHMS, Securing, identity, secure
from services.issuer.vc_api.store import Instance, VcStatusEntry
from shared.db import WriteSession, new_id
from shared.http.access import Access
from shared.http.problems import FieldError, NotFound
from shared.vc.errors import VcError
from shared.vc.keys import Algorithm, SigningKey
from shared.vc.proofs import data_integrity, ecdsa_sd

TABLE = store.Instance.__tablename__
_Object = dict[str, Any]


# --- instances ----------------------------------------------------------------------------------


def shown(instance: Instance) -> InstanceOut:
    return InstanceOut.model_validate(
        {
            "id": instance.id,
            "did": instance.did,
            "securing": instance.securing,
            "algorithm": instance.algorithm,
            "verification_method": instance.verification_method,
            "status": [Purpose.model_validate(each) for each in instance.purposes],
            "state": instance.state,
            "created_at": instance.created_at,
            "created_by": instance.created_by,
            "closed_at": instance.closed_at,
        }
    )


async def open_instance(
    context: Context, access: Access, given: InstanceIn, session: WriteSession
) -> InstanceOut:
    """A new key with its DID, and the first status lists. Raises WrongKeyType."""
    allowed = ALGORITHMS[given.securing]
    algorithm = allowed[0] if given.algorithm is None else Algorithm(given.algorithm)
    if algorithm not in allowed:
        raise WrongKeyType(f"{given.securing} does not sign with {algorithm}.", algorithms=list(allowed))
    secret = await asyncio.to_thread(SigningKey.generate, algorithm)
    did, method = identity(given.securing, secret.public)
    instance_id = new_id()
    instance = Instance(
        id=instance_id,
        organisation=access.organisation,
        securing=given.securing,
        algorithm=algorithm.value,
        did=did,
        verification_method=method,
        sealed=context.sealing.seal(secret.secret(), table=TABLE, row=instance_id),
        purposes=[each.model_dump(exclude_none=True) for each in given.status],
        state="open",
        created_at=context.clock(),
        created_by=access.actor,
    )
    session.add(instance)
    await session.flush()
    await status.open_lists(context, session, instance, _opened(context, instance))
    return shown(instance)


async def listed(context: Context, access: Access, after: str | None, limit: int) -> list[InstanceOut]:
    async with context.db.read() as session:
        found = await store.page(session, access.organisation, after, limit)
        return [shown(instance) for instance in found]


async def read(context: Context, access: Access, instance_id: str) -> InstanceOut:
    async with context.db.read() as session:
        found = await store.get(session, instance_id, access.organisation)
    if found is None:
        raise NotFound("Your organisation has no such instance.")
    return shown(found)


async def close(context: Context, access: Access, instance_id: str, session: WriteSession) -> InstanceOut:
    """It signs nothing more; what it signed stays verifiable, and its statuses can still be set."""
    found = await store.get_for_update(session, instance_id, access.organisation)
    if found is None:
        raise NotFound("Your organisation has no such instance.")
    if found.state == "closed":
        raise InstanceClosed("The instance is closed already.")
    found.state, found.closed_at, found.closed_by = "closed", context.clock(), access.actor
    await session.flush()
    return shown(found)


def _opened(context: Context, instance: Instance) -> Securing:
    plain = context.sealing.open(instance.sealed, table=TABLE, row=instance.id)
    key = SigningKey.from_secret(Algorithm(instance.algorithm), plain)
    return Securing(instance.securing, instance.did, instance.verification_method, key)


# --- credentials --------------------------------------------------------------------------------


async def issue(context: Context, access: Access, given: IssueIn) -> _Object:
    """The credential secured by the instance whose DID is its issuer.

    Raises:
        NoSuchIssuer, CredentialRefused, DataWouldBeLost, CannotSecure, DuplicateCredential.
    """
    issuer = issuer_of(given.credential)
    async with context.db.read() as session:
        instance = None if issuer is None else await store.of_did(session, issuer, access.organisation)
    if instance is None:
        raise NoSuchIssuer(
            "Name the DID of one of your open instances as the issuer.",
            errors=[FieldError("/credential/issuer", "is not the DID of an instance")],
        )
    by = _opened(context, instance)
    credential = with_contexts(given.credential, enveloping=by.enveloping, status=bool(instance.purposes))
    # What is refused is refused before a status entry is spent on it.
    await asyncio.to_thread(check_credential, credential, context.contexts, as_json=by.signs_json)
    if not instance.purposes:
        return await _secured(context, credential, by, given)
    known_as = given.options.credentialId or credential.get("id")
    try:
        async with context.db.write() as session:
            entries = await status.take(context, session, instance, by, _hashed(known_as))
            return await _secured(context, _with_status(credential, entries), by, given)
    except IntegrityError as error:
        raise DuplicateCredential("Give every credential an id of its own.") from error


async def _secured(context: Context, credential: _Object, by: Securing, given: IssueIn) -> _Object:
    pointers, now = given.options.mandatoryPointers, context.clock()
    return await asyncio.to_thread(secure, credential, by, pointers, now, context.contexts)


def _with_status(credential: _Object, entries: list[_Object]) -> _Object:
    there = credential.get("credentialStatus", [])
    both = [*(there if isinstance(there, list) else [there]), *entries]
    return {**credential, "credentialStatus": both[0] if len(both) == 1 else both}


def _hashed(credential_id: str | None) -> str | None:
    return None if credential_id is None else hashlib.sha256(credential_id.encode()).hexdigest()


async def derive(context: Context, given: DeriveIn) -> _Object:
    """What the holder of an ecdsa-sd-2023 base proof shows of the credential. Raises CannotDerive, CredentialRefused."""
    return await asyncio.to_thread(_derived, context, given)


def _derived(context: Context, given: DeriveIn) -> _Object:
    document = given.verifiableCredential
    try:
        for proof in data_integrity.proofs_of(document):
            if proof.get("cryptosuite") == ecdsa_sd.CRYPTOSUITE and ecdsa_sd.is_base(proof):
                return ecdsa_sd.derive(document, proof, given.options.selectivePointers, context.contexts)
    except VcError as error:
        raise refused(error, "/verifiableCredential", CannotDerive) from error
    raise CannotDerive(f"The credential has no base proof of {ecdsa_sd.CRYPTOSUITE}.")


# --- status -------------------------------------------------------------------------------------


async def set_status(context: Context, access: Access, given: StatusIn) -> None:
    """Set one status entry of a credential that was issued here.

    Raises:
        NotFound: no such credential, or it has no such entry. StatusRefused.
    """
    wanted, sha256 = given.credentialStatus, _hashed(given.credentialId)
    assert sha256 is not None  # the schema wants an id
    async with context.db.write() as session:
        entry = await store.entry_of(session, access.organisation, sha256, wanted.statusPurpose)
        found = None if entry is None else await store.list_of(session, entry.list_id)
        if (
            entry is None
            or found is None
            or not _meant(found.uri, entry, wanted.model_dump(exclude_none=True))
        ):
            raise NotFound("No credential with this id and a status entry of this purpose was issued here.")
        instance = await store.get(session, found.instance_id, access.organisation)
        assert instance is not None  # a foreign key
        current = await store.lock_list(session, found.id)
        value, before = _value(given.status, current.size), status.value_of(current, entry.place)
        if current.purpose == "revocation" and before and not value:
            raise StatusRefused("A revocation is final (Bitstring Status List, 2.2).")
        if value != before:
            await status.put(context, session, current, entry.place, value, _opened(context, instance))


def _meant(uri: str, entry: VcStatusEntry, named: Mapping[str, str]) -> bool:
    """Whether the place that the caller names besides, if any, is the entry's."""
    there = {"statusListCredential": uri, "statusListIndex": str(entry.place), "id": f"{uri}#{entry.place}"}
    return all(named.get(name, value) == value for name, value in there.items())


def _value(given: bool | str, size: int) -> int:  # noqa: FBT001  (what VCALM calls status is true or false)
    value = int(given, 16) if isinstance(given, str) else int(given)
    if value >= 1 << size:
        raise StatusRefused(f"The entry has values below {hex(1 << size)} only.")
    return value
