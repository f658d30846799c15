"""What the faces of each person do: which moments are rare, which are missing."""
