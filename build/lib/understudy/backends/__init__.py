"""How nets run without PyTorch: ONNX Runtime, LiteRT, dlib files, the mesh runtime."""
