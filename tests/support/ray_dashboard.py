"""Ray's dashboard in a browser."""

from __future__ import annotations

from support.browser import Browser

_FIELD = "input[placeholder='Enter your authentication token']"


def open_ray_dashboard(page: Browser, address: str, token: str) -> None:
    """Follows a link to it, and gives it the token that it asks for."""
    page.send("Page.navigate", url=address)
    page.wait(f'!!document.querySelector("{_FIELD}")')
    page.type(_FIELD, token)
    page.press("Enter")
    page.wait(f'!document.querySelector("{_FIELD}") && document.body?.innerText.includes("Overview")')
