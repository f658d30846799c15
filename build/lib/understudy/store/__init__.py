"""What is kept on disk: the write path, facesets, alignments and the project folder."""
