"""The ground under the tests."""

import pytest
from django.db import connection

from loyalty.models import Account


@pytest.mark.django_db
def test_tests_run_as_the_serving_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("loyalty_app",)


def test_a_committing_test_has_a_database_of_its_own(committed):
    Account.objects.create()
    assert Account.objects.count() == 1
