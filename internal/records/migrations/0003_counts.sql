-- How many findings there are of a kind, kept by whatever changes findings, so that
-- nobody has to count a million of them.
CREATE TABLE finding_counts (
	life TEXT NOT NULL,
	standing TEXT NOT NULL,
	amount BIGINT NOT NULL,
	PRIMARY KEY (life, standing)
);
INSERT INTO finding_counts (life, standing, amount)
SELECT life, standing, COUNT(*) FROM findings GROUP BY life, standing;
DROP INDEX findings_counts;
-- The places of a key are read from the index alone.
DROP INDEX findings_fingerprint;
CREATE INDEX findings_fingerprint ON findings (fingerprint, seq, repository, open, stored, standing)
