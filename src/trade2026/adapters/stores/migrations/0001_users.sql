CREATE TABLE users (
    id uuid PRIMARY KEY,
    name text NOT NULL UNIQUE,
    password_hash text NOT NULL,
    roles text[] NOT NULL,
    accounts text[] NOT NULL,
    is_disabled boolean NOT NULL DEFAULT false,
    failed_count integer NOT NULL DEFAULT 0 CHECK (failed_count >= 0),
    locked_until_ns bigint NOT NULL DEFAULT 0,
    created_ns bigint NOT NULL
);

CREATE TABLE refresh_tokens (
    id uuid PRIMARY KEY,
    family uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users (id),
    hash bytea NOT NULL UNIQUE CHECK (length(hash) = 32),
    expires_ns bigint NOT NULL,
    used_ns bigint,
    revoked_ns bigint
);

CREATE INDEX refresh_tokens_family ON refresh_tokens (family);
CREATE INDEX refresh_tokens_user ON refresh_tokens (user_id);
CREATE INDEX refresh_tokens_expiry ON refresh_tokens (expires_ns);
