-- Who uses the server. No password and no token is here, only what one is compared with.

CREATE TABLE users (
	seq {serial},
	name TEXT NOT NULL UNIQUE,
	role TEXT NOT NULL,
	password TEXT NOT NULL DEFAULT '',
	issuer TEXT NOT NULL DEFAULT '',
	subject TEXT NOT NULL DEFAULT '',
	created BIGINT NOT NULL,
	changed BIGINT NOT NULL,
	seen BIGINT NOT NULL DEFAULT 0,
	locked BIGINT NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX users_subject ON users (issuer, subject) WHERE issuer <> '';

CREATE TABLE sessions (
	digest TEXT PRIMARY KEY,
	person BIGINT NOT NULL,
	began BIGINT NOT NULL,
	seen BIGINT NOT NULL,
	ends BIGINT NOT NULL
);
CREATE INDEX sessions_person ON sessions (person);
CREATE INDEX sessions_ends ON sessions (ends);

CREATE TABLE tokens (
	seq {serial},
	digest TEXT NOT NULL UNIQUE,
	name TEXT NOT NULL,
	person BIGINT NOT NULL,
	role TEXT NOT NULL,
	created BIGINT NOT NULL,
	expires BIGINT NOT NULL,
	used BIGINT NOT NULL DEFAULT 0,
	ended BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_person ON tokens (person, seq);

CREATE TABLE plans (
	seq {serial},
	hash TEXT NOT NULL UNIQUE,
	kept BIGINT NOT NULL,
	who TEXT NOT NULL,
	requester TEXT NOT NULL,
	run BIGINT NOT NULL,
	state TEXT NOT NULL,
	plan TEXT NOT NULL
);
CREATE INDEX plans_state ON plans (state, seq);

CREATE TABLE votes (
	seq {serial},
	plan TEXT NOT NULL,
	who TEXT NOT NULL,
	at BIGINT NOT NULL,
	yes BOOLEAN NOT NULL,
	why TEXT NOT NULL,
	text TEXT NOT NULL,
	signature TEXT NOT NULL
);
CREATE INDEX votes_plan ON votes (plan, seq);

CREATE TABLE deliveries (
	id TEXT PRIMARY KEY,
	at BIGINT NOT NULL
);
CREATE INDEX deliveries_at ON deliveries (at)
