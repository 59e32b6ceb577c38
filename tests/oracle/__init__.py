"""An independent model of what must hold after an apply, written from the product's text alone."""

from tests.oracle.check import disagreements
from tests.oracle.expect import Expectation, expect

__all__ = ["Expectation", "disagreements", "expect"]
