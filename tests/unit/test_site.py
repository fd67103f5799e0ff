"""The checks of `make docs` see what they are there to see."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import site


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("a.html", '<script src="https://cdn.example.org/x.js"></script>', 1),
        ("a.html", '<link rel="stylesheet" href="//fonts.example.org/css">', 1),
        ("a.html", '<img src="http://example.org/pixel.gif">', 1),
        ("a.html", '<script>fetch("https://example.org/t")</script>', 1),
        ("a.html", '<a href="https://example.org">may be followed</a><code>https://example.org</code>', 0),
        ("a.html", '<script src="x.js"></script><img src="x.svg">', 0),
        ("a.js", 'load("https://unpkg.com/mermaid@11/dist/mermaid.min.js")', 1),
        ("a.js", 'node("http://www.w3.org/2000/svg")', 0),
        ("a.js", 'load("//cdn.example.org/x.js")', 1),
        ("a.js", "if (!/^(?:[a-z]+:)?\\/\\//i.test(n)) {} //console.error(", 0),
        ("a.css", "@import url(https://fonts.example.org/css);", 1),
    ],
)
def test_outside__address_that_is_loaded__is_found(tmp_path: Path, name: str, content: str, found: int) -> None:
    (tmp_path / name).write_text(content)
    assert len(list(site.outside(tmp_path))) == found


def test_cut_out__script_and_style__name_nothing_outside(tmp_path: Path) -> None:
    (tmp_path / "a.js").write_text('load("https://unpkg.com/x"); make("http://www.w3.org/2000/svg")')
    site.cut_out(tmp_path)
    assert (tmp_path / "a.js").read_text() == 'load(""); make("http://www.w3.org/2000/svg")'


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("b.html", 0),
        ("b.html#there", 0),
        ("#here", 0),
        ("https://example.org/none", 0),
        ("b.html#gone", 1),
        ("#gone", 1),
        ("c.html", 1),
        ("b", 1),
    ],
)
def test_dead__link_within_the_site__is_found(tmp_path: Path, link: str, found: int) -> None:
    (tmp_path / "a.html").write_text(f'<h1 id="here">a</h1><a href="{link}">b</a>')
    (tmp_path / "b.html").write_text('<h1 id="there">b</h1>')
    assert len(list(site.dead(tmp_path))) == found
