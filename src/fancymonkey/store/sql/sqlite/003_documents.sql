CREATE TABLE document (
    folder TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    at INTEGER NOT NULL,
    body TEXT NOT NULL,
    until INTEGER,
    PRIMARY KEY (folder, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX document_until ON document (until) WHERE until IS NOT NULL;
