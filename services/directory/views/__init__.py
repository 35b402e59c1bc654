"""The same facts in the shapes of published standards: TRQP v2 and the DCC registry."""
