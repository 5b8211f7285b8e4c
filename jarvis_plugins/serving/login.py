"""The page where owners sign in: plain HTML, no script."""

from __future__ import annotations

import html
from typing import Final

__all__ = ["login_page"]

_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign in · Jarvis</title>
<link rel="icon" href="/look/mark.svg">
<link rel="stylesheet" href="/look/page.css">
</head>
<body class="door">
<main>
<form method="post" action="/login">
<img src="/look/mark.svg" alt="" width="44" height="44">
<h1>Jarvis</h1>
<p>Your own pets, people and things, remembered on this machine.</p>
{complaint}
<label for="owner">Name</label>
<input id="owner" name="owner" value="{owner}" autocomplete="username" autocapitalize="none" required {first}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required {second}>
<button class="button strong" type="submit">Sign in</button>
</form>
</main>
</body>
</html>
"""


def login_page(complaint: str = "", owner: str = "") -> str:
    """The page as HTML.

    Args:
        complaint: what was wrong with the last attempt.
        owner: who tried.
    """
    said = f'<p class="complaint" role="alert">{html.escape(complaint)}</p>' if complaint else ""
    return _PAGE.format(
        complaint=said,
        owner=html.escape(owner, quote=True),
        first="" if owner else "autofocus",
        second="autofocus" if owner else "",
    )
