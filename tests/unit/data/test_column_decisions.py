"""How the columns of a table are read: one decision for each, from all its text."""

from __future__ import annotations

import pandas as pd
import pytest
from support.table_columns import fit, frame, only

from tuner.data.spec import Column


class TestNumbers:
    def test_stay_numbers_with_their_mean_for_missing_ones(self) -> None:
        column, _ = only(["1", "-2.5e0", "", "NaN", "?", "7"])
        assert (column.name, column.categories, column.width) == ("x", (), 1)
        assert column.fill == pytest.approx(5.5 / 3)

    @pytest.mark.parametrize(
        "word", ["#N/A", "<NA>", "n.a.", "-", ".", "NULL", "\\N", "#DIV/0!", "inf", "missing", "NaT"]
    )
    def test_a_word_for_a_missing_value_is_counted_and_named(self, word: str) -> None:
        column, notes = only([*map(str, range(0, 40, 3)), word, word, "0"])
        assert column.categories == ()
        assert notes == (f"column 'x': 2 of 17 cells are taken as missing: '{word}' (2)",)

    def test_a_stray_word_among_many_numbers_is_a_missing_value_wherever_it_is(self) -> None:
        for place in (0, 50, 99):
            cells = [str(n * 7 % 100) for n in range(100)]
            cells[place] = "oops"
            column, notes = only(cells, 60)
            assert (column.categories, column.missing) == ((), ("oops",))
            assert notes == ("column 'x': 1 of 100 cells are taken as missing: 'oops' (1)",)

    def test_too_few_numbers_make_categories_which_is_told(self) -> None:
        column, notes = only([*["1", "2", "3"] * 5, "four", "four"])
        assert column.categories == ("1", "2", "3", "four")
        assert notes == ("column 'x': read as categories: 15 of 17 cells are numbers, but 'four' is not",)

    @pytest.mark.parametrize(
        ("cells", "style", "note"),
        [
            (["1,234,567", "12"], (".", ",", ""), "'1,234,567' is read as 1234567"),
            (
                ["1,234", "987"],
                (".", ",", ""),
                "'1,234' is read as 1234, and not as 1.234, which the column leaves open",
            ),
            (["1,234", "0,5"], (",", "", ""), "'1,234' is read as 1.234"),
            (["89.803,35", "954,20"], (",", ".", ""), "'89.803,35' is read as 89803.35"),
            (["1.234.567", "12.000"], (",", ".", ""), "'1.234.567' is read as 1234567"),
            (["1\u202f234,5", "7"], (",", " ", ""), "'1 234,5' is read as 1234.5"),
            (["1'234.50", "7"], (".", "'", ""), "'1'234.50' is read as 1234.5"),
            (["12%", "5.5 %"], (".", "", "%"), "'12%' is read as 12"),
            (["$1,234.50", "-$5"], (".", ",", "$"), "'$1,234.50' is read as 1234.5"),
            (["5 kg", "7 kg"], (".", "", "kg"), "'5 kg' is read as 5"),
            (["(1,234.00)", "5"], (".", ",", ""), "'(1,234.00)' is read as -1234"),
            (["\u22125", "3"], (".", "", ""), "'\u22125' is read as -5"),
            (["5-", "+3"], (".", "", ""), "'5-' is read as -5"),
        ],
    )
    def test_are_read_as_the_whole_column_is_written(
        self, cells: list[str], style: tuple[str, str, str], note: str
    ) -> None:
        column, notes = only(cells * 3)
        assert (column.decimal, column.thousands, column.unit) == style
        assert notes[0] == f"column 'x': {note}"

    def test_an_open_column_is_read_as_the_rest_of_the_table(self) -> None:
        rows = frame(
            price=["1,234", "2,500", "1,750"] * 3, points=["1.234", "2.500", "900"] * 3, sure=["0,5", "1", "2,25"] * 3
        )
        price, points, _ = fit(rows).columns
        assert (price.decimal, price.thousands) == (",", "")
        assert (points.decimal, points.thousands) == (",", ".")
        assert (
            "column 'points': '1.234' is read as 1234, and not as 1.234, which the column leaves open"
            in fit(rows).notes
        )

    def test_codes_are_numbers_which_is_told(self) -> None:
        column, notes = only(["01234", "98765", "00501"] * 3)
        assert column.categories == ()
        assert notes == ("column 'x': '01234' is read as the number 1234",)

    @pytest.mark.parametrize("word", ["-999", "9999"])
    def test_a_number_that_may_stand_for_a_missing_value_is_told_and_kept(self, word: str) -> None:
        column, notes = only(["34", "45", "56", word] * 3)
        assert column.missing == ()
        doubt = f"3 cells are {word}, far from the others: leave them empty if that means a missing value"
        assert notes == (f"column 'x': {doubt}",)

    def test_numbers_without_the_unit_of_the_others_are_told(self) -> None:
        _, notes = only([*(f"{n} kg" for n in range(9, 0, -1)), "12"])
        assert notes[-1] == "column 'x': 1 cells, such as '12', are read as if they had 'kg'"

    def test_two_units_are_no_number(self) -> None:
        column, _ = only(["5 kg", "500 g"] * 10)
        assert column.categories == ("5 kg", "500 g")


class TestDates:
    def test_become_features_that_vary(self) -> None:
        column, notes = only(["2024-01-31", "2024-03-05", "2024-02-01"])
        assert (column.date_order, column.parts) == ("ymd", ("month", "weekday", "days"))
        assert notes == ("column 'x': '2024-01-31' is read as the date 2024-01-31 and becomes month, weekday, days",)

    def test_the_order_comes_from_the_whole_column(self) -> None:
        assert only(["01/02/2024", "31/02/2024", "31/01/2023"] + ["01/03/2024"] * 40)[0].date_order == "dmy"
        assert only(["01/02/2024", "01/31/2024"])[0].date_order == "mdy"

    def test_an_open_order_is_told(self) -> None:
        column, notes = only(["03/04/2024", "05/06/2023"])
        assert column.date_order == "mdy"
        assert "is read as the date 2024-03-04 (the month first, which the column leaves open)" in notes[0]


class TestCategories:
    def test_text_becomes_categories(self) -> None:
        rows = frame(size=["small", "large", "", "large", "small"], flag=["yes", "", "yes", "yes", ""])
        assert fit(rows).columns == (
            Column(name="size", categories=("large", "small")),
            Column(name="flag", categories=("yes",)),
        )

    def test_the_rarest_of_many_are_dropped_which_is_told(self) -> None:
        cells = [f"c{number:02}" for number in range(60) for _ in range(2 + (number >= 10))]
        column, notes = only(cells)
        assert column.categories == tuple(f"c{number:02}" for number in range(10, 60))
        assert notes == ("column 'x': of 60 categories the 50 most frequent are kept, and the others are dropped",)

    def test_what_pandas_cannot_tell_from_an_empty_cell_is_missing(self) -> None:
        column, notes = only(["a", "NA", "b", "None", "a", "b"])
        assert column.categories == ("a", "b")
        assert notes == ("column 'x': 2 of 6 cells are taken as missing: 'NA' (1), 'None' (1)",)

    def test_booleans_in_several_spellings_are_one_category(self) -> None:
        column, notes = only(["TRUE", "True", "false", "FALSE", "TRUE", "FALSE"])
        assert column.categories == ("FALSE", "TRUE")
        assert notes == ("column 'x': 'FALSE' and 'false' are read as one category",)

    def test_categories_that_differ_by_case_stay_apart_which_is_told(self) -> None:
        column, notes = only(["Red", "red", "blue"] * 3)
        assert column.categories == ("Red", "blue", "red")
        assert notes == (
            "column 'x': the categories 'Red' and 'red' differ by case or spaces alone and are kept apart",
        )


class TestLeftOut:
    def test_what_carries_nothing_is_left_out_with_the_reason(self) -> None:
        rows = frame(
            good=["1", "2", "3", "4"],
            empty=["", "", "", ""],
            same=["x", "x", "x", "x"],
            constant=["5", "5.0", "", "5"],
            name=["Ann", "Bob", "Cid", "Ann"],
            almost=["1", "2", "3", "four"],
            marks=["NA", "", "nan", "NA"],
        )
        rows.insert(0, "", ["0", "1", "2", "3"])
        fitted = fit(rows)
        assert [column.name for column in fitted.columns] == ["good"]
        assert fitted.left_out == (
            "column '' left out: it has no name",
            "column 'empty' left out: it is empty",
            "column 'same' left out: all its cells are the same",
            "column 'constant' left out: all its numbers are the same",
            "column 'name' left out: 3 different texts in 4 cells",
            "column 'almost' left out: 4 different texts in 4 cells (3 of 4 cells are numbers, but 'four' is not)",
            "column 'marks' left out: all its cells are missing",
        )

    def test_what_is_the_same_in_the_training_split_is_left_out(self) -> None:
        rows = frame(x=["1", "1", "2", "3"], y=["a", "a", "b", "b"], z=["", "", "b", "b"], good=["1", "3", "2", "4"])
        assert fit(rows, 2).left_out == (
            "column 'x' left out: all its numbers are the same in the training split",
            "column 'y' left out: all its cells are the same in the training split",
            "column 'z' left out: it is empty in the training split",
        )

    def test_a_column_that_numbers_the_rows_may_give_the_class_away(self) -> None:
        rising = [str(2 * number) for number in range(12)]
        measured = ["1", "2", "3", "5", "4", "6", "7", "8", "9", "10", "11", "12"]
        rows = frame(id=rising, size=measured, weight=[f"{n}.5" for n in range(12)])
        fitted = fit(rows)
        assert [column.name for column in fitted.columns] == ["size", "weight"]
        [note] = fitted.left_out
        assert note.startswith("column 'id' left out: it numbers the rows")
        assert [column.name for column in fit(rows[:9]).columns] == ["id", "size", "weight"]  # by chance, perhaps


def test_thousands_of_notes_of_one_kind_are_shortened() -> None:
    rows = pd.DataFrame({f"x{n}": ["0,5", "1,25", "2"] for n in range(30)}, dtype=object)
    notes = fit(rows).notes
    assert len(notes) == 6
    assert notes[-1] == "and 25 more columns like these: column 'x29', for example"
