"""HTTP as every service speaks it: problems, access, paging, conditional requests, and what is fetched."""
