"""Mends of the programme's pages: tampered codes, control characters, conditions left empty."""

from __future__ import annotations

from django.urls import reverse

from rewards.models import Draft

from .test_programme_pages import began, fields, marketer, milo, programme  # noqa: F401


def test_a_tampered_code_is_ignored(marketer):  # noqa: F811
    address = began(marketer)
    form = fields(marketer.get(address)) | {"code": ["rules/../x"], "do": ["save"]}
    response = marketer.post(address, form)
    assert response.status_code == 302 and marketer.get(response["Location"]).status_code == 200
    assert "/" not in Draft.objects.get().document["campaigns"][0]["code"]


def test_control_characters_are_refused_in_words(marketer):  # noqa: F811
    address = began(marketer)
    page = marketer.post(address, fields(marketer.get(address)) | {"name.en": ["a\0b"], "do": ["save"]})
    assert page.status_code == 400 and "cannot be kept" in page.content.decode()


def test_an_audience_left_empty_is_said_at_its_control_and_in_the_review(marketer):  # noqa: F811
    address = began(marketer)
    text = marketer.get(address).content.decode()
    assert 'id="f-audience-0-error"' in text and "reaches nobody" in text
    review = reverse("admin:draft_review", args=[Draft.objects.get().pk])
    assert "reaches nobody" in marketer.get(review).content.decode()
    japanese = marketer.get(review, headers={"accept-language": "ja"}).content.decode()
    assert "対象者がいません" in japanese
    saved = marketer.post(address, fields(marketer.get(address)) | {"do": ["save"]}, follow=True)
    assert "Still to mend" in saved.content.decode()
