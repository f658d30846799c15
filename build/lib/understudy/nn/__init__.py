"""PyTorch parts that plug-ins share: device choice, blocks, losses, augmentation, checkpoints."""
