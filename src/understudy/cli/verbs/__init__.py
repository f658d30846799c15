"""The verbs that work on films and projects."""
