"""The stages: f(inputs, options, progress) -> report. Restartable, and blind to who watches."""
