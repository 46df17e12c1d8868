"""The till page for shops without a till that calls the API."""
