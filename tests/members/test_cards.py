"""Card numbers: random, checked, and read however they are typed."""

from itertools import pairwise

import pytest

from members import cards


def test_a_new_card_has_16_digits_begins_with_98_and_ends_with_its_check_digit():
    for _ in range(200):
        number = cards.make()
        assert len(number) == 16
        assert number.startswith("98")
        assert cards.is_ours(number)


def test_cards_do_not_follow_each_other():
    numbers = [int(cards.make()) for _ in range(200)]
    assert len(set(numbers)) == 200
    assert min(abs(one - other) for one, other in pairwise(numbers)) > 1000


def test_the_check_digit_is_luhns():
    assert cards.check_digit("7992739871") == "3"  # the example of everyone who explains it
    assert cards.check_digit("980123456789012") == "1"


def test_no_single_wrong_digit_reaches_another_card():
    number = cards.make()
    for place in range(16):
        for digit in "0123456789":
            other = number[:place] + digit + number[place + 1 :]
            assert cards.is_ours(other) == (other == number)


def test_neighbours_swapped_do_not_reach_another_card_but_for_09_and_90():
    number = "98" + "0123456789012"
    number += cards.check_digit(number)
    for place in range(2, 15):
        pair = number[place : place + 2]
        other = number[:place] + pair[::-1] + number[place + 2 :]
        assert cards.is_ours(other) == (pair in ("09", "90"))


@pytest.mark.parametrize(
    "typed",
    [
        "9801 2345 6789 0128",
        "9801-2345-6789-0128",
        "９８０１　２３４５　６７８９　０１２８",
        " 9801234567890128\t",
        "9801–2345−6789ー0128",
    ],
)
def test_spaces_hyphens_and_full_width_digits_make_no_difference(typed):
    assert cards.fold(typed) == "9801234567890128"


def test_a_card_of_somebody_elses_making_is_taken_as_it_is():
    assert cards.fold("abc-123") == "ABC123"
    assert cards.text("ABC123") == "ABC123"


@pytest.mark.parametrize("typed", ["", "123", "9801 2345 6789 012?", "1" * 33, "カード番号", "9801\x00234"])
def test_what_cannot_be_a_card_is_refused(typed):
    with pytest.raises(cards.NotACardError):
        cards.fold(typed)


def test_a_card_is_printed_in_fours():
    assert cards.text("9801234567890128") == "9801 2345 6789 0128"
