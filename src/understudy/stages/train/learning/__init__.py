"""The run itself: its steps, who guards them, and the previews that it writes."""
