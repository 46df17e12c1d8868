"""Every page, in both languages: complete, in the house's form, and never kept by a cache."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.test import Client
from django.utils import translation
from django.utils.translation import gettext

from members import locks, profile
from members.models import Member, Message
from tests.portal import data

ROOT = Path(__file__).resolve().parents[2]
OWN = [
    "/", "/activity/", "/activity/?show=earned", "/activity/?show=spent", "/activity/?show=expired",
    "/activity/?show=other", "/activity/?before=3", "/card/", "/rewards/", "/events/", "/inbox/", "/tiers/",
    "/profile/", "/profile/edit/", "/profile/choices/", "/nothing-here/",
]  # fmt: skip
OPEN = ["/", "/sign-in/", "/join/", "/nothing-here/"]
# Names of people and goods stay as they are in every language; messages keep the language they were written in.
OF_THE_SHOP = (
    "佐藤", "深煎り", "ペーパー", "ギフト", "キャンディ", "ドリップ", "器市", "定期便", "エスプレッソ",
    "手挽き", "ドリッパー", "マグ",
)  # fmt: skip
VOID = {"meta", "link", "input", "br", "use", "path", "rect", "img"}


class Reading(HTMLParser):
    """What a page says, and how it is built."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.open: list[str] = []
        self.languages: list[str] = []  # of the open tags; what is marked as another language is not ours to read
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep it; its labels are texts too."""
        self.tags.append((tag, dict(attrs)))
        self.text += [value or "" for name, value in attrs if name in ("aria-label", "title", "placeholder", "alt")]
        if tag not in VOID:
            self.open.append(tag)
            self.languages.append(dict(attrs).get("lang") or (self.languages[-1] if self.languages else ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself."""
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        """Tags close in order."""
        assert self.open.pop() == tag, f"</{tag}> closes nothing"
        self.languages.pop()

    def handle_data(self, data: str) -> None:
        """Keep the text."""
        if self.open and self.languages[-1] == self.languages[0] and data.strip():
            self.text.append(" ".join(data.split()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every such tag."""
        return [attrs for name, attrs in self.tags if name == tag]


def speaking(member: Member, language: str) -> None:
    """Let a member read in this language."""
    profile.change(member=locks.lock(id=member.pk).member, actor="test", language=language)


def pages(world: data.World, as_member, language: str) -> list[tuple[str, Client]]:
    """Every address there is, with somebody who sees it: full, owing, empty, stranger."""
    for member in (world.ada, world.ben, world.eve):
        speaking(member, language)
    letter = Message.objects.filter(member=world.ada, channel="inbox").first()
    assert letter is not None
    ada, ben, eve = (as_member(member) for member in (world.ada, world.ben, world.eve))
    stranger = Client(headers={"accept-language": language})
    seen = [(address, ada) for address in [*OWN, f"/inbox/{letter.pk}/"]]
    seen += [(address, client) for client in (ben, eve) for address in OWN]
    return seen + [(address, stranger) for address in OPEN]


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_page_is_whole_and_in_the_houses_form(world, as_member, language):
    for address, client in pages(world, as_member, language):
        reply = client.get(address)
        html = reply.content.decode()
        assert reply.status_code == (404 if "nothing" in address else 200), address
        assert reply.headers["Cache-Control"] == "no-store", address
        assert "default-src 'none'" in reply.headers["Content-Security-Policy"], address
        assert "unsafe" not in reply.headers["Content-Security-Policy"], address
        page = Reading(html)
        assert page.open == [], address
        assert page.all("html")[0]["lang"] == language, address
        assert len(page.all("h1")) == 1, address
        assert not [tag for tag, attrs in page.tags if "style" in attrs], address
        assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")], address
        assert not page.all("script"), address
        assert not [attrs for attrs in page.all("link") + page.all("a") if "//" in str(attrs.get("href"))], address
        ids = [attrs["id"] for _, attrs in page.tags if "id" in attrs]
        assert len(ids) == len(set(ids)), (address, ids)
        used = {str(attrs["href"])[1:] for attrs in page.all("use")}
        assert used <= set(ids), (address, used - set(ids))
        assert {str(attrs["for"]) for attrs in page.all("label") if "for" in attrs} <= set(ids), address


def english_only() -> set[str]:
    """The msgids whose appearance on a Japanese page would be a hole."""
    found: set[str] = set()
    for app in ("members", "rewards"):
        text = (ROOT / app / "locale/ja/LC_MESSAGES/django.po").read_text(encoding="utf-8")
        for line in re.findall(r'^msgid(?:_plural)? "(.+)"$', text, re.MULTILINE):
            plain = re.sub(r"<[^>]+>", "", line.replace('\\"', '"'))
            # Between the placeholders stands what a reader would see.
            found |= {part.strip() for part in re.split(r"%\(\w+\)[sd]", plain) if len(part.strip()) > 2}
    return found


def test_a_japanese_page_has_no_english_left(world, as_member):
    holes = english_only()
    latin = re.compile(r"[A-Za-z][A-Za-z' ]{2,}")
    allowed = {"Ben Okri", "Eve Adeyemi", "Cookie", "CSV", "QR", "Goodwill"}
    for address, client in pages(world, as_member, "ja"):
        page = Reading(client.get(address).content.decode())
        for text in page.text:
            assert text not in holes, (address, text)
            for word in latin.findall(text):
                if re.search(r"@|\d-|^[0-9a-f]{4}-[0-9a-f]{4}$", text) or word.strip() in allowed:
                    continue
                pytest.fail(f"{address}: {word!r} in {text!r}")


def test_an_english_page_has_no_japanese_of_ours(world, as_member):
    japanese = re.compile(r"[぀-ヿ一-鿿]")
    for address, client in pages(world, as_member, "en"):
        page = Reading(client.get(address).content.decode())
        for text in page.text:
            if japanese.search(text) and not text.startswith(OF_THE_SHOP):
                pytest.fail(f"{address}: {text!r}")


@pytest.mark.parametrize("app", ["members", "rewards"])
def test_the_japanese_catalogue_is_complete_and_the_one_that_is_read(app):
    text = (ROOT / app / "locale/ja/LC_MESSAGES/django.po").read_text(encoding="utf-8")
    assert "fuzzy" not in text
    entries = re.findall(r'^msgid "(.+)"\n(?:msgid_plural "(.+)"\n)?msgstr(?:\[0\])? "(.*)"$', text, re.MULTILINE)
    assert len(entries) > 90
    with translation.override("ja"):
        for msgid, plural, msgstr in entries:
            assert msgstr, msgid
            for placeholder in re.findall(r"%\(\w+\)[sd]", plural or msgid):
                assert placeholder in msgstr, msgid
            before = text[: text.index(f'msgid "{msgid}"\n')].rsplit("\n", 2)
            if not plural and not any(line.startswith("msgctxt") for line in before):
                # Another library's catalogue must not win over ours.
                assert gettext(msgid.replace('\\"', '"')) == msgstr.replace('\\"', '"'), msgid


def test_the_language_is_the_members_and_can_be_changed(world, as_member):
    client = as_member(world.ada)
    assert '<html lang="ja">' in client.get("/card/", headers={"accept-language": "en"}).content.decode()
    reply = client.post("/language/", {"language": "en", "next": "/card/"})
    assert reply.headers["Location"] == "/card/"
    assert '<html lang="en">' in client.get("/card/", headers={"accept-language": "ja"}).content.decode()
    world.ada.profile.refresh_from_db()
    assert world.ada.profile.language == "en"
    assert client.post("/language/", {"language": "tlh"}).status_code == 302
    assert '<html lang="en">' in client.get("/card/").content.decode()


def test_a_strangers_language_is_remembered_in_a_cookie(programme):
    client = Client(headers={"accept-language": "ja"})
    client.post("/language/", {"language": "en", "next": "/join/"})
    assert '<html lang="en">' in client.get("/join/").content.decode()
    cookie = client.cookies["language"]
    assert (cookie["samesite"], cookie["httponly"]) == ("Lax", True)
