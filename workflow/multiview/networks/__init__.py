"""Networks: from inputs to logits, a file for each kind, which `config/networks.py` names."""
