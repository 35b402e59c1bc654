"""The W3C's test suites against our issuer and verifier: `make suites`. Nothing of the suites is in this repository."""
