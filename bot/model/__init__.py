"""The values that everything else speaks in. Nothing here touches the outside world."""
