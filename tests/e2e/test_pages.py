"""Every page that ships, in Chromium: without JavaScript, by keyboard, judged by axe-core, on a phone, within its weight."""

import re
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.e2e.pages_world import World, altered, badge_from_elsewhere, badge_out_of_reach
from tests.harness.browser import Inspector, Seen, Walker, chromium
from tests.harness.needs import without
from tests.harness.platform import platform
from tests.harness.processes import Missing

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    opening = chromium()
    try:
        opened = opening.__enter__()
    except Missing as missing:
        without("browser", str(missing))
        return
    try:
        yield opened
    finally:
        opening.__exit__(None, None, None)


@pytest.fixture(scope="module")
def world(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with platform(tmp_path_factory.mktemp("pages")) as running:
        yield World(running)


@pytest.fixture
def walker(browser: Browser) -> Iterator[Walker]:
    person = Walker(browser)
    yield person
    person.close()


@pytest.fixture(scope="module")
def inspector(browser: Browser) -> Inspector:
    return Inspector(browser)


def _good(inspector: Inspector, walker: Walker, pages: list[Seen]) -> None:
    """Nothing is wrong with these pages, and nothing went wrong on the way to them."""
    faults = walker.faults + inspector.faults(pages)
    assert not faults, "\n".join(faults)


def _says(seen: Seen, *words: str, status: int = 200) -> Seen:
    assert seen.status == status, f"{seen.url} answered {seen.status}: {seen.text[:2000]}"
    for word in words:
        assert word in seen.text, f"{seen.url} does not say {word!r}: {seen.text}"
    return seen


_BAD_PAGE = b"""<!doctype html><html><head><title>Bad</title></head><body>
<a href="/">Home</a><main><h1>One</h1><h1>Two</h1><h4></h4><p style="color: #ccc; background: #fff">Pale</p>
<p class="mark">\xe2\x9c\x93</p><img src="/static/none.png"><button tabindex="5" onclick="x()">Go</button>
<div>wwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww</div>
<script>window.x = 1</script><img alt="" src="https://elsewhere.invalid/pixel.png"></main><!-- %s --></body></html>"""


def test_bad_page_is_seen(world: World, inspector: Inspector) -> None:
    """What the inspector would miss, the other tests would not prove."""
    html = _BAD_PAGE % (b"x" * 100_000)
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": "img-src *; style-src 'unsafe-inline'",
    }
    bad = Seen(f"{world.running.verifier}/bad", 200, headers, html, {"cookies": [], "origins": []})
    found = "\n".join(inspector.faults([bad]))
    for fault in (
        "does not forbid scripts", "leaves forms or frames open", "its headings are", "skips a level", "says nothing",
        "its language is ''", "its title is 'Bad'", "header, main, footer: [0, 1, 0]", "skip to the content", "scripts: <script",
        "handlers: <button", "wordless: <p", "reordered: <button", "axe: color-contrast", "axe: image-alt", "axe: html-has-lang",
        "scrolls sideways at 320 px", "weighs 100", "asked https://elsewhere.invalid/pixel.png", "/static/none.png answered 404",
    ):  # fmt: skip
        assert fault in found, f"not seen: {fault}\n{found}"


def test_issuer(world: World, walker: Walker, inspector: Inspector) -> None:
    issuer = world.running.issuer
    badge = world.award_rich(world.address("ada"), public=True, valid_until="2096-01-01T00:00:00Z")
    gone = world.award_rich(world.address("bo"), public=True, proof_format="ecdsa-sd-2023")
    world.revoke(gone)
    pages = [
        _says(walker.go(f"{issuer}/"), "An issuer of open badges"),
        _says(walker.go(f"{issuer}/issuers/{world.profile['id']}"), "Riverside College", "Data Analysis I"),
        _says(walker.follow("Data Analysis I"), "<strong>data set</strong>", "Exceeds", "Data literacy"),
        _says(
            walker.go(badge["credential"]),
            "Awarded by",
            "Riverside College",
            "The report",
            "signed credential",
        ),
        _says(walker.go(gone["credential"]), "Revoked (issued in error)", "its holder chooses whom to show"),
        _says(walker.go(f"{issuer}/issuers/{secrets.token_hex(16)}"), "To the start page", status=404),
        _says(walker.go(f"{issuer}/problems/not-found"), "not-found"),
    ]
    _good(inspector, walker, pages)


def test_a_learner_with_a_keyboard(world: World, walker: Walker, inspector: Inspector) -> None:
    """She signs up, confirms her address, accepts her badge, shares it, and has it checked, with Tab and Enter alone."""
    backpack = world.running.backpack
    address, password = world.address("ada"), secrets.token_urlsafe(16)
    world.award_rich(address)
    pages = [walker.go(f"{backpack}/")]
    walker.skip_to_content()
    pages.append(walker.enter("Sign up"))
    walker.type_into("Login", f"ada-{secrets.token_hex(4)}")
    walker.type_into("Password", "short")
    walker.type_into("Name (optional)", "Ada Learner")
    walker.type_into("E-mail address (optional)", address)
    walker.tab_to("Sign up")  # the browser refuses a password that is too short, and leads back to it
    walker.page.keyboard.press("Enter")
    walker.page.keyboard.insert_text(password)
    pages.append(_says(walker.enter("Sign up"), "There is nothing here"))
    link = world.mailed(address, r"(http\S+confirm\?token=[\w-]+)")
    pages.append(_says(walker.go(link), "Confirm your e-mail address"))
    pages.append(_says(walker.enter("Confirm the address"), "One badge was waiting", address))
    pages.append(_says(walker.enter("To my badges"), "Data Analysis I", "Offered"))
    pages.append(_says(walker.enter("Accept: Data Analysis I"), "Data Analysis I", "Share"))
    pages.append(_says(walker.enter("Share"), "Share badges"))
    walker.type_into("Title (optional)", "For my application")
    pages.append(_says(walker.enter("Agree and open the link"), "For my application", "Open"))
    shared = walker.page.locator("dd a[href*='/shares/']").inner_text()
    pages.append(_says(walker.enter(shared), "Is it genuine?", "Exceeds", "For my application"))
    walker.go(f"{world.running.verifier}/")  # her employer, with the link that she sent
    walker.type_into("Link", shared)
    walker.type_into("E-mail address of the applicant", address)
    pages.append(_says(walker.enter("Check the badge"), "The badge is accepted", "Matches", "Exceeds"))
    _good(inspector, walker, pages)


def test_a_learner_manages_her_badges(
    world: World, walker: Walker, inspector: Inspector, tmp_path: Path
) -> None:
    backpack, address = world.running.backpack, world.address("cleo")
    learner = world.learner(address)
    awards = [world.award(achievement, address) for achievement in (world.plain, world.plain, world.rich)]
    held = world.held(learner, 3)
    pages = _signs_in(world, walker, learner)
    pages.append(_says(walker.go(f"{backpack}/badges"), "Grundlagen", "Decline"))
    plain = [each["id"] for each in held if each["name"].startswith("Grundlagen")]
    walker.go(f"{backpack}/badges/{plain[0]}")
    pages.append(_says(walker.press("Decline"), "Declined"))
    pages.append(_says(walker.go(f"{backpack}/badges?which=declined"), "Declined", "Grundlagen"))
    walker.go(f"{backpack}/badges/{plain[1]}")
    walker.press("Accept")
    pages.append(_says(walker.press("Hide from my list"), "Show in my list"))
    pages.append(_says(walker.go(f"{backpack}/badges?which=hidden"), "Grundlagen"))
    rich = next(each["id"] for each in held if each["name"] == "Data Analysis I")
    walker.go(f"{backpack}/badges/{rich}")
    walker.press("Accept")
    world.revoke(next(each for each in awards if each["achievement"] == world.rich))
    world.until(lambda: "Revoked" in walker.go(f"{backpack}/badges/{rich}").text)
    pages.append(
        _says(walker.go(f"{backpack}/badges/{rich}"), "Revoked", "Wrong course.", "before it was revoked")
    )
    pages.append(_says(walker.go(f"{backpack}/badges"), "Revoked"))

    badge = badge_from_elsewhere(tmp_path, address)
    pages.append(_says(walker.go(f"{backpack}/import"), "Import a badge"))
    walker.page.get_by_label("A file").set_input_files(altered(badge))
    pages.append(_says(walker.press("Verify and import"), "did not verify", "Failed", status=422))
    walker.page.get_by_label("A file").set_input_files(badge)
    pages.append(_says(walker.press("Verify and import"), "First aid", "The rowing club next door"))
    _good(inspector, walker, pages)


def _signs_in(world: World, walker: Walker, learner: dict[str, str]) -> list[Seen]:
    pages = [walker.go(f"{world.running.backpack}/sign-in")]
    walker.fill(login=learner["login"], password="not her password")
    pages.append(_says(walker.press("Sign in"), "wrong", status=401))
    walker.fill(login=learner["login"], password=learner["password"])
    pages.append(_says(walker.press("Sign in"), "My badges"))
    return pages


def test_a_learner_and_her_links(world: World, walker: Walker, inspector: Inspector) -> None:
    """Shares of one badge and of two, of one of them a part; closed; what a stranger sees then."""
    backpack, address = world.running.backpack, world.address("dora")
    learner = world.learner(address)
    world.award(world.plain, address, proof_format="jwt-es256")
    world.award_rich(address, proof_format="ecdsa-sd-2023")
    held = {badge["selective"]: badge["id"] for badge in world.held(learner, 2)}
    _signs_in(world, walker, learner)
    pages = [_says(walker.go(f"{backpack}/my-shares"), "You have not shared anything yet")]
    pages.append(_says(walker.go(f"{backpack}/my-shares/new"), "that you have accepted"))
    for _ in range(2):
        walker.go(f"{backpack}/badges?which=offered")
        walker.press(re.compile("^Accept"))
    pages.append(_says(walker.go(f"{backpack}/badges/{held[True]}"), "What you can keep back", "Result 1"))
    pages.append(_says(walker.go(f"{backpack}/my-shares/new"), "Last day"))
    pages.append(_says(walker.press("Agree and open the link"), "Badges", status=422))
    pages.append(_says(walker.go(f"{backpack}/my-shares/new?credential={held[True]}"), "Evidence 1"))
    for choice in walker.page.locator("[name=credential], [name=reveal][value$='/result/0']").all():
        choice.check()
    walker.fill(title="For everybody", until="2096-01-01")
    mine = _says(walker.press("Agree and open the link"), "(in part, with: Result 1)", "Looked at 0 times")
    pages.append(mine)
    shared = walker.page.locator("dd a[href*='/shares/']").inner_text()
    pages.append(_says(walker.go(shared), "Data Analysis I", "Grundlagen", "Valid"))
    part = _says(walker.follow("Data Analysis I"), "Is it genuine?", "Exceeds", "chose what of it is shown")
    assert "The final report." not in part.text
    pages.append(part)
    pages.append(_says(walker.go(mine.url), "Looked at 2 times"))
    pages.append(_says(walker.go(f"{backpack}/my-shares"), "For everybody", "Open"))
    _good(inspector, walker, pages)  # while their pictures can still be looked at
    walker.go(mine.url)
    pages = [_says(walker.press("Close the link for good"), "Closed")]
    pages.append(_says(walker.go(shared), "The link was closed", status=410))
    pages.append(_says(walker.go(f"{backpack}/shares/{secrets.token_urlsafe(16)}"), status=404))
    _good(inspector, walker, pages)


def test_a_learner_and_her_account(world: World, walker: Walker, inspector: Inspector) -> None:
    backpack, address = world.running.backpack, world.address("emil")
    learner = world.learner(address)
    pages = [
        _says(walker.go(f"{backpack}/confirm?token={secrets.token_urlsafe(32)}"), "does not work any more")
    ]
    pages.append(_says(walker.go(f"{backpack}/sign-up"), "Sign up"))
    walker.fill(login=learner["login"], password="a password that is fine", email="other@learner.example")
    pages.append(_says(walker.press("Sign up"), "The login is taken", status=409))
    pages.append(_says(walker.go(f"{backpack}/forgotten"), "Password forgotten"))
    walker.fill(email=address)
    pages.append(_says(walker.press("Send me a link"), "on its way"))
    pages.append(_says(walker.go(world.mailed(address, r"(http\S+reset\?token=[\w-]+)")), "New password"))
    learner["password"] = secrets.token_urlsafe(16)
    walker.fill(password=learner["password"])
    pages.append(_says(walker.press("Set the password"), "The new password is set"))
    _signs_in(world, walker, learner)
    walker.go(f"{backpack}/account")
    walker.fill(value="not an address")
    pages.append(_says(walker.press("Add"), 'role="alert"', status=422))
    walker.fill(value=world.address("emil"))
    pages.append(_says(walker.press("Add"), "not verified", "this one"))
    pages.append(_says(walker.go(f"{backpack}/badges/{secrets.token_hex(16)}"), status=404))
    pages.append(_says(walker.go(f"{backpack}/account/erase"), "for good"))
    walker.fill(password="not his password")
    pages.append(_says(walker.press("Erase everything"), "wrong", status=401))
    walker.fill(password=learner["password"])
    pages.append(_says(walker.press("Erase everything"), "Erased", "receipt"))
    pages.append(_says(walker.go(f"{backpack}/nowhere"), status=404))
    _good(inspector, walker, pages)


def test_verifier(world: World, walker: Walker, inspector: Inspector, tmp_path: Path) -> None:
    verifier = world.running.verifier
    address = world.address("ada")
    public = world.award_rich(address, public=True)
    elsewhere = badge_from_elsewhere(tmp_path, address)
    pages = [walker.go(f"{verifier}/")]
    walker.skip_to_content()
    walker.type_into("Text", elsewhere.read_text())
    walker.type_into("E-mail address of the applicant", address)
    pages.append(
        _says(walker.enter("Check the badge"), "The badge is accepted", "Matches", "First aid", "Nobody")
    )
    walker.go(f"{verifier}/")
    walker.page.get_by_label("File").set_input_files(altered(elsewhere))
    pages.append(_says(walker.press("Check the badge"), "The badge is rejected", "Failed", "not confirmed"))
    walker.go(f"{verifier}/")
    walker.page.get_by_label("File").set_input_files(badge_out_of_reach(tmp_path))
    pages.append(_says(walker.press("Check the badge"), "It cannot be decided", "Open"))
    walker.go(f"{verifier}/")
    walker.fill(url=public["credential"], applicant_email="someone.else@learner.example")
    pages.append(
        _says(
            walker.press("Check the badge"), "not this applicant", "Does not match", "Exceeds", "We visited"
        )
    )
    walker.follow("Check another badge")
    pages.append(_says(walker.press("Check the badge"), "That did not work", status=422))
    pages.append(_says(walker.go(f"{verifier}/nowhere"), status=404))
    _good(inspector, walker, pages)


def test_catalogue(world: World, walker: Walker, inspector: Inspector) -> None:
    directory = world.running.directory
    _ = world.profile, world.rich, world.plain
    pages = [_says(walker.go(f"{directory}/"), "Who stands behind a badge?")]
    walker.fill(q="Riverside")
    pages.append(_says(walker.press("Search"), "Riverside College", "One other organisation vouches"))
    pages.append(_says(walker.follow("Riverside College"), "We visited and watched", "Ed25519"))
    world.until(lambda: "Grundlagen" in walker.go(f"{directory}/v1/achievements").text)
    pages.append(_says(walker.go(f"{directory}/v1/achievements"), "Data Analysis I", "Grundlagen"))
    walker.fill(q="no such words")
    pages.append(_says(walker.press("Search"), "No achievement fits"))
    pages.append(_says(walker.go(f"{directory}/v1/issuers?q=nosuchwords"), "No issuer fits"))
    pages.append(_says(walker.go(f"{directory}/nowhere"), status=404))
    _good(inspector, walker, pages)


def test_members_of_organisations(world: World, walker: Walker, inspector: Inspector) -> None:
    """Two invitations accepted; then a program asks to act for the new member."""
    login, password = f"ruth-{secrets.token_hex(4)}", secrets.token_urlsafe(16)
    link = world.invitation("a")
    pages = [_says(walker.go(link), "Invitation to")]
    walker.fill(login="ruth the reviewer", password=password)
    pages.append(_says(walker.press("Accept the invitation"), "alert", status=422))
    walker.fill(login=login, password=password)
    pages.append(_says(walker.press("Accept the invitation"), "You are a member now", status=201))
    pages.append(_says(walker.go(link), status=410))
    walker.go(world.invitation("b"))
    walker.fill(login=login, password=password)
    walker.press("Accept the invitation")
    asked, back = world.authorization()
    pages.append(_says(walker.go(asked), "A program asks to act for you"))
    walker.type_into("Login", login)
    walker.type_into("Password", "not her password")
    pages.append(_says(walker.enter("Sign in"), "do not belong together", status=401))
    walker.type_into("Password", password)
    pages.append(_says(walker.enter("Sign in"), "several organisations: choose one", status=409))
    walker.page.get_by_label("Organisation").select_option("Organisation a")
    walker.type_into("Password", password)
    pages.append(_says(walker.enter("Sign in"), "Course platform", "See who was awarded which badge"))
    allowed = walker.enter("Allow")
    assert allowed.url.startswith(f"{back}?")
    assert "code=" in allowed.url
    _good(inspector, walker, pages)
