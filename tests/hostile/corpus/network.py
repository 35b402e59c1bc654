"""Addresses and servers: private addresses, redirects to them, DNS that changes its mind, bodies without end."""

from urllib.parse import quote

from tests.hostile.corpus.attack import Given, Link, Stage, attack

UNREACHABLE = "format.unreachable"


def redirect(stage: Stage, to: str) -> Link:
    return Link(f"{stage.server}/redirect?to={quote(to, safe='')}")


@attack(UNREACHABLE, "not_public_address")
def private_address(stage: Stage) -> Given:
    """An address of a private network"""
    return Link("https://10.0.0.1/badge.json")


@attack(UNREACHABLE, "not_public_address")
def address_of_the_cloud(stage: Stage) -> Given:
    """The address where clouds keep their keys"""
    return Link("https://169.254.169.254/latest/meta-data/iam/")


@attack(UNREACHABLE, "not_public_address")
def loopback_in_ipv6(stage: Stage) -> Given:
    """Loopback as an IPv4 address mapped into IPv6"""
    return Link("https://[::ffff:127.0.0.1]/badge.json")


@attack(UNREACHABLE, "not_public_address")
def redirect_to_a_private_address(stage: Stage) -> Given:
    """A server that sends on to a private address"""
    return redirect(stage, "https://192.168.0.1/badge.json")


@attack(UNREACHABLE, "not_public_address")
def redirect_to_the_cloud(stage: Stage) -> Given:
    """A server that sends on to where clouds keep their keys"""
    return redirect(stage, "https://169.254.169.254/latest/meta-data")


@attack(UNREACHABLE, "not_https")
def redirect_to_http(stage: Stage) -> Given:
    """A server that sends on to an address without TLS"""
    return redirect(stage, "http://example.com/badge.json")


@attack(UNREACHABLE, "bad_url")
def redirect_to_a_file(stage: Stage) -> Given:
    """A server that sends on to a file"""
    return redirect(stage, "file:///etc/passwd")


@attack(UNREACHABLE, "too_many_redirects")
def redirects_without_end(stage: Stage) -> Given:
    """A server that sends on and on"""
    return Link(f"{stage.server}/hops/50")


@attack(UNREACHABLE, "bad_url")
def password_in_the_address(stage: Stage) -> Given:
    """An address whose host is not what it seems"""
    return Link("https://example.com@10.0.0.1/badge.json")


@attack(UNREACHABLE, "not_public_address", own_dns=True)
def name_that_leads_inside(stage: Stage) -> Given:
    """A public name whose DNS gives an address of a private network"""
    stage.dns["inside.example"] = ["10.0.0.1"]
    return Link("https://inside.example/badge.json")


@attack(UNREACHABLE, "not_public_address", own_dns=True)
def name_that_leads_to_loopback(stage: Stage) -> Given:
    """A public name whose DNS gives loopback, where loopback itself is allowed"""
    stage.dns["loopback.example"] = ["127.0.0.1"]
    return Link("https://loopback.example/badge.json")


@attack(UNREACHABLE, "not_public_address", own_dns=True)
def private_address_among_public_ones(stage: Stage) -> Given:
    """A name whose DNS gives a public address to the check and a private one to the connection"""
    stage.dns["mixed.example"] = ["93.184.216.34", "10.0.0.1"]
    return Link("https://mixed.example/badge.json")


@attack(UNREACHABLE, "not_public_address", own_dns=True)
def dns_that_changes_its_mind(stage: Stage) -> Given:
    """A redirect to a name whose DNS gives another, private address by the time it is used"""
    stage.dns["changing.example"] = ["192.168.0.1"]
    return redirect(stage, "https://changing.example/badge.json")


@attack(UNREACHABLE, "port_not_allowed")
def another_service_s_port(stage: Stage) -> Given:
    """The port of a mail server"""
    return Link("https://example.com:25/badge.json")


@attack(UNREACHABLE, "too_large")
def endless_body(stage: Stage) -> Given:
    """A body that never ends"""
    return Link(f"{stage.server}/endless-body")


@attack(UNREACHABLE, "too_large")
def gzip_over_http(stage: Stage) -> Given:
    """A body of 256 kB that unpacks to 256 MB"""
    return Link(f"{stage.server}/gzip/{256 * 1024 * 1024}")


@attack(UNREACHABLE, "too_large")
def endless_gzip(stage: Stage) -> Given:
    """A body that never ends unpacking"""
    return Link(f"{stage.server}/endless-gzip")


@attack(UNREACHABLE, "bad_encoding")
def broken_gzip(stage: Stage) -> Given:
    """A body that says it is gzip and is not"""
    return Link(f"{stage.server}/gzip-broken")


@attack(UNREACHABLE, "too_slow", slow=True)
def slow_body(stage: Stage) -> Given:
    """A body that comes byte by byte"""
    return Link(f"{stage.server}/slow-body")


@attack(UNREACHABLE, "too_slow", slow=True)
def slow_header(stage: Stage) -> Given:
    """A header that comes line by line"""
    return Link(f"{stage.server}/slow-head")


@attack(UNREACHABLE, "too_slow", slow=True)
def silence(stage: Stage) -> Given:
    """A server that takes the connection and says nothing"""
    return Link(f"{stage.server}/silence")


@attack(UNREACHABLE, "bad_response")
def endless_header(stage: Stage) -> Given:
    """A header that never ends"""
    return Link(f"{stage.server}/endless-head")


@attack(UNREACHABLE, "bad_response")
def length_that_lies(stage: Stage) -> Given:
    """A body shorter than its header says"""
    return Link(f"{stage.server}/lying-length")


@attack(UNREACHABLE, "bad_response")
def not_http(stage: Stage) -> Given:
    """Something that is not HTTP"""
    return Link(f"{stage.server}/garbage")


@attack(UNREACHABLE, "wrong_type")
def page_in_place_of_a_badge(stage: Stage) -> Given:
    """A page of HTML"""
    return Link(f"{stage.server}/type/text%2Fhtml")
