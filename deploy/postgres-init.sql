-- One database per service: no service can read another's tables.
CREATE DATABASE confer_issuer;
CREATE DATABASE confer_backpack;
CREATE DATABASE confer_verifier;
CREATE DATABASE confer_directory;
