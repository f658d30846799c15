"""What feeds a run: face pictures made ready, cached, chosen and handed to the steps."""
