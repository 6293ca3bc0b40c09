package version_test

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/seed-96940006/tagboat/internal/version"
)

// memory is a Store whose tags are a list of creations: every length of it is
// a state that the store once had.
type memory struct {
	mu       sync.Mutex
	history  []creation
	requests int
}

type creation struct{ tag, commit string }

// List gives the newest state.
func (m *memory) List(_ context.Context, prefix string) (map[string]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	return m.state(len(m.history), prefix), nil
}

// state is what the store held after so many creations; the caller holds the lock.
func (m *memory) state(length int, prefix string) map[string]string {
	tags := map[string]string{}
	for _, c := range m.history[:length] {
		if strings.HasPrefix(c.tag, prefix) {
			tags[c.tag] = c.commit
		}
	}
	return tags
}

// Create is atomic.
func (m *memory) Create(_ context.Context, tag, commit string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	for _, c := range m.history {
		if c.tag == tag {
			return version.ErrTaken
		}
	}
	m.history = append(m.history, creation{tag, commit})
	return nil
}

// tags is what the store holds in the end.
func (m *memory) tags() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.state(len(m.history), ""))
}

// commit is a made-up commit id.
func commit(n int) string { return fmt.Sprintf("%040x", n) }

// atOnce waits for nothing.
func atOnce(ctx context.Context, _ int) error { return ctx.Err() }

// scripted is a Store that fails as its functions say, before or after the effect.
type scripted struct {
	*memory
	list   func(call int, tags map[string]string) (map[string]string, error)
	create func(call int, tag, commit string) (effect bool, err error)
	lists  int
	made   int
}

func (s *scripted) List(ctx context.Context, prefix string) (map[string]string, error) {
	tags, err := s.memory.List(ctx, prefix)
	if s.list != nil {
		s.lists++
		return s.list(s.lists, tags)
	}
	return tags, err
}

func (s *scripted) Create(ctx context.Context, tag, commit string) error {
	if s.create == nil {
		return s.memory.Create(ctx, tag, commit)
	}
	s.made++
	effect, failure := s.create(s.made, tag, commit)
	if !effect {
		return failure
	}
	if err := s.memory.Create(ctx, tag, commit); err != nil {
		return err
	}
	return failure
}
