"""What a running service says of itself: JSON logs without personal data, trace context, metrics."""
