"""The VC-API (VCALM): instances that sign whatever credential they are given, with keys that are no badge issuer's."""
