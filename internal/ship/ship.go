// Package ship runs the steps of a plan in their order and keeps an outcome for
// each of them, reached or not. It knows no step by name: what a step does is
// its own business, whether it follows is the runner's.
package ship

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Step is one thing to do, a few dozen lines of acting; what to do was decided
// in the plan.
type Step struct {
	Name string
	// Run does it and says in a sentence what was done. It returns Skip where
	// there is nothing to do, and Already where it was so before.
	Run func(context.Context) (string, error)
}

// Skip is returned by a step that has nothing to do; it says why.
type Skip string

func (s Skip) Error() string { return string(s) }

// Already is returned by a step that found its work done; it says what stands there.
type Already string

func (a Already) Error() string { return string(a) }

// Status is how a step ended.
type Status string

// The statuses of an outcome.
const (
	Done       Status = "done"
	AlreadySo  Status = "already so"
	Skipped    Status = "skipped"
	Failed     Status = "failed"
	NotReached Status = "not reached"
)

// Outcome is how one step ended.
type Outcome struct {
	Step   string        `json:"step"`
	Status Status        `json:"status"`
	Detail string        `json:"detail,omitempty"` // what was done, why not, or what went wrong
	Took   time.Duration `json:"took_ns"`
	Err    error         `json:"-"` // Failed only
}

// Log is where a run is told about: a group a step.
type Log interface {
	Group(title string) (end func())
	Printf(format string, args ...any)
}

// Run runs the steps until one fails or ctx ends. There is an outcome for every
// step in any case. The error is that of the step that failed.
func Run(ctx context.Context, log Log, now func() time.Time, steps []Step) ([]Outcome, error) {
	outcomes := make([]Outcome, 0, len(steps))
	var failed error
	for _, step := range steps {
		if failed != nil {
			outcomes = append(outcomes, Outcome{Step: step.Name, Status: NotReached})
			continue
		}
		o := runOne(ctx, log, now, step)
		outcomes, failed = append(outcomes, o), o.Err
	}
	return outcomes, failed
}

func runOne(ctx context.Context, log Log, now func() time.Time, step Step) Outcome {
	start := now()
	end := log.Group(step.Name)
	detail, err := "", context.Cause(ctx)
	if err == nil {
		detail, err = step.Run(ctx)
	}
	o := outcome(step.Name, detail, err)
	o.Took = now().Sub(start)
	if o.Detail == "" || o.Status == Failed { // the error is reported by whoever asked for the run
		log.Printf("%s", o.Status)
	} else {
		log.Printf("%s: %s", o.Status, o.Detail)
	}
	end()
	return o
}

func outcome(name, detail string, err error) Outcome {
	if err == nil {
		return Outcome{Step: name, Status: Done, Detail: detail}
	}
	if skip, ok := errors.AsType[Skip](err); ok {
		return Outcome{Step: name, Status: Skipped, Detail: string(skip)}
	}
	if already, ok := errors.AsType[Already](err); ok {
		return Outcome{Step: name, Status: AlreadySo, Detail: string(already)}
	}
	if errors.Is(err, context.Canceled) {
		err = fault.New("E_CANCELLED", "run again: every step looks at what is there first", fmt.Errorf("the run was cancelled: %w", err))
	}
	return Outcome{Step: name, Status: Failed, Detail: err.Error(), Err: err}
}
