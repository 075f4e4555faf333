"""The pages for people: their links lead somewhere, and the README is short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted(
    [
        *ROOT.glob("docs/*.md"),
        *(ROOT / name for name in ("README.md", "AGENTS.md", "CONTRIBUTING.md", "SECURITY.md", "docker/README.md")),
    ]
)
MOST_LINES = 150
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
ELSEWHERE = ("https://", "http://", "mailto:")


def anchors(page: Path) -> set[str]:
    """The fragments that a link into a page may have, made of its headings as on GitHub."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not link.startswith(ELSEWHERE)]
    for link in links:
        path, _, fragment = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not fragment or fragment in anchors(target), link


def test_every_page_of_the_docs_is_linked_from_the_readme_or_contributing() -> None:
    linked = {
        (ROOT / link.partition("#")[0]).resolve()
        for name in ("README.md", "CONTRIBUTING.md")
        for link in LINK.findall((ROOT / name).read_text(encoding="utf-8"))
    }
    assert [page for page in PAGES if page.parent == ROOT / "docs" and page not in linked] == []


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= MOST_LINES
