"""The steps that are the same for a badge, a newer version of it, and an endorsement."""

from .case import Case, Surroundings
from .proofs import check_proofs, covers_terms
from .schemas import check_schemas
from .status import check_status
from .structure import check_structure, check_terms, terms_covered
from .validity import check_validity


async def examine_content(case: Case, around: Surroundings) -> None:
    """Contexts and terms, structure, schemas, proof and key."""
    # The proof comes first in time, not in the report: over RDF it reads contexts and terms as well.
    proof = await check_proofs(case, around)
    case.note([terms_covered()] if covers_terms(proof) else check_terms(case, around))
    case.note(check_structure(case, around))
    holds = any(one.code == "proof.valid" for one in proof)
    case.note(await check_schemas(case, around, proven=holds))
    case.note(proof)


async def examine_currency(case: Case, around: Surroundings) -> None:
    """Status and period of validity."""
    case.note(await check_status(case, around))
    case.note([check_validity(case, around.now)])
