"""Answers that are kept by identity."""

from __future__ import annotations

from bot.model.remembered import Remembered


def test_one_value_is_asked_about_once_and_equal_ones_apart() -> None:
    asked: list[str] = []
    one, other = "".join(["a", "b"]), "".join(["a", "b"])
    assert one is not other

    def upper(text: str) -> str:
        asked.append(text)
        return text.upper()

    answer = Remembered(upper)

    assert [answer(one), answer(one), answer(other)] == ["AB"] * 3
    assert asked == ["ab", "ab"]


def test_no_answer_is_another_values_and_no_more_are_kept_than_said() -> None:
    answer = Remembered(str, most=3)

    for number in range(1000, 1100):  # each is gone at once, and its id may come again
        assert answer(number) == str(number)
    assert len(answer._found) <= 3
