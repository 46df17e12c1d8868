"""Sales of nobody yet, which a member may claim with the code on the receipt."""

from django.db import models

from loyalty import clock


class SaleClaim(models.Model):
    """The code that was printed on an anonymous receipt. Only a hash of it is kept."""

    sale = models.OneToOneField("members.Sale", models.PROTECT, primary_key=True, related_name="+")
    code_hash = models.BinaryField(max_length=32)
    until = models.DateTimeField()  # the first instant at which it no longer works
    created_at = models.DateTimeField(default=clock.now)
    claimed_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return str(self.sale_id)
