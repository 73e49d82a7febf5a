CREATE TABLE checkout (
    reservation_id text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL CHECK (number > 0),
    stage text NOT NULL CHECK (stage IN ('opening', 'open', 'closed')),
    ends_at bigint NOT NULL,
    request text NOT NULL,
    payment_session text
);

CREATE TABLE matter (
    matter_id text COLLATE "C" PRIMARY KEY,
    concern text NOT NULL,
    progress text NOT NULL CHECK (progress IN ('open', 'due', 'done', 'dismissed')),
    reservation_id text,
    payment text NOT NULL,
    lines text NOT NULL,
    opened_at bigint NOT NULL,
    closed_at bigint,
    note text NOT NULL
);

CREATE TABLE run (
    job text COLLATE "C" NOT NULL,
    started_at bigint NOT NULL,
    took bigint NOT NULL CHECK (took >= 0),
    outcome text NOT NULL,
    report text NOT NULL,
    PRIMARY KEY (job, started_at)
);
