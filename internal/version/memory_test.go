package version_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/seed-96940006/tagboat/internal/git"
	"github.com/seed-96940006/tagboat/internal/version"
)

// memory is a Store that remembers every state of its refs.
type memory struct {
	mu       sync.Mutex
	states   []map[string]string // by full name; the last is that of now
	parents  map[string]string   // of commits that have one
	shown    int                 // how many ancestors lines show
	room     bool
	apart    bool
	requests int
}

// withTags holds tags by their short names.
func withTags(tags ...creation) *memory {
	refs := map[string]string{}
	for _, c := range tags {
		refs["refs/tags/"+c.tag] = c.commit
	}
	return &memory{states: []map[string]string{refs}, shown: 100}
}

type creation struct{ tag, commit string }

// Read gives the newest state.
func (m *memory) Read(_ context.Context, s version.Scope) (*version.View, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	return m.view(len(m.states)-1, s), nil
}

// view is what a state shows; the caller holds the lock.
func (m *memory) view(state int, s version.Scope) *version.View {
	v := &version.View{Refs: map[string]string{}, Lines: version.Lines{}, Room: m.room, Apart: m.apart}
	for name, commit := range m.states[state] {
		if slices.ContainsFunc(s.Prefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
			v.Refs[name], v.Lines[commit] = commit, m.line(commit)
		}
	}
	v.Lines[s.Commit] = m.line(s.Commit)
	return v
}

func (m *memory) line(commit string) (line []string) {
	for p := m.parents[commit]; p != "" && len(line) < m.shown; p = m.parents[p] {
		line = append(line, p)
	}
	return line
}

// Write is atomic.
func (m *memory) Write(_ context.Context, updates ...git.Update) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests++
	return m.write(updates)
}

func (m *memory) write(updates []git.Update) error {
	refs := maps.Clone(m.states[len(m.states)-1])
	for _, u := range updates {
		if refs[u.Ref] != u.Old {
			return version.ErrTaken
		}
		if u.New == "" {
			delete(refs, u.Ref)
		} else {
			refs[u.Ref] = u.New
		}
	}
	m.states = append(m.states, refs)
	return nil
}

// Descendant walks up from all of them.
func (m *memory) Descendant(_ context.Context, _ *version.View, commit string, of []string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, numbered := range of {
		if m.ancestor(commit, numbered) {
			return numbered, nil
		}
	}
	return "", nil
}

// Place implements version.Store.
func (m *memory) Place(_ context.Context, _ *version.View, commit string) (version.Place, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := version.Place{Parent: m.parents[commit], Depth: 1}
	for up := m.parents[commit]; up != ""; up = m.parents[up] {
		p.Depth++
	}
	return p, nil
}

func (m *memory) ancestor(a, b string) bool {
	for p := m.parents[b]; p != ""; p = m.parents[p] {
		if p == a {
			return true
		}
	}
	return false
}

// refs is what the store holds in the end.
func (m *memory) refs() map[string]string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.states[len(m.states)-1])
}

// tags are the git tags that it holds in the end.
func (m *memory) tags() map[string]string {
	tags := map[string]string{}
	for name, commit := range m.refs() {
		if tag, ok := strings.CutPrefix(name, "refs/tags/"); ok {
			tags[tag] = commit
		}
	}
	return tags
}

// commit is a made-up commit id.
func commit(n int) string { return fmt.Sprintf("%040x", n) }

// chain makes each of so many commits the parent of the next.
func chain(commits int) map[string]string {
	parents := map[string]string{}
	for n := 1; n < commits; n++ {
		parents[commit(n)] = commit(n - 1)
	}
	return parents
}

// atOnce waits for nothing.
func atOnce(ctx context.Context, _ int) error { return ctx.Err() }

// scripted is a Store that fails as its functions say, before or after the effect.
type scripted struct {
	*memory
	read  func(call int, v *version.View) (*version.View, error)
	write func(call int, u git.Update) (effect bool, err error)
	reads int
	made  int
}

func (s *scripted) Read(ctx context.Context, scope version.Scope) (*version.View, error) {
	v, err := s.memory.Read(ctx, scope)
	if s.read != nil {
		s.reads++
		return s.read(s.reads, v)
	}
	return v, err
}

func (s *scripted) Write(ctx context.Context, updates ...git.Update) error {
	if s.write == nil {
		return s.memory.Write(ctx, updates...)
	}
	s.made++
	effect, failure := s.write(s.made, updates[0])
	if !effect {
		return failure
	}
	if err := s.memory.Write(ctx, updates...); err != nil {
		return err
	}
	return failure
}
