"""What consent covers in a project, and letting persons go who took it back."""
