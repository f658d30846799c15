"""Following step by step, each step compared with a second look."""
