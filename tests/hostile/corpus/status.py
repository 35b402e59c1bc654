"""Status lists: bombs, other people's lists, entries that are not there."""

import base64
import copy
import gzip
from typing import Any

from shared.vc.status import StatusBits, encode
from tests.hostile.corpus.attack import Given, Json, Stage, attack


def packed(text: bytes) -> str:
    return "u" + base64.urlsafe_b64encode(gzip.compress(text)).rstrip(b"=").decode()


def with_list(stage: Stage, encoded: str, **members: Any) -> Json:
    """A badge whose own issuer signed this list."""
    subject = stage.honest.status_list("revocation")["credentialSubject"] | {
        "encodedList": encoded,
        **members,
    }
    stage.honest.publish_list("revocation", credentialSubject=subject)
    return stage.honest.award(credentialStatus=stage.honest.entry())


def entry(stage: Stage, **changes: Any) -> Json:
    return {**stage.honest.entry(), **changes}


@attack("status.list_malformed", "unpacks to more than")
def gzip_bomb(stage: Stage) -> Given:
    """A list of 50 kB that unpacks to 50 MB"""
    return with_list(stage, packed(b"\0" * 50_000_000))


@attack("status.list_malformed", "or more follows it")
def gzip_bomb_in_many_members(stage: Stage) -> Given:
    """A list of 20,000 gzip members, each small"""
    member = gzip.compress(b"\0" * 1000)
    return with_list(stage, "u" + base64.urlsafe_b64encode(member * 20_000).rstrip(b"=").decode())


@attack("status.list_malformed", "cut off, or more")
def gzip_bomb_in_a_name(stage: Stage) -> Given:
    """A gzip header with a file name of a megabyte"""
    plain = gzip.compress(bytes(16_384))
    body = plain[:3] + b"\x08" + plain[4:10] + b"x" * 1_000_000 + b"\0" + plain[10:-1]
    return with_list(stage, "u" + base64.urlsafe_b64encode(body).rstrip(b"=").decode())


@attack("status.list_malformed", "is cut off")
def cut_off_list(stage: Stage) -> Given:
    """A list whose gzip ends in the middle: the bits behind would count as not set"""
    whole = gzip.compress(bytes(16_384))
    return with_list(stage, "u" + base64.urlsafe_b64encode(whole[:-12]).rstrip(b"=").decode())


@attack("status.list_too_short", "fewer than 131072")
def short_list(stage: Stage) -> Given:
    """A list of eight entries, which tells the issuer who is looked at"""
    return with_list(stage, packed(b"\0"))


@attack("status.list_foreign", "not by the issuer")
def list_of_another_issuer(stage: Stage) -> Given:
    """A badge that names the attacker's own, well signed list"""
    return stage.honest.award(credentialStatus=stage.rogue.entry())


@attack("status.list_unproven", "does not fit")
def forged_list(stage: Stage) -> Given:
    """The issuer's list, changed on the way"""
    listing = copy.deepcopy(stage.honest.sign(stage.honest.status_list("revocation")))
    bits = StatusBits()
    bits.set(9)
    listing["credentialSubject"]["encodedList"] = encode(bits)
    stage.network.put(stage.honest.list_url(), listing)
    return stage.honest.award(credentialStatus=stage.honest.entry())


@attack("status.list_unproven", "carries no proof")
def list_without_proof(stage: Stage) -> Given:
    """A list that nobody signed"""
    stage.network.put(stage.honest.list_url(), stage.honest.status_list("revocation"))
    return stage.honest.award(credentialStatus=stage.honest.entry())


@attack("status.list_out_of_date", "outside its own period")
def old_list(stage: Stage) -> Given:
    """A list from before the revocation, whose period has ended"""
    stage.honest.publish_list("revocation", validUntil="2026-02-01T00:00:00Z")
    return stage.honest.award(credentialStatus=stage.honest.entry())


@attack("status.wrong_purpose", "not for the purpose")
def list_for_another_purpose(stage: Stage) -> Given:
    """An entry for revocation that names the list of suspensions"""
    return stage.honest.award(
        credentialStatus=entry(stage, statusListCredential=stage.honest.list_url("suspension"))
    )


@attack("status.out_of_range", "has no entry")
def index_out_of_range(stage: Stage) -> Given:
    """An index behind the end of the list"""
    return stage.honest.award(credentialStatus=entry(stage, statusListIndex=str(10**9)))


@attack("status.malformed", "decimal number")
def negative_index(stage: Stage) -> Given:
    """Index -1, the last entry to some languages"""
    return stage.honest.award(credentialStatus=entry(stage, statusListIndex="-1"))


@attack("status.malformed", "decimal number")
def index_of_a_million_digits(stage: Stage) -> Given:
    """An index of a million digits"""
    return stage.honest.award(credentialStatus=entry(stage, statusListIndex="9" * 1_000_000))


@attack("status.malformed", "from 1 to 16")
def entries_of_huge_size(stage: Stage) -> Given:
    """Entries of 2^31 bits each"""
    return stage.honest.award(
        credentialStatus=entry(stage, statusPurpose="message", statusSize=2**31, statusMessage=[])
    )


@attack("status.not_supported", "more status entries")
def a_hundred_entries(stage: Stage) -> Given:
    """100 entries, each with a list of its own to be fetched from a victim"""
    entries = [
        entry(stage, statusListCredential=f"{stage.site}/victim/{n}", id=f"urn:x:{n}") for n in range(100)
    ]
    return stage.honest.award(credentialStatus=entries)


@attack("status.unreachable", "2097152 bytes")
def list_of_three_megabytes(stage: Stage) -> Given:
    """A list longer than any"""
    stage.network.put(stage.honest.list_url(), b"{" + b" " * 3_000_000 + b"}")
    return stage.honest.award(credentialStatus=stage.honest.entry())


@attack("status.list_malformed", "more than 100000 values")
def list_of_poisoned_json(stage: Stage) -> Given:
    """A list that is a million brackets"""
    stage.network.put(stage.honest.list_url(), b'{"a":' + b"[" * 1_000_000)
    return stage.honest.award(credentialStatus=stage.honest.entry())


@attack("status.list_unproven", "more work")
def list_that_is_a_poison_graph(stage: Stage) -> Given:
    """A list whose own canonical form explodes"""
    listing = stage.honest.sign(stage.honest.status_list("revocation"))
    listing = {
        **listing,
        "@context": [*listing["@context"], {"l": {"@id": "https://v.example/l", "@type": "@id"}}],
    }
    listing["credentialSubject"] = {
        **listing["credentialSubject"],
        "l": [{"id": f"_:n{n}", "l": [f"_:n{m}" for m in range(12) if m != n]} for n in range(12)],
    }
    stage.network.put(stage.honest.list_url(), listing)
    return stage.honest.award(credentialStatus=stage.honest.entry())


@attack("status.list_foreign", "not of the issuer")
def revocation_list_of_another_issuer(stage: Stage) -> Given:
    """A 1EdTech revocation list of the attacker's"""
    page = stage.put(
        "/revocations",
        {"id": f"{stage.site}/revocations", "issuer": stage.rogue.did, "revokedCredential": []},
    )
    contexts = [*stage.honest.badge()["@context"], "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"]
    status = {"id": page, "type": "1EdTechRevocationList"}
    return stage.honest.award(**{"@context": contexts, "credentialStatus": status})


@attack("status.unreachable", "could not be found out")
def list_on_a_private_address(stage: Stage) -> Given:
    """A list at the address where clouds keep their keys"""
    address = "https://169.254.169.254/latest/meta-data/"
    return stage.honest.award(credentialStatus=entry(stage, statusListCredential=address))
