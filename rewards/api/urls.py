"""Addresses of selling and spending."""

from django.urls import path

from loyalty.api import converters  # noqa: F401  (registers `id`)

from .activity import Activities
from .batch import Batch
from .programme import ProgrammeView
from .redemptions import Cancellations, Redemptions, Settlements
from .sales import Quotes, Sales
from .wallet import Wallet

urlpatterns = [
    path("activity", Activities.as_view()),
    path("sales", Sales.as_view()),
    path("sales/quote", Quotes.as_view()),
    path("sales/batch", Batch.as_view()),
    path("redemptions", Redemptions.as_view()),
    path("redemptions/<id:redemption_id>/settle", Settlements.as_view()),
    path("redemptions/<id:redemption_id>/cancel", Cancellations.as_view()),
    path("members/<id:member_id>/wallet", Wallet.as_view()),
    path("programme", ProgrammeView.as_view()),
]
