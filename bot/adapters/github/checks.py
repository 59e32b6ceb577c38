"""Check runs, with as many annotations as there are."""

from __future__ import annotations

from itertools import batched
from typing import Any
