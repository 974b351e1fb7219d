"""Stage 6: a batch goes out, a receipt comes back."""
