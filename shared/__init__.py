"""What the services have in common: outside specifications implemented, and mechanisms without a business noun.

Nothing here knows a service's tables, settings, API schemas or rules; `shared` never imports `services`.
"""
