CREATE TABLE entities (
    id uuid PRIMARY KEY,
    kind text NOT NULL,
    name text NOT NULL,
    description text NOT NULL,
    owner text NOT NULL,
    tags text[] NOT NULL,
    search_text text NOT NULL,
    created_ns bigint NOT NULL,
    UNIQUE (kind, name)
);

CREATE TABLE entity_versions (
    number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    entity_id uuid NOT NULL REFERENCES entities (id),
    version text NOT NULL,
    status text NOT NULL,
    config json NOT NULL,
    checksum text NOT NULL CHECK (length(checksum) = 64),
    created_by text NOT NULL,
    created_ns bigint NOT NULL,
    PRIMARY KEY (entity_id, version)
);

CREATE TABLE entity_requirements (
    entity_id uuid NOT NULL,
    version text NOT NULL,
    required_id uuid NOT NULL REFERENCES entities (id),
    versions text NOT NULL,
    PRIMARY KEY (entity_id, version, required_id),
    FOREIGN KEY (entity_id, version) REFERENCES entity_versions (entity_id, version),
    CHECK (entity_id <> required_id)
);

CREATE INDEX entity_requirements_required ON entity_requirements (required_id);
