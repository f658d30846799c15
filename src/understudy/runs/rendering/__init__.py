"""Renders of a project: who becomes whom, made, scored and remembered."""
