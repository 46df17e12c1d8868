"""What members paid, by month: the transaction prices that points were part of."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Sum
from django.db.models.functions import TruncMonth

from loyalty import policies
from members.models import Sale


def by_month(until: datetime) -> dict[date, int]:
    """Minor units of the programme's currency that members paid before `until`, by first day of the month."""
    programme = policies.current()
    sold = Sale.objects.filter(
        status=Sale.Status.SOLD, member__isnull=False, currency=programme.currency, occurred_at__lt=until
    )
    months = sold.annotate(month=TruncMonth("occurred_at", tzinfo=programme.zone)).values_list("month")
    return {month.date(): int(minor) for month, minor in months.annotate(minor=Sum("total_minor")).order_by()}
