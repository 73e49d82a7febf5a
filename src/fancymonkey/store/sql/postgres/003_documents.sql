CREATE TABLE document (
    folder text COLLATE "C" NOT NULL,
    name text COLLATE "C" NOT NULL,
    version bigint NOT NULL CHECK (version > 0),
    at bigint NOT NULL,
    body text NOT NULL,
    until bigint,
    PRIMARY KEY (folder, name)
);

CREATE INDEX document_until ON document (until) WHERE until IS NOT NULL;
