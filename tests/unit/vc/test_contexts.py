import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from shared.vc.contexts import (
    CREDENTIALS_V1,
    CREDENTIALS_V2,
    DATA_INTEGRITY_V2,
    OPEN_BADGES_3,
    ContextFilesRefused,
    ContextStore,
)
from shared.vc.errors import UnknownContext

STORE = ContextStore.builtin()


@pytest.mark.parametrize(
    ("url", "sha256"),
    [
        # As the W3C publishes them (VCDM 2.0, Base Context; VC Data Integrity, Contexts and Vocabularies).
        (CREDENTIALS_V2, "59955ced6697d61e03f2b2556febe5308ab16842846f5b586d7f1f7adec92734"),
        (DATA_INTEGRITY_V2, "67f21e6e33a6c14e5ccfd2fc7865f7474fb71a04af7e94136cb399dfac8ae8f4"),
        # As 1EdTech's validator bundles it: the third body under this address.
        (OPEN_BADGES_3, "3d34f4d4ef1bce691106e63798beb5e7b862ba841423f5ee1e53ab7ddf3bca84"),
    ],
)
def test_normative_contexts_are_the_published_ones(url: str, sha256: str) -> None:
    assert STORE.get(url).sha256 == sha256
    assert hashlib.sha256(STORE.get(url).body).hexdigest() == sha256


def test_the_first_body_of_open_badges_is_an_alternative() -> None:
    (older,) = STORE.alternatives(OPEN_BADGES_3)
    assert older.sha256 == "ef2fa9c7846dce233cc166b43639027278be4ee44f00bb1d45c75de2dd0cd761"
    assert STORE.using(OPEN_BADGES_3, older.sha256).get(OPEN_BADGES_3) is older
    assert STORE.using(OPEN_BADGES_3, older.sha256) is STORE.using(OPEN_BADGES_3, older.sha256)
    assert [
        store.get(OPEN_BADGES_3).sha256 for store in STORE.candidates([CREDENTIALS_V2, OPEN_BADGES_3])
    ] == [
        STORE.get(OPEN_BADGES_3).sha256,
        older.sha256,
    ]


def test_an_unknown_context_is_unknown_and_not_wrong() -> None:
    with pytest.raises(UnknownContext) as unknown:
        STORE.get("https://example.org/context")
    assert not unknown.value.conclusive
    assert "https://example.org/context" not in STORE
    assert CREDENTIALS_V1 in STORE


def _directory(path: Path, body: bytes, **changes: Any) -> Path:
    (path / "mine.json").write_bytes(body)
    source = {
        "file": "mine.json",
        "urls": ["https://example.org/c"],
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    (path / "sources.json").write_text(json.dumps([{**source, **changes}]))
    return path


def test_an_operator_adds_a_context(tmp_path: Path) -> None:
    body = b'{"@context": {"a": "https://example.org/a"}}'
    store = STORE.with_extra(_directory(tmp_path, body))
    assert store.get("https://example.org/c").body == body
    assert "https://example.org/c" not in STORE


def test_an_operator_cannot_replace_a_context(tmp_path: Path) -> None:
    store = STORE.with_extra(_directory(tmp_path, b'{"@context": {}}', urls=[CREDENTIALS_V2]))
    assert store.get(CREDENTIALS_V2) is STORE.get(CREDENTIALS_V2)
    assert len(store.alternatives(CREDENTIALS_V2)) == 1


@pytest.mark.parametrize(
    ("body", "changes", "code"),
    [
        (b'{"@context": {}}', {"sha256": "0" * 64}, "wrong_digest"),
        (b"{}", {}, "not_a_context"),
        (b'{"@context": {}}', {"file": "absent.json"}, "missing_file"),
        (b'{"@context": {}}', {"file": "../mine.json"}, "malformed_sources"),
        (b'{"@context": {}}', {"urls": "https://example.org/c"}, "malformed_sources"),
        (b'{"@context": {}}', {"sha256": 5}, "malformed_sources"),
    ],
)
def test_files_that_are_not_what_is_noted_are_refused(
    tmp_path: Path, body: bytes, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ContextFilesRefused) as refused:
        STORE.with_extra(_directory(tmp_path, body, **changes))
    assert refused.value.code == code


def test_every_pinned_context_names_its_source_and_licence() -> None:
    from shared.vc import contexts

    sources = json.loads((Path(contexts.__file__).parent / "sources.json").read_text())
    assert all(source["source"] and source["licence"] and source["urls"] for source in sources)
    files = {path.name for path in (Path(contexts.__file__).parent / "data").iterdir()}
    assert files == {source["file"] for source in sources}
