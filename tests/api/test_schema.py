import json
import pytest


def test_schema(shop, client):
    reply = client.get("/api/schema")
    assert reply.status_code == 200
    open("/tmp/schema.json", "wb").write(reply.content)
