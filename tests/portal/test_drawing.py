"""Codes, rulers, figures and the brand's style sheet."""

from __future__ import annotations

import re
from datetime import date

import pytest
from django.utils import translation

from members.portal import brand, codes, formats, rulers


def test_the_barcode_table_is_code_128s():
    assert len(codes._PATTERNS) == len(set(codes._PATTERNS)) == 106
    for pattern in codes._PATTERNS:
        assert sum(map(int, pattern)) == 11
        assert sum(map(int, pattern[::2])) % 2 == 0  # bars of every symbol are even in sum


def test_digits_are_written_in_pairs_with_the_check_character_of_the_standard():
    assert codes.code128_values("1234567890") == [105, 12, 34, 56, 78, 90, 85]
    assert codes.code128_values("123")[:-1] == [105, 12, 100, ord("3") - 32]
    assert codes.code128_values("Wikipedia") == [104, 55, 73, 75, 73, 80, 69, 68, 73, 65, 88]


@pytest.mark.parametrize("text", ["", "会員", "a\n"])
def test_what_code_128_cannot_write_is_refused(text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        codes.code128_values(text)


def test_the_barcode_is_drawn_from_bars_and_gaps():
    drawing = codes.barcode("98")
    assert drawing.width == 11 * 3 + 13
    assert drawing.path.startswith("M0 0h2v1h-2z")


def test_the_qr_code_has_its_three_corners():
    drawing = codes.qr("9801234567890128")
    assert drawing.width == drawing.height == 21
    for corner in ("M0 0h7", "M14 0h7", "M0 20h7"):
        assert corner in drawing.path


def test_a_ruler_stands_in_percent_and_leaves_out_labels_that_would_touch():
    ruler = rulers.draw(
        value=126_600,
        marks=[(0, "Regular", False), (30_000, "Silver", False), (80_000, "Gold", True), (150_000, "Platinum", False)],
        say="words",
    )
    assert ruler.x == "84.4%"
    assert {mark.label: mark.x for mark in ruler.marks} == {"Gold": "53.3%", "Platinum": "100%", "Silver": "20%"}
    crowded = rulers.draw(value=0, marks=[(90, "A", False), (95, "B", False), (100, "C", False)], say="")
    assert [mark.label for mark in crowded.marks] == ["C", "", ""]
    assert rulers.draw(value=500, marks=[(100, "A", False)], say="").x == "100%"


def test_figures_are_written_as_the_house_writes_them():
    assert formats.signed(-600) == "−600"
    assert formats.signed(24) == "+24"
    assert formats.amount(120_000, "JPY") == "¥120,000"
    assert formats.amount(1_990, "USD") == "$19.90"
    assert formats.amount(2_000, "USD") == "$20"
    assert formats.amount(-1_250, "KWD") == "−1.250 KWD"
    assert formats.card("9801234567890128") == "9801 2345 6789 0128"


def test_dates_follow_the_language():
    day, today = date(2026, 12, 6), date(2026, 11, 22)
    with translation.override("en"):
        assert [formats.day_row(day), formats.day_under(day, today)] == ["6 Dec", "Sun"]
        assert formats.day_short(date(2027, 1, 31), today) == "31 Jan 2027"
        assert formats.day_long(day) == "6 December 2026"
    with translation.override("ja"):
        assert [formats.day_row(day), formats.day_under(day, today)] == ["12/6", "日"]
        assert formats.day_under(date(1998, 3, 1), today) == "1998年"
        assert formats.month(day) == "2026年12月"


def test_a_shop_sets_six_variables_and_can_write_no_css():
    sheet = brand.stylesheet(
        {"brand": "#8c1d2f", "radius": "3px", "ink": "red;}body{display:none", "font": "Georgia, serif", "evil": "x"}
    )
    assert sheet == ":root{--brand:#8c1d2f;--radius:3px;--font:Georgia, serif}\n"


def test_a_brand_too_pale_for_white_text_is_left_out():
    assert brand.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert "--brand" not in brand.stylesheet({"brand": "#ffcc00"})
