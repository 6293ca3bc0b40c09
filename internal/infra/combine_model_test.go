package infra

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/fstest"
	"time"
)

// model is a host in memory: a branch whose every commit is kept, and intents. Each
// request takes a while of the bubble's clock, so that runs meet in many ways.
type model struct {
	mu      sync.Mutex
	chance  *rand.Rand
	latency time.Duration // of a request; half to one and a half of it
	atomic  bool          // a commit removes what it fulfils, as with git
	history []modelCommit
	intents map[string]Intent
	refuse  func(ChangeSet) error // what the host will not have; nil takes everything
}

type modelCommit struct {
	files   map[string]string
	message string
}

func newModel(seed uint64, files map[string]string) *model {
	return &model{chance: rand.New(rand.NewPCG(seed, 0)), latency: 50 * time.Millisecond, history: []modelCommit{{files: files}}, intents: map[string]Intent{}}
}

func (m *model) tip() map[string]string { return m.history[len(m.history)-1].files }

func (m *model) head() string { return fmt.Sprint("c", len(m.history)-1) }

func (m *model) delay() time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.latency/2 + time.Duration(m.chance.Int64N(int64(m.latency)+1))
}

// client is how one run reaches the model.
type client struct {
	*model
	requests, writes int
	publishing       int // writes that publishing takes: 1 with git, 2 with GitHub's API

	// The run is killed at this request, before or after it had its effect: from then
	// on nothing of it reaches the host. 0 lets it live.
	killedAt    int
	killedAfter bool
	dead        bool
}

// client is a run's way to the model, as it is with git or with GitHub's API.
func (m *model) client(host string) *client {
	if host == "api" {
		return &client{model: m, publishing: 2}
	}
	return &client{model: m, publishing: 1}
}

var errKilled = errors.New("killed")

// do is one request: it takes its time on the way there and on the way back.
func (c *client) do(ctx context.Context, writes int, effect func() error) error {
	c.requests++
	kill := c.killedAt == c.requests
	if c.dead = c.dead || kill && !c.killedAfter; c.dead {
		return errKilled
	}
	c.writes += writes
	if err := sleep(ctx, c.delay()); err != nil {
		return err
	}
	c.mu.Lock()
	err := effect()
	c.mu.Unlock()
	if c.dead = kill; c.dead {
		return errKilled
	}
	return errors.Join(err, sleep(ctx, c.delay()))
}

func (c *client) Read(ctx context.Context) (on *Snapshot, err error) {
	err = c.do(ctx, 0, func() error {
		on = &Snapshot{Branch: "main", Head: c.head(), Files: c.fs(), Tree: c.fs()}
		if n := len(c.history); n > 1 {
			on.Parents = []string{fmt.Sprint("c", n-2)}
		}
		for _, id := range sortedKeys(c.intents) {
			on.Waiting = append(on.Waiting, c.intents[id])
		}
		return nil
	})
	return on, err
}

func (c *client) fs() fs.FS {
	files := fstest.MapFS{}
	for name, text := range c.tip() {
		files[name] = &fstest.MapFile{Data: []byte(text), Mode: 0o644}
	}
	return files
}

func (c *client) Commit(ctx context.Context, on *Snapshot, set ChangeSet) (w Written, err error) {
	err = c.do(ctx, 1, func() error {
		if c.refuse != nil && c.refuse(set) != nil {
			return c.refuse(set)
		}
		if on.Head != c.head() {
			return fmt.Errorf("main: %w", ErrStale)
		}
		if c.atomic {
			for _, in := range set.Fulfils {
				if c.intents[in.ID].Commit != in.Commit {
					return fmt.Errorf("%s is gone: %w", in.ID, ErrStale)
				}
			}
			for _, in := range set.Fulfils {
				delete(c.intents, in.ID)
			}
		}
		files := maps.Clone(c.tip())
		for name, data := range set.Files {
			files[name] = string(data)
		}
		c.history = append(c.history, modelCommit{files, set.Message})
		w = Written{Commit: c.head(), Branch: "main", Changed: true}
		return nil
	})
	return w, err
}

func (c *client) Propose(context.Context, *Snapshot, Proposal, ChangeSet) (Written, error) {
	return Written{}, errors.New("not asked for")
}

func (c *client) Publish(ctx context.Context, _ *Snapshot, in Intent) (Intent, error) {
	in.Commit = "of " + in.ID
	err := c.do(ctx, c.publishing, func() error {
		c.intents[in.ID] = in
		return nil
	})
	return in, err
}

func (c *client) Clear(ctx context.Context, _ *Snapshot, done []Intent) error {
	return c.do(ctx, 1, func() error {
		for _, in := range done {
			if c.intents[in.ID].Commit == in.Commit {
				delete(c.intents, in.ID)
			}
		}
		return nil
	})
}

func (c *client) Select(ctx context.Context, on *Snapshot, paths []Paths) ([]Selection, error) {
	all := make([]Selection, len(paths))
	for i := range all {
		all[i].Files = on.Files
	}
	return all, c.do(ctx, 0, func() error { return nil })
}

func (c *client) Clears() bool { return c.atomic }

func (c *client) Trusting() bool { return true }

// raise is an edit as data: a field of a file gets a number, unless it holds a greater one.
type raise struct {
	File, Field string
	To          int
}

func (r raise) data() []byte {
	data, err := json.Marshal(r)
	if err != nil {
		panic(err) // of strings and a number
	}
	return data
}

// edit looks for a line "<field>: <number>".
func (r raise) edit(on *Snapshot) (ChangeSet, error) {
	data, err := fs.ReadFile(on.Files, r.File)
	if err != nil {
		return ChangeSet{}, err
	}
	lines := strings.Split(string(data), "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, r.Field+": ") })
	if at < 0 {
		return ChangeSet{}, fmt.Errorf("%s has no %s", r.File, r.Field)
	}
	var is int
	if _, err := fmt.Sscanf(lines[at], r.Field+": %d", &is); err != nil || is >= r.To {
		return ChangeSet{}, err
	}
	lines[at] = fmt.Sprintf("%s: %d", r.Field, r.To)
	return ChangeSet{
		Files:   map[string][]byte{r.File: []byte(strings.Join(lines, "\n"))},
		Key:     fmt.Sprintf("%s:%d", r.Field, r.To),
		Message: fmt.Sprintf("%s: %d\n\nTagboat-Image: %s\nTagboat-To: %d\n", r.Field, r.To, r.Field, r.To),
	}, nil
}

func replayRaise(data []byte) (Paths, Edit, error) {
	var r raise
	if err := json.Unmarshal(data, &r); err != nil {
		return Paths{}, nil, err
	}
	paths, err := ParsePaths([]string{r.File}, nil)
	return paths, r.edit, err
}

// combining are the options of a run that makes this edit.
func (r raise) combining() Options { return Options{Data: r.data(), Replay: replayRaise} }

// secret is what the runs of the tests have in common.
var secret = []byte("the key of an App")

// signed are those of a run that shares a secret with the others.
func (r raise) signed() Options {
	o := r.combining()
	o.Secret = secret
	return o
}
