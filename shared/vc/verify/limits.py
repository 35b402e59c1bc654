from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one verification may cost at most. What goes beyond is inconclusive, never invalid.

    `work_units` (about a microsecond each) are shared by the badge, its status lists, its endorsements and what stands in
    it; reading costs of them too.
    """

    work_units: int = 60_000
    input_bytes: int = 10 * 1024 * 1024
    fetches: int = 25
    status_list_bytes: int = 2 * 1024 * 1024
    credential_bytes: int = 2 * 1024 * 1024
    proofs: int = 5
    status_entries: int = 8
    published_keys: int = 20
    endorsements: int = 10
    endorsement_depth: int = 2
    presented: int = 20
    embedded: int = 50
    embedded_depth: int = 2
    findings: int = 20
    schema_bytes: int = 128 * 1024
    extensions: int = 8
