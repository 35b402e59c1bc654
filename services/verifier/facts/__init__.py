"""Facts: public documents that verdicts rest on, how old they are, and what was announced of them."""
