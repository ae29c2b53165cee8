"""A page is made again only where it tells something else; search engines are told of nothing but pages."""

from dataclasses import replace

from tests.unit.surfaces.http.landing.pages import AT, page

from cora.equipment.landing.page import Standing
from cora.kernel.when import NOW, When
from cora.surfaces.http.landing.crawlers import robots
from cora.surfaces.http.landing.endpoints import ShownPages


def test_equal_pages_are_made_once_and_others_anew() -> None:
    pages = ShownPages(most=1)
    first = pages.shown(page(), NOW)
    assert pages.shown(page(), NOW) is first
    changed = pages.shown(page(condition=Standing("Degraded", AT)), NOW)
    assert changed.tag != first.tag
    assert b"Degraded" in changed.body
    again = pages.shown(page(), NOW)
    assert again == first
    assert again is not first


def test_a_page_of_the_past_is_never_taken_for_that_of_today() -> None:
    pages = ShownPages(most=1)
    past = pages.shown(page(), When(as_of=7))
    now = pages.shown(page(), NOW)
    assert past.body != now.body
    assert past.link != now.link
    other = replace(page(), life=page().life)
    assert pages.shown(other, NOW) is now


def test_robots_know_where_cora_lies_below_a_path() -> None:
    told = robots("https://lab.example/cora").decode().splitlines()
    assert "Allow: /cora/id/" in told
    assert "Disallow: /cora/" in told
    assert told[-1] == "Sitemap: https://lab.example/cora/sitemap.xml"
