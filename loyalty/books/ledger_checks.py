"""I1 to I7 and I9: the ledger itself, each as set-based queries that find what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from .checks import Problem, check_for, rows_of

_HOUSES = """
SELECT 'house ' || house, 'does not close: ' || sum(points) || ' points are in transit'
  FROM loyalty_entry WHERE house = 'in_transit' GROUP BY house HAVING sum(points) <> 0
"""
_ALL_ENTRIES = """
SELECT 'all accounts', 'hold ' || held || ' points, but the house accounts issued ' || issued
  FROM (SELECT (SELECT coalesce(sum(total), 0) FROM loyalty_account) AS held,
               (SELECT coalesce(sum(points), 0) FROM loyalty_entry) AS issued) AS sums
 WHERE held <> issued
"""
_BALANCE = """
SELECT 'account ' || a.id, 'balance ' || a.total || ', entries add up to ' || coalesce(e.points, 0)
  FROM loyalty_account a
  LEFT JOIN (SELECT account_id, sum(points) AS points FROM loyalty_entry GROUP BY account_id) e ON e.account_id = a.id
 WHERE a.total <> coalesce(e.points, 0)
"""
_LOTS = """
SELECT 'account ' || a.id, 'total ' || a.total || ', held ' || a.held || ', pending ' || a.pending
       || ', debt ' || a.debt || '; lots hold ' || coalesce(l.points, 0) || ', held ' || coalesce(l.held, 0)
       || ', pending ' || coalesce(l.pending, 0)
  FROM loyalty_account a
  LEFT JOIN (SELECT lot.account_id, sum(remaining + lot.held) AS points, sum(lot.held) AS held,
                    sum(remaining) FILTER (WHERE available_at > owner.as_of) AS pending
               FROM loyalty_lot lot JOIN loyalty_account owner ON owner.id = lot.account_id
              WHERE remaining > 0 OR lot.held > 0 GROUP BY lot.account_id) l ON l.account_id = a.id
 WHERE a.total <> coalesce(l.points, 0) - a.debt OR a.held <> coalesce(l.held, 0)
    OR a.pending <> coalesce(l.pending, 0)
"""
_NEXT_CHANGE = """
SELECT 'account ' || a.id, 'waits for ' || coalesce(a.next_change_at::text, 'nothing')
       || ', but a lot or hold changes at ' || n.at
  FROM loyalty_account a
  JOIN (SELECT account_id, min(at) AS at FROM (
          SELECT account_id, available_at AS at FROM loyalty_lot WHERE remaining > 0
          UNION ALL SELECT account_id, expires_at FROM loyalty_lot WHERE remaining > 0
          UNION ALL SELECT account_id, expires_at FROM loyalty_hold WHERE status = 'held') AS instants
          JOIN loyalty_account owner ON owner.id = account_id AND at > owner.as_of
         GROUP BY account_id) n ON n.account_id = a.id
 WHERE a.next_change_at IS NULL OR a.next_change_at > n.at
"""
_DATES = """
SELECT 'lot ' || l.id, 'ends at ' || coalesce(l.expires_at::text, 'no time')
       || ', but was granted until ' || coalesce(l.granted_until::text, l.expires_at::text)
       || coalesce(' and renewed until ' || r.until::text, ' and never renewed')
  FROM loyalty_lot l LEFT JOIN loyalty_renewal r ON r.id = l.renewal_id
 WHERE (l.idle = '' AND (l.renewal_id IS NOT NULL OR l.granted_until IS NOT NULL))
    OR (l.idle <> '' AND (l.granted_until IS NULL
        OR l.expires_at IS DISTINCT FROM CASE WHEN r.id IS NULL THEN l.granted_until ELSE r.until END
        OR (r.id IS NOT NULL AND (r.account_id <> l.account_id OR r.idle <> l.idle OR r.until <= l.granted_until))))
UNION ALL
SELECT 'lot ' || l.id, 'ends at ' || l.expires_at || ', but ' || r.reference || ' renewed it until ' || r.until
  FROM loyalty_renewal r
  JOIN loyalty_lot l ON l.account_id = r.account_id AND l.idle = r.idle AND l.expires_at < r.until
 WHERE (l.remaining > 0 OR l.held > 0) AND l.sequence <= r.sequence
"""
_LOT_REST = """
SELECT 'lot ' || l.id, 'granted ' || l.granted || ', moved ' || coalesce(m.points, 0)
       || ', but holds ' || l.remaining + l.held
  FROM loyalty_lot l
  LEFT JOIN (SELECT lot_id, sum(points) AS points FROM loyalty_lotmovement GROUP BY lot_id) m ON m.lot_id = l.id
 WHERE l.remaining + l.held <> l.granted + coalesce(m.points, 0)
    OR l.remaining < 0 OR l.held < 0 OR l.remaining + l.held > l.granted
"""
_ENTRY_LOTS = """
SELECT 'entry ' || e.id, 'moves ' || e.points || ', its lots ' || coalesce(l.points, 0) + coalesce(m.points, 0)
       || ', its debt ' || e.debt_change
  FROM loyalty_entry e
  LEFT JOIN (SELECT entry_id, sum(granted) AS points FROM loyalty_lot GROUP BY entry_id) l ON l.entry_id = e.id
  LEFT JOIN (SELECT entry_id, sum(points) AS points FROM loyalty_lotmovement GROUP BY entry_id) m ON m.entry_id = e.id
 WHERE coalesce(l.points, 0) + coalesce(m.points, 0) - e.debt_change <> e.points
"""
_HOLDS = """
SELECT 'hold ' || h.id, 'sets ' || h.points || ' aside, its parts ' || coalesce(p.points, 0)
  FROM loyalty_hold h
  LEFT JOIN (SELECT hold_id, sum(points) AS points FROM loyalty_holdpart GROUP BY hold_id) p ON p.hold_id = h.id
 WHERE h.points <> coalesce(p.points, 0)
UNION ALL
SELECT 'lot ' || coalesce(l.id, p.lot_id), 'is held for ' || coalesce(l.held, 0)
       || ', open holds name ' || coalesce(p.points, 0)
  FROM (SELECT id, held FROM loyalty_lot WHERE held > 0) l
  FULL JOIN (SELECT lot_id, sum(part.points) AS points FROM loyalty_holdpart part
               JOIN loyalty_hold h ON h.id = part.hold_id AND h.status = 'held' GROUP BY lot_id) p ON p.lot_id = l.id
 WHERE coalesce(l.held, 0) <> coalesce(p.points, 0)
"""
_SEQUENCE = """
SELECT 'entry ' || id, 'sequence ' || sequence || ' after ' || coalesce(before::text, 'nothing')
       || ', balance ' || balance_after || ' after ' || balance_before
  FROM (SELECT id, sequence, points, balance_after,
               lag(sequence) OVER w AS before, coalesce(lag(balance_after) OVER w, 0) AS balance_before
          FROM loyalty_entry WINDOW w AS (PARTITION BY account_id ORDER BY sequence)) AS e
 WHERE sequence <> coalesce(before, 0) + 1 OR balance_after <> balance_before + points
"""
_LAST = """
SELECT 'account ' || a.id, 'counts ' || a.sequence || ' entries, there are ' || coalesce(e.last, 0)
  FROM loyalty_account a
  LEFT JOIN (SELECT account_id, max(sequence) AS last FROM loyalty_entry GROUP BY account_id) e ON e.account_id = a.id
 WHERE a.sequence <> coalesce(e.last, 0)
"""
_DEBT = """
SELECT 'account ' || a.id, 'owes ' || a.debt
       || ', entries and payments leave ' || coalesce(e.owed, 0) + coalesce(m.paid, 0)
  FROM loyalty_account a
  LEFT JOIN (SELECT account_id, sum(debt_change) AS owed
               FROM loyalty_entry GROUP BY account_id) e ON e.account_id = a.id
  LEFT JOIN (SELECT account_id, sum(points) AS paid FROM loyalty_lotmovement WHERE entry_id IS NULL
              GROUP BY account_id) m ON m.account_id = a.id
 WHERE a.debt <> coalesce(e.owed, 0) + coalesce(m.paid, 0) OR a.debt < 0
    OR (a.debt > 0 AND a.total - a.pending - a.held + a.debt <> 0)
    OR (a.total < 0 AND a.debt = 0) OR a.total - a.pending - a.held + a.debt < 0
"""
_REVERSALS = """
SELECT 'entry ' || first.id, 'of ' || first.points || ' was reversed ' || count(*) || ' times, by ' || sum(back.points)
  FROM loyalty_entry back JOIN loyalty_entry first ON first.id = back.reverses_id
 GROUP BY first.id, first.points, first.account_id, first.kind
HAVING count(*) > 1 OR sum(back.points) <> -first.points OR first.kind = 'reverse'
    OR bool_or(back.account_id <> first.account_id)
UNION ALL
SELECT 'movement ' || taking.id, 'took ' || -taking.points || ', ' || sum(back.points) || ' were given back'
  FROM (SELECT undoes_id, points FROM loyalty_lotmovement WHERE undoes_id IS NOT NULL
        UNION ALL SELECT undoes_id, granted FROM loyalty_lot WHERE undoes_id IS NOT NULL) back
  JOIN loyalty_lotmovement taking ON taking.id = back.undoes_id
 GROUP BY taking.id, taking.points HAVING sum(back.points) > -taking.points
"""
_EFFECTS = """
SELECT 'stored reply ' || key, 'was stored ' || count(*) || ' times for one client'
  FROM loyalty_storedreply GROUP BY client_id, key HAVING count(*) > 1
UNION ALL
SELECT 'account ' || account_id, 'reference ' || reference || ' was posted ' || count(*) || ' times'
  FROM loyalty_entry GROUP BY account_id, reference HAVING count(*) > 1
"""


def _problems(invariant: str, *queries: str) -> Iterator[Problem]:
    for sql in queries:
        for row, detail in rows_of(sql):
            yield Problem(invariant, row, detail)


@check_for("I1")
def houses() -> Iterator[Problem]:
    """Nothing is in transit, and all accounts together hold what the house accounts gave."""
    yield from _problems("I1", _HOUSES, _ALL_ENTRIES)


@check_for("I2")
def balances() -> Iterator[Problem]:
    """The running balance is the sum of the entries."""
    yield from _problems("I2", _BALANCE)


@check_for("I3")
def lots() -> Iterator[Problem]:
    """Total = lots remaining (available, pending, held) − debt; the row knows when that next changes; dates that moved
    say why."""
    yield from _problems("I3", _LOTS, _NEXT_CHANGE, _DATES)


@check_for("I4")
def takings() -> Iterator[Problem]:
    """0 ≤ remaining ≤ granted, and what entries and holds took from lots equals them."""
    yield from _problems("I4", _LOT_REST, _ENTRY_LOTS, _HOLDS)


@check_for("I5")
def sequences() -> Iterator[Problem]:
    """Sequences have no gaps, and each balance follows from the one before."""
    yield from _problems("I5", _SEQUENCE, _LAST)


@check_for("I6")
def debts() -> Iterator[Problem]:
    """Nothing is negative without a recorded debt."""
    yield from _problems("I6", _DEBT)


@check_for("I7")
def reversals() -> Iterator[Problem]:
    """An entry is reversed at most once and in full; no more is given back than was taken."""
    yield from _problems("I7", _REVERSALS)


@check_for("I9")
def effects() -> Iterator[Problem]:
    """One idempotency key, at most one effect."""
    yield from _problems("I9", _EFFECTS)
