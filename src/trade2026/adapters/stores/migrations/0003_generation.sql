-- A change of a user ends the access tokens of the generations before it.
ALTER TABLE users
    ADD COLUMN generation integer NOT NULL DEFAULT 0 CHECK (generation >= 0),
    ADD COLUMN changed_ns bigint NOT NULL DEFAULT 0;
