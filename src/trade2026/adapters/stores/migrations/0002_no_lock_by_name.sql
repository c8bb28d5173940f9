-- A lock-out is of a name from an address, for a while, and kept in the cache.
ALTER TABLE users DROP COLUMN failed_count, DROP COLUMN locked_until_ns;
