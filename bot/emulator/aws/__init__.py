"""AWS as a server process on this machine: moto, made faithful to what AWS documents.

``python -m bot.emulator.aws --port 0`` prints its URL; ``running()`` does the same for a test.
It knows nothing of meshbot: each behaviour is one that an AWS page describes, and the tests
name that page.
"""

from bot.emulator.aws.client import Emulator, running

__all__ = ["Emulator", "running"]
