"""What every domain may use: errors, ids, clock, paging, tokens. Knows neither AWS nor HTTP."""
