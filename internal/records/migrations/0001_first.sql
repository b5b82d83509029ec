-- Times are microseconds since 1970 in UTC, 0 for never. JSON is text.

CREATE TABLE runs (
	seq {serial},
	kind TEXT NOT NULL,
	target TEXT NOT NULL,
	cause TEXT NOT NULL,
	state TEXT NOT NULL,
	started BIGINT NOT NULL,
	ended BIGINT NOT NULL DEFAULT 0,
	expected BIGINT NOT NULL DEFAULT 0,
	covered BIGINT NOT NULL DEFAULT 0,
	error TEXT NOT NULL DEFAULT '',
	totals TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX runs_state ON runs (state, seq);

CREATE TABLE repositories (
	seq {serial},
	name TEXT NOT NULL UNIQUE,
	origin TEXT NOT NULL,
	location TEXT NOT NULL,
	url TEXT NOT NULL DEFAULT '',
	about TEXT NOT NULL DEFAULT '{}',
	pushed BIGINT NOT NULL DEFAULT 0,
	gone BIGINT NOT NULL DEFAULT 0,
	state TEXT NOT NULL DEFAULT '',
	state_run BIGINT NOT NULL DEFAULT 0,
	covered BIGINT NOT NULL DEFAULT 0,
	complete BOOLEAN NOT NULL DEFAULT FALSE,
	holder TEXT NOT NULL DEFAULT '',
	held_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX repositories_complete ON repositories (complete, seq);
CREATE INDEX repositories_origin ON repositories (origin, seq);

CREATE TABLE coverage (
	seq {serial},
	run BIGINT NOT NULL,
	repository BIGINT NOT NULL,
	at BIGINT NOT NULL,
	outcome TEXT NOT NULL,
	complete BOOLEAN NOT NULL,
	state TEXT NOT NULL,
	tips TEXT NOT NULL,
	counts TEXT NOT NULL,
	skipped TEXT NOT NULL,
	findings BIGINT NOT NULL,
	millis BIGINT NOT NULL,
	UNIQUE (run, repository)
);
CREATE INDEX coverage_repository ON coverage (repository, seq);

CREATE TABLE findings (
	seq {serial},
	id TEXT NOT NULL,
	repository BIGINT NOT NULL,
	path TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	rule TEXT NOT NULL,
	provider TEXT NOT NULL,
	confidence TEXT NOT NULL,
	life TEXT NOT NULL,
	open BOOLEAN NOT NULL,
	standing TEXT NOT NULL,
	asked BIGINT NOT NULL DEFAULT 0,
	verdict TEXT NOT NULL DEFAULT '{}',
	present BOOLEAN NOT NULL,
	referenced BOOLEAN NOT NULL,
	stored BOOLEAN NOT NULL,
	expires BIGINT NOT NULL DEFAULT 0,
	first_seen BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	first_run BIGINT NOT NULL,
	last_run BIGINT NOT NULL,
	fixed BIGINT NOT NULL DEFAULT 0,
	places TEXT NOT NULL,
	UNIQUE (repository, id)
);
CREATE INDEX findings_id ON findings (id);
CREATE INDEX findings_life ON findings (life, seq);
CREATE INDEX findings_open ON findings (open, seq);
CREATE INDEX findings_standing ON findings (standing, seq);
CREATE INDEX findings_counts ON findings (life, standing);
CREATE INDEX findings_provider ON findings (provider, seq);
CREATE INDEX findings_rule ON findings (rule, seq);
CREATE INDEX findings_repository ON findings (repository, seq);
CREATE INDEX findings_fingerprint ON findings (fingerprint, seq);
CREATE INDEX findings_expires ON findings (expires) WHERE expires > 0;

CREATE TABLE changes (
	seq {serial},
	finding BIGINT NOT NULL,
	at BIGINT NOT NULL,
	run BIGINT NOT NULL,
	was TEXT NOT NULL,
	now TEXT NOT NULL,
	who TEXT NOT NULL,
	why TEXT NOT NULL
);
CREATE INDEX changes_finding ON changes (finding, seq);
CREATE INDEX changes_run ON changes (run, seq);

CREATE TABLE decisions (
	seq {serial},
	finding TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	who TEXT NOT NULL,
	why TEXT NOT NULL,
	at BIGINT NOT NULL,
	until BIGINT NOT NULL,
	ended BIGINT NOT NULL DEFAULT 0,
	ended_by TEXT NOT NULL DEFAULT ''
);
CREATE INDEX decisions_finding ON decisions (finding);
CREATE INDEX decisions_fingerprint ON decisions (fingerprint);
CREATE INDEX decisions_open ON decisions (until) WHERE ended = 0;

CREATE TABLE keys (
	seq {serial},
	provider TEXT NOT NULL,
	account TEXT NOT NULL,
	id TEXT NOT NULL,
	name TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	record TEXT NOT NULL,
	used BIGINT NOT NULL,
	first_seen BIGINT NOT NULL,
	last_seen BIGINT NOT NULL,
	gone BIGINT NOT NULL DEFAULT 0,
	UNIQUE (provider, account, id)
);
CREATE INDEX keys_fingerprint ON keys (fingerprint);
CREATE INDEX keys_used ON keys (used, seq);

CREATE TABLE key_uses (
	seq {serial},
	key BIGINT NOT NULL,
	at BIGINT NOT NULL,
	until BIGINT NOT NULL,
	known BOOLEAN NOT NULL,
	used BIGINT NOT NULL,
	count BIGINT NOT NULL
);
CREATE INDEX key_uses_key ON key_uses (key, seq);

CREATE TABLE actions (
	seq {serial},
	kind TEXT NOT NULL,
	subject TEXT NOT NULL,
	state TEXT NOT NULL,
	who TEXT NOT NULL,
	at BIGINT NOT NULL,
	run BIGINT NOT NULL,
	detail TEXT NOT NULL
);
CREATE INDEX actions_subject ON actions (subject, seq);
CREATE INDEX actions_kind ON actions (kind, seq);

CREATE TABLE schedules (
	name TEXT PRIMARY KEY,
	cron TEXT NOT NULL,
	zone TEXT NOT NULL,
	jitter BIGINT NOT NULL,
	request TEXT NOT NULL,
	enabled BOOLEAN NOT NULL,
	due BIGINT NOT NULL,
	started BIGINT NOT NULL DEFAULT 0,
	run BIGINT NOT NULL DEFAULT 0
);

CREATE TABLE workers (
	id TEXT PRIMARY KEY,
	host TEXT NOT NULL,
	pid BIGINT NOT NULL,
	version TEXT NOT NULL,
	started BIGINT NOT NULL,
	beat BIGINT NOT NULL
)
