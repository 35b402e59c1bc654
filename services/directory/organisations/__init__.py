"""Organisations: a school, a company, a community, a person; everything belongs to one."""
