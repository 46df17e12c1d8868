"""The shop's colours, by version."""

import pytest

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("version", "status"), [(0, 200), (999, 404), (10**20, 404)])
def test_a_version_that_never_was_has_no_colours(client, version, status):
    assert client.get(f"/brand/{version}.css").status_code == status
