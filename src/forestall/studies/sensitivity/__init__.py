"""What a predicted trial depends on, and what would narrow the prediction."""
