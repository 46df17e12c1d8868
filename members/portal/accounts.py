"""allauth's addresses. Members sign in and join on our own pages, so allauth's are closed: they lead there.

The names stay, because allauth redirects to them.
"""

from django.urls import path
from django.views.generic.base import RedirectView

SIGN_IN = RedirectView.as_view(pattern_name="portal:sign-in")

urlpatterns = [
    path("login/", SIGN_IN, name="account_login"),
    path("signup/", RedirectView.as_view(pattern_name="portal:join"), name="account_signup"),
    path("logout/", RedirectView.as_view(pattern_name="portal:profile"), name="account_logout"),
    path("inactive/", SIGN_IN, name="account_inactive"),
    path("reauthenticate/", SIGN_IN, name="account_reauthenticate"),
    path("email/", RedirectView.as_view(pattern_name="portal:profile"), name="account_email"),
]
