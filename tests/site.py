"""`make docs`: builds the docs as a site, and holds it against its rules: `python -m tests.site MKDOCS`.

1. Nothing is loaded from an outside address: the theme's own (a font, a diagram library, a shim) are cut out, and then
   none may be left in any page, style or script. Links that a person may follow are no loads.
2. No link within the site is dead, neither its page nor its anchor.
Prints what is wrong, and how long it took; exit 1 if anything is.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
SOURCE, SITE = ROOT / "build" / "docs-source", ROOT / "build" / "site"
TAKEN = ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE", "contracts/README.md", "docs")
_OUTSIDE = re.compile(r"""(?:https?:|(?<=["'`(]))//[\w.-]+\.[a-z]{2,}[^\s"'`)<>\\]*""")
"""An address with its scheme, or without one where a text begins; other double slashes are comments or code."""
_LOADS = {
    "link": "href",
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "object": "data",
    "use": "href",
}
_NAMES = ("http://www.w3.org/", "https://www.w3.org/")
"""Names of XML vocabularies: nobody fetches them."""


def lay_out() -> None:
    """The sources under build/, as they lie in the repository."""
    shutil.rmtree(SOURCE, ignore_errors=True)
    for name in TAKEN:
        target = SOURCE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target)
        else:
            shutil.copy(ROOT / name, target)


def cut_out(site: Path) -> None:
    """Scripts and styles without the outside addresses of the theme; what they led to isn't used here."""
    for path in _files(site, ".js", ".css"):
        text = path.read_text(encoding="utf-8")
        path.write_text(_OUTSIDE.sub(lambda found: _kept(found[0]), text), encoding="utf-8")
    for path in site.rglob("*.map"):
        path.unlink()


def _kept(address: str) -> str:
    return address if address.startswith(_NAMES) else ""


class _Page(HTMLParser):
    """What a page loads, where its links lead, the anchors that it has, and its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.code = ""
        self._in_code = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag in _LOADS and _LOADS[tag] in found and found.get("rel") != "canonical":
            self.loads.append(found[_LOADS[tag]])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        self._in_code = tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._in_code = False

    def handle_data(self, data: str) -> None:
        self.code += data if self._in_code else ""


def outside(site: Path) -> Iterator[str]:
    """Everything that a browser would load from elsewhere."""
    for path in _files(site, ".html"):
        page = _Page(path.read_text(encoding="utf-8"))
        loaded = [address for address in page.loads if urlsplit(address).netloc]
        for address in [*loaded, *_named(page.code)]:
            yield f"{path.relative_to(site)} loads {address}"
    for path in _files(site, ".js", ".css"):
        for address in _named(path.read_text(encoding="utf-8")):
            yield f"{path.relative_to(site)} names {address}"


def _named(code: str) -> list[str]:
    return [found for found in _OUTSIDE.findall(code) if _kept(found) == ""]


def dead(site: Path) -> Iterator[str]:
    """Links within the site that lead nowhere."""
    pages = {path.resolve(): _Page(path.read_text(encoding="utf-8")) for path in _files(site, ".html")}
    for path, page in pages.items():
        if path.name == "404.html":
            continue  # its links are made for the top of a server
        for link in [*page.links, *page.loads]:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{path.relative_to(site.resolve())}: {link}: no such page"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors | {""}:
                yield f"{path.relative_to(site.resolve())}: {link}: no such anchor"


def _files(site: Path, *suffixes: str) -> list[Path]:
    return sorted(path for path in site.rglob("*") if path.suffix in suffixes)


def main(argv: Sequence[str]) -> int:
    began = time.monotonic()
    lay_out()
    shutil.rmtree(SITE, ignore_errors=True)
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run([argv[0], "build", "-q"], cwd=ROOT, env=quiet, check=False, capture_output=True, text=True)
    print(built.stderr, end="")
    if built.returncode != 0:
        return 1
    cut_out(SITE)
    wrong = [*outside(SITE), *dead(SITE)]
    for line in wrong:
        print(line)
    pages = len(_files(SITE, ".html"))
    took = time.monotonic() - began
    print(f"{SITE.relative_to(ROOT)}: {pages} pages in {took:.1f} s, {len(wrong)} wrong")
    return 1 if wrong or pages == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
