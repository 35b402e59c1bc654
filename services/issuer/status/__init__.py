"""Status lists: one bitstring list per issuer profile and purpose, served from stored signed bytes."""
