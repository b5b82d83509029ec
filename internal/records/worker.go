package records

import (
	"context"
	"time"
)

// Worker is a process that works on sweeps.
type Worker struct {
	ID      string    `json:"id"`
	Host    string    `json:"host"`
	PID     int64     `json:"pid"`
	Version string    `json:"version"`
	Started time.Time `json:"started"`
	// Beat is when it last said that it lives.
	Beat time.Time `json:"beat"`
}

const workerColumns = "id, host, pid, version, started, beat"

func scanWorker(scan func(to ...any) error, w *Worker) error {
	var started, beat int64
	err := scan(&w.ID, &w.Host, &w.PID, &w.Version, &started, &beat)
	w.Started, w.Beat = moment(started), moment(beat)
	return err
}

// Beat notes that a worker lives, by the clock of the database.
func (s *Store) Beat(ctx context.Context, w Worker) error {
	now := s.engine.words().now
	_, err := s.engine.exec(ctx, "INSERT INTO workers (id, host, pid, version, started, beat) VALUES ($1, $2, $3, $4, "+now+", "+now+`)
		ON CONFLICT (id) DO UPDATE SET beat = excluded.beat`, w.ID, w.Host, w.PID, w.Version)
	return doing("note that a worker lives", err)
}

// Leave forgets a worker that ends.
func (tx *Tx) Leave(ctx context.Context, id string) error {
	_, err := tx.exec(ctx, "DELETE FROM workers WHERE id = $1", id)
	return doing("forget a worker", err)
}

// Workers returns the workers that said within some time that they live.
func (s *Store) Workers(ctx context.Context, within time.Duration) ([]Worker, error) {
	workers, err := list(ctx, s.engine, "SELECT "+workerColumns+" FROM workers WHERE beat > "+s.engine.words().now+" - $1 ORDER BY id", scanWorker, within.Microseconds())
	return workers, doing("list workers", err)
}

// ForgetWorkers forgets those that have not been heard of for some time.
func (tx *Tx) ForgetWorkers(ctx context.Context, since time.Duration) error {
	_, err := tx.exec(ctx, "DELETE FROM workers WHERE beat < "+tx.words().now+" - $1", since.Microseconds())
	return doing("forget workers", err)
}
