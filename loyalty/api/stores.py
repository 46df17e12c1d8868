"""Which store a call writes for. Stores change only with a programme version, so each version's are kept."""

from __future__ import annotations

from datetime import datetime

from loyalty import policies
from loyalty.api.auth import Identity
from loyalty.api.problems import StoreMismatch
from loyalty.errors import StoreNotFound
from loyalty.models import Store

_Programme = tuple[int | None, datetime | None]
_known: list[tuple[_Programme, dict[str, Store]]] = [((None, None), {})]  # one element, replaced whole


def written(code: str, identity: Identity, at: datetime | None = None) -> Store:
    """The store a body names. Raises StoreMismatch for a key bound elsewhere, StoreNotFound.

    `at`: when what the body reports happened. A store retired since is accepted if the programme had it then: the
    last receipts of a till that closes arrive late.
    """
    store: Store | None
    if identity.store is not None:
        if identity.store.code != code:
            raise StoreMismatch(f"This key writes only for {identity.store.code}.")
        store = identity.store
    else:
        store = _find(code, identity.programme)
    if store is None or (store.retired_at is not None and (at is None or not policies.had_store(code, at))):
        raise StoreNotFound
    return store


def _find(code: str, programme: _Programme) -> Store | None:
    version, stores = _known[0]
    if version != programme:
        stores = {store.code: store for store in Store.objects.all()}
        _known[0] = (programme, stores)
    return stores.get(code) or Store.objects.filter(code=code).first()
