"""Networks: from inputs to logits, a file each."""
