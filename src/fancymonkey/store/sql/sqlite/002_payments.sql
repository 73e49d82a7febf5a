CREATE TABLE checkout (
    reservation_id TEXT NOT NULL PRIMARY KEY,
    number INTEGER NOT NULL CHECK (number > 0),
    stage TEXT NOT NULL CHECK (stage IN ('opening', 'open', 'closed')),
    ends_at INTEGER NOT NULL,
    request TEXT NOT NULL,
    payment_session TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE matter (
    matter_id TEXT NOT NULL PRIMARY KEY,
    concern TEXT NOT NULL,
    progress TEXT NOT NULL CHECK (progress IN ('open', 'due', 'done', 'dismissed')),
    reservation_id TEXT,
    payment TEXT NOT NULL,
    lines TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    closed_at INTEGER,
    note TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
    job TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    took INTEGER NOT NULL CHECK (took >= 0),
    outcome TEXT NOT NULL,
    report TEXT NOT NULL,
    PRIMARY KEY (job, started_at)
) STRICT, WITHOUT ROWID;
