"""A larger profile: ``pytest -p tests.properties.thorough --hypothesis-profile=thorough``."""

from hypothesis import settings

settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=3000)
