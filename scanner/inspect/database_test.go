package inspect_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// writeDatabases writes databases as programs do: settings, a history of
// notebooks, texts in UTF-16, tables without ids of rows, rows that were
// deleted, and look-alikes.
const writeDatabases = `
import sqlite3, sys, json, gzip, os
folder, keys = sys.argv[1], sys.stdin.read().split("\n")

def database(name, *statements, before=()):
    db = sqlite3.connect(os.path.join(folder, name), isolation_level=None)
    for s in ("PRAGMA secure_delete = OFF", "PRAGMA synchronous = OFF", *before, "BEGIN"): db.execute(s)
    for s, *values in statements: db.execute(s, values)
    db.execute("COMMIT")
    db.close()

filler = [("INSERT INTO settings VALUES (?, ?)", "name%d" % i, "x" * (i % 300)) for i in range(2000)]
database("settings.db", ("CREATE TABLE settings(name TEXT PRIMARY KEY, value TEXT)",),
    ("CREATE TABLE accounts(id INTEGER PRIMARY KEY, owner TEXT, ionq_api_key TEXT)",),
    *filler,
    ("INSERT INTO settings VALUES ('IONQ_API_KEY', ?)", keys[0]),
    ("CREATE INDEX by_value ON settings(value)",),
    ("INSERT INTO accounts(owner, ionq_api_key) VALUES ('ada', ?)", keys[1]),
    ("INSERT INTO accounts(owner, ionq_api_key) VALUES ('bob', NULL)",))

source = "import qiskit_ionq\n" + "# much\n" * 800 + 'p = IonQProvider("' + keys[0] + '")\nprint(p)\n'
notebook = json.dumps({"cells": [{"cell_type": "code", "metadata": {}, "outputs": [], "source": ["1"]},
    {"cell_type": "code", "metadata": {}, "outputs": [], "source": ['IonQProvider("' + keys[1] + '")']}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
database("history.sqlite", ("CREATE TABLE history(session integer, line integer, source text, PRIMARY KEY (session, line))",),
    ("CREATE TABLE remote_contents(name, content BLOB)",),
    ("INSERT INTO history VALUES (1, 1, 'import qiskit_ionq')",),
    ("INSERT INTO history VALUES (1, 2, ?)", source),
    ("INSERT INTO remote_contents VALUES ('nb', ?)", notebook),
    ("INSERT INTO remote_contents VALUES ('packed', ?)", gzip.compress(("IONQ_API_KEY=" + keys[0]).encode())))

for encoding in ("UTF-16le", "UTF-16be"):
    database(encoding + ".db", ("CREATE TABLE env(k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID",),
        ("INSERT INTO env VALUES ('A', 'b')",), ("INSERT INTO env VALUES ('IONQ_API_KEY', ?)", keys[0]), before=["PRAGMA encoding = '%s'" % encoding])

rows = [("INSERT INTO t VALUES (?)", "IONQ_API_KEY=" + keys[0] + " ")] + [("INSERT INTO t VALUES (?)", "y" * 200)] * 50
database("deleted.db", ("CREATE TABLE t(v)",), *rows, ("DELETE FROM t WHERE v LIKE 'IONQ%'",))
database("dropped.db", ("CREATE TABLE u(k, v)",), ("INSERT INTO u VALUES ('IONQ_API_KEY', ?)", keys[0]), ("DROP TABLE u",))
database("alike.db", ("CREATE TABLE models(name, checksum, ionq_api_key)",),
    ("INSERT INTO models VALUES ('ionq', ?, 'your_api_key_here')", keys[2]), ("INSERT INTO models VALUES ('your_ionq_key', NULL, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')",))
`

func TestKeysInDatabases(t *testing.T) {
	values := []string{key(21), key(22), strings.Repeat("0123456789abcdef", 2)}
	folder := written(t, writeDatabases, values...)
	for name, want := range map[string][]string{
		"settings.db": {
			"settings.db!settings 2001: ionq-api-key #1",
			"settings.db!accounts 1: ionq-api-key #2",
		},
		"history.sqlite": {
			"history.sqlite!history 2: ionq-api-key #1",
			"history.sqlite!remote_contents row 1 content cell 2 source: ionq-api-key #2",
			"history.sqlite!remote_contents row 2 content!data 1: ionq-api-key #1",
		},
		"UTF-16le.db": {"UTF-16le.db!env 2: ionq-api-key #1"},
		"UTF-16be.db": {"UTF-16be.db!env 2: ionq-api-key #1"},
		"deleted.db":  {"deleted.db ?: ionq-api-key unused space #1"},
		"dropped.db":  {"dropped.db!deleted rows 1: ionq-api-key #1"},
		"alike.db":    nil,
	} {
		wantTold(t, filepath.Join(folder, name), values, want...)
	}
}
