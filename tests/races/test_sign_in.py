"""Parallel guesses at one code (FAULTS G4)."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

from members import signin
from members.models import SignInCode
from tests.size import by_size

THREADS = 16


def test_of_many_parallel_guesses_five_are_judged(committed):
    flow = signin.new_flow()
    code = signin.issue(address="ada@example.com", flow=flow)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    barrier = threading.Barrier(THREADS)
    rounds = by_size(4, 13, 13)  # 13 × 16 = 208 guesses

    def guess(_: int) -> list[signin.Answer]:
        try:
            barrier.wait(10)
            return [signin.attempt(address="ada@example.com", flow=flow, code=wrong) for _ in range(rounds)]
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        answers = [answer for some in pool.map(guess, range(THREADS)) for answer in some]
    assert sorted(answer.tries_left for answer in answers)[-5:] == [0, 1, 2, 3, 4]
    assert not any(answer.right for answer in answers)
    assert SignInCode.objects.get().tries_left == 0
    assert not signin.attempt(address="ada@example.com", flow=flow, code=code).right


def test_of_many_browsers_with_the_right_code_one_gets_in(committed):
    flow = signin.new_flow()
    code = signin.issue(address="ada@example.com", flow=flow)
    barrier = threading.Barrier(THREADS)

    def enter(_: int) -> bool:
        try:
            barrier.wait(10)
            return signin.attempt(address="ada@example.com", flow=flow, code=code).right
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        assert sum(pool.map(enter, range(THREADS))) == 1
