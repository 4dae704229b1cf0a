"""The one message from this layer to the one above it."""

from django.dispatch import Signal

#: Sent after commit with `recording`, when a new recording has been stored.
recording_received = Signal()
