"""Addresses of the member's own pages; `rewards.portal.urls` includes them under the name `portal`."""

from django.urls import path

from members.portal import brand, card, inbox, profile, signin, terms, tiers

urlpatterns = [
    path("brand/<int:version>.css", brand.view, name="brand"),
    path("sign-in/", signin.sign_in, name="sign-in"),
    path("sign-in/code/", signin.code, name="code"),
    path("sign-out/", signin.sign_out, name="sign-out"),
    path("join/", signin.join, name="join"),
    path("language/", signin.choose_language, name="language"),
    path("card/", card.view, name="card"),
    path("inbox/", inbox.listing, name="inbox"),
    path("inbox/read/", inbox.read_all, name="inbox-read"),
    path("inbox/<uuid:message_id>/", inbox.letter, name="message"),
    path("inbox/<uuid:message_id>/unread/", inbox.unread, name="message-unread"),
    path("tiers/", tiers.view, name="tiers"),
    path("terms/", terms.view, name="terms"),
    path("terms/<int:version>/", terms.view, name="terms-version"),
    path("profile/", profile.view, name="profile"),
    path("profile/edit/", profile.edit, name="profile-edit"),
    path("profile/choices/", profile.choices, name="choices"),
]
