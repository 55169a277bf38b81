"""PyTorch models, through torch.export."""
