"""How pages are made: escaped text, times that people read, and one document around all of it.

The pages work wherever text does: no image, and one short script whose only deed
is a button that copies, which is not there without it. Links and text keep a
contrast of at least 4.5 to 1 on their ground (WCAG 2.2, 1.4.3), in both colour schemes.
"""

from base64 import b64encode
from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import sha256
from html import escape
from urllib.parse import quote

from cora.equipment.pidinst.forms.writing import as_url, fit

HTML = b"text/html; charset=utf-8"
_COPY = """
const button=document.getElementById("copy-button"),field=document.getElementById("copy"),
said=document.getElementById("copied");
button.hidden=false;
button.addEventListener("click",async()=>{field.focus();field.select();let done=true;
try{await navigator.clipboard.writeText(field.value)}catch{done=document.execCommand("copy")}
said.textContent=done?"Copied":"Selected: press Ctrl+C or \u2318C"});
"""
"""Without a secure connection a browser has no `navigator.clipboard`; what is selected can be copied there too."""
_COPY_HASH = b64encode(sha256(_COPY.encode()).digest())


def _security(script: bytes) -> list[tuple[bytes, bytes]]:
    policy = b"default-src 'none'; style-src 'unsafe-inline'; script-src %s; frame-ancestors 'none'" % script
    return [(b"content-security-policy", policy), (b"referrer-policy", b"no-referrer")]


SECURITY = _security(b"'none'")
SECURITY_WITH_COPY = _security(b"'sha256-%s'" % _COPY_HASH)
"""For a page with what `to_copy` makes: that very script runs, and no other."""

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_STYLE = """
:root{color-scheme:light dark;--ink:#1a1a1a;--soft:#525252;--ground:#fff;--line:#c8c8c8;--link:#0a4f96;--warn:#8a4300}
@media(prefers-color-scheme:dark){:root{--ink:#ececec;--soft:#b4b4b4;--ground:#16181b;--line:#4a4f55;--link:#8fc1ff;
--warn:#ffb566}}
*{box-sizing:border-box}
body{font:1rem/1.55 system-ui,sans-serif;max-width:46rem;margin:0 auto;padding:1.2rem 1rem 3rem;color:var(--ink);
background:var(--ground);overflow-wrap:anywhere}
a{color:var(--link);text-underline-offset:.15em}a:focus-visible,input:focus-visible,button:focus-visible{
outline:3px solid var(--link);outline-offset:2px}
h1{font-size:1.7rem;line-height:1.25;margin:.3rem 0}h2{font-size:1.15rem;margin:2rem 0 .5rem}
header p,footer,.soft{color:var(--soft)}header p{margin:0}.lead{font-size:1.1rem;margin:.2rem 0 1rem}
dl{display:grid;grid-template-columns:11rem 1fr;gap:.35rem 1rem;margin:0}dt{font-weight:600}dd{margin:0;
white-space:pre-line}
ul,ol{padding-left:1.2rem;margin:.3rem 0}li{margin:.2rem 0}.life{list-style:none;padding:0}
.life li{display:grid;grid-template-columns:17rem 1fr;gap:0 1rem}
.notice{border:2px solid var(--warn);padding:.6rem .9rem;margin:1.2rem 0}.notice p{margin:.3rem 0}
.copy{width:100%;font:.95rem ui-monospace,monospace;padding:.5rem;border:1px solid var(--line);border-radius:.3rem;
color:inherit;background:transparent;user-select:all}
label{display:block;color:var(--soft);margin-top:.6rem}button{font:inherit;color:var(--link);background:transparent;
border:1px solid currentColor;border-radius:.3rem;padding:.45rem .9rem;margin:.5rem .6rem 0 0;cursor:pointer}
button[hidden]{display:none}blockquote{margin:.4rem 0;padding:.5rem .9rem;
border-left:3px solid var(--line);user-select:all}
footer{margin-top:2.5rem;border-top:1px solid var(--line);padding-top:.8rem;font-size:.95rem}code{font-size:.95em}
@media(max-width:34rem){dl,.life li{grid-template-columns:1fr;gap:0}dd{margin-bottom:.5rem}}
@media print{body{max-width:none;padding:0}.copy,label,button,#copied{display:none}a{color:inherit}}
""".replace("\n", "")


def document(title: str, body: str, head: str = "") -> bytes:
    """A whole page."""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{text(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"{head}<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    ).encode()


def text(value: str) -> str:
    """Text, as it may stand in an element and in an attribute."""
    return escape(fit(value))


def link(url: str | None, words: str) -> str:
    """A link; the words alone where there is no URL, or one that leads outside of the web."""
    return f'<a href="{text(url)}">{text(words)}</a>' if url is not None and as_url(url) else text(words)


def mail(address: str) -> str:
    """A link by which to write to an e-mail address."""
    return f'<a href="mailto:{quote(address, safe="@")}">{text(address)}</a>'


def day(moment: datetime) -> str:
    """A day as people read it: 3 May 2026. A time without a zone is in UTC."""
    at = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _time(at, f"{at.day} {_MONTHS[at.month - 1]} {at.year}")


def minute(moment: datetime) -> str:
    """The same with the time of day: 3 May 2026, 14:05 UTC."""
    at = moment.astimezone(UTC)
    return _time(at, f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC")


def to_copy(value: str) -> str:
    """A value that can be selected and, where scripts run, copied by a button. Once on a page."""
    return (
        '<label for="copy">To copy: select the line below</label>\n'
        f'<input class="copy" id="copy" type="text" readonly value="{text(value)}">\n'
        '<button id="copy-button" type="button" hidden>Copy</button>'
        '<span id="copied" class="soft" role="status"></span>\n'
        f"<script>{_COPY}</script>"
    )


def section(heading: str, *parts: str) -> str:
    """A part of the page under its heading; nothing where there is nothing in it."""
    content = "\n".join(filter(None, parts))
    if not content:
        return ""
    name = heading.lower().replace(" ", "-")
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{text(heading)}</h2>\n{content}\n</section>'


def facts(told: Iterable[tuple[str, str]]) -> str:
    """Names with what is to be said of each, which is markup; those with nothing are left out."""
    rows = "\n".join(f"<dt>{text(name)}</dt>\n<dd>{said}</dd>" for name, said in told if said)
    return f"<dl>\n{rows}\n</dl>" if rows else ""


def listed(items: Iterable[str], kind: str = "ul", css: str = "") -> str:
    """A list of markup; nothing where it is empty."""
    rows = "\n".join(f"<li>{item}</li>" for item in items)
    return f"<{kind}{css and f' class={css}'}>\n{rows}\n</{kind}>" if rows else ""


def _time(at: datetime, words: str) -> str:
    return f'<time datetime="{at:%Y-%m-%dT%H:%M:%SZ}">{words}</time>'
