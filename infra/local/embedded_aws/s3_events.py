"""Notifications of S3 are in their queue before the request that caused them is answered.

MiniStack sends them from a thread of its own, at some time after the answer: a kill in between would lose the event of
an object that was acknowledged, and a program that looks into the queue at once would miss it. Sent in the request,
they are written with it.
"""

from typing import Any

from .emulator import Module


def install_events(s3: Module) -> None:
    """Let `ministack.services.s3` notify within the request, but for EventBridge, whose targets may take long."""
    notify_later = s3._fire_s3_event_async

    def notify(bucket: str, key: str, event: str, *about: Any, **more: Any) -> None:
        configuration = s3._bucket_notifications.get(bucket)
        if configuration is None:
            return
        if "EventBridgeConfiguration" in configuration:
            notify_later(bucket, key, event, *about, **more)
        else:
            s3._fire_s3_event(bucket, key, event, *about, sequencer=s3._next_event_sequencer(event), **more)

    s3._fire_s3_event_async = notify
