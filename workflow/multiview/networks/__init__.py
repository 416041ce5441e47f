"""Networks: from inputs to logits. The section of a kind in `config/networks.py` names its module here."""
