"""The landing pages in a browser, on a phone and on a desk: nothing runs out of the picture, everything can be read."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page
from signposting import find_signposting_html, find_signposting_http, find_signposting_linkset
from tests.browser.conftest import Site

PAGES = ("fixture", "asset", "beamline", "long", "test", "tombstone", "missing")
WIDTHS = {"phone": (390, 844), "desk": (1280, 900)}
LEAST_CONTRAST = 4.5
"""For text of any size (WCAG 2.2, 1.4.3)."""

# The ratio of the luminances of each text and its ground, as WCAG 2.2 defines them; the least is told.
_CONTRAST = """() => {
  const parse = c => (c.match(/[0-9.]+/g) || []).map(Number);
  const channel = v => { v /= 255; return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4 };
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const c = parse(getComputedStyle(at).backgroundColor);
      if (c.length === 3 || c[3] > 0) return c;
    }
    return [255, 255, 255];
  };
  let least = [99, ""];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || element.value;
    if (!own || element.tagName === "SCRIPT") continue;
    const [a, b] = [luminance(parse(getComputedStyle(element).color)), luminance(ground(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < least[0]) least = [ratio, element.tagName + ": " + element.textContent.slice(0, 60)];
  }
  return least;
}"""


async def _open(browser: Browser, url: str, width: str, **options: Any) -> Page:
    wide, high = WIDTHS[width]
    context = await browser.new_context(viewport={"width": wide, "height": high}, **options)
    page = await context.new_page()
    page.wrong = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.wrong.append(str(error)))  # type: ignore[attr-defined]
    page.on("console", lambda said: page.wrong.append(said.text) if "Content Security" in said.text else None)  # type: ignore[attr-defined]
    await page.goto(url)
    return page


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
async def test_it_fits_and_can_be_read(
    browser: Browser, site: Site, name: str, width: str, pictures: Path | None
) -> None:
    page = await _open(browser, site.page(name), width)
    try:
        assert await page.locator("h1").count() == 1
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= WIDTHS[width][0], await page.evaluate(
            "[...document.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)"
            ".map(e => e.outerHTML.slice(0, 100))"
        )
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)  # pyright: ignore[reportArgumentType]
            ratio, where = await page.evaluate(_CONTRAST)
            assert ratio >= LEAST_CONTRAST, (scheme, where)
            if pictures is not None:
                await page.screenshot(path=pictures / f"{name}-{width}-{scheme}.png", full_page=True)
        assert page.wrong == []  # type: ignore[attr-defined]
    finally:
        await page.context.close()


async def test_without_javascript_all_is_there_but_the_button(browser: Browser, site: Site) -> None:
    told: list[str] = []
    for runs in (True, False):
        page = await _open(browser, site.page("fixture"), "phone", java_script_enabled=runs)
        told.append(await page.locator("body").inner_text())
        assert await page.get_by_role("button", name="Copy").count() == int(runs)
        await page.context.close()
    with_button, without = (" ".join(each.split()) for each in told)
    assert with_button.replace(" Copy ", " ") == without


@pytest.mark.parametrize("is_secure", [True, False])
async def test_the_button_copies_the_identifier(browser: Browser, site: Site, is_secure: bool) -> None:
    page = await _open(browser, site.page("fixture"), "phone", permissions=["clipboard-read", "clipboard-write"])
    if not is_secure:
        # As over plain HTTP, where browsers have none.
        await page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined, writable: true})")
    await page.get_by_role("button", name="Copy").click()
    await page.get_by_role("status").get_by_text("Copied").wait_for()
    await page.evaluate("document.body.insertAdjacentHTML('beforeend', '<textarea></textarea>')")
    await page.locator("textarea").focus()
    await page.keyboard.press("Control+V")
    assert await page.locator("textarea").input_value() == "https://doi.org/10.82433/08qf-ee96"
    assert page.wrong == []  # type: ignore[attr-defined]
    await page.context.close()


async def test_the_identifier_is_copied_by_the_keyboard_alone(browser: Browser, site: Site) -> None:
    page = await _open(browser, site.page("fixture"), "desk")
    field = page.get_by_label("To copy")
    assert await field.input_value() == "https://doi.org/10.82433/08qf-ee96"
    await field.focus()
    await page.keyboard.press("Control+A")
    chosen = await field.evaluate("each => each.value.slice(each.selectionStart, each.selectionEnd)")
    assert chosen == "https://doi.org/10.82433/08qf-ee96"
    await page.context.close()


async def test_parts_and_headings_are_told_to_screen_readers(browser: Browser, site: Site) -> None:
    page = await _open(browser, site.page("asset"), "phone")
    assert await page.get_by_role("main").count() == 1
    assert await page.get_by_role("heading", level=1).count() == 1
    assert await page.get_by_role("region", name="How to cite").count() == 1
    assert await page.get_by_role("contentinfo").count() == 1
    await page.context.close()


async def test_whoever_follows_the_signposts_finds_the_same_everywhere(site: Site) -> None:
    url = site.page("fixture")
    by_header, by_page, by_set = [
        {(str(each.rel), str(each.target)) for each in found.signposts}
        for found in (
            await asyncio.to_thread(find_signposting_http, url),
            await asyncio.to_thread(find_signposting_html, url),
            (await asyncio.to_thread(find_signposting_linkset, f"{url}/linkset.json")).for_context(url),
        )
    ]
    assert ("cite-as", "https://doi.org/10.82433/08qf-ee96") in by_header
    assert by_header == by_page
    # The link set is none of its own links, and tells of the forms too.
    assert {each for each in by_set if each[0] != "describes"} == {each for each in by_header if each[0] != "linkset"}
