package hub

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// knobs are the troubles that a test asked for, and what the hub was asked.
type knobs struct {
	mu       sync.Mutex
	rules    []*Rule
	before   []*hook
	after    []*hook
	latency  time.Duration
	requests []string
	counts   map[string]int
	gone     stale
}

// hook is something to do once at a request.
type hook struct {
	match string
	do    func()
}

// Before runs f once, right before the next request that matches is looked at: its
// token and the refs are read after that. What matches is told at Rule.Match.
func (h *Hub) Before(match string, f func()) {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	h.knobs.before = append(h.knobs.before, &hook{match, f})
}

// After runs f once, when the next request that matches had its effect and before
// it is answered.
func (h *Hub) After(match string, f func()) {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	h.knobs.after = append(h.knobs.after, &hook{match, f})
}

// Latency is how long every answer takes at least.
func (h *Hub) Latency(d time.Duration) {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	h.knobs.latency = d
}

// Requests are those since the last call, in order of arrival:
// "GET /api/v3/repos/acme/infra", "POST /api/graphql createCommitOnBranch",
// "POST /acme/infra.git/git-receive-pack".
func (h *Hub) Requests() []string {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	requests := h.knobs.requests
	h.knobs.requests = nil
	return requests
}

// Counts are how many requests came with each token, "" for none.
func (h *Hub) Counts() map[string]int {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	return maps.Clone(h.knobs.counts)
}

// course is what a test wants to become of one request.
type course struct {
	rule          *Rule
	before, after func()
	latency       time.Duration
}

// admit notes a request and decides on its course.
func (k *knobs) admit(q *request) course {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.requests = append(k.requests, q.line)
	if k.counts == nil {
		k.counts = map[string]int{}
	}
	k.counts[bearer(q.Request)]++
	c := course{latency: k.latency, before: take(&k.before, q), after: take(&k.after, q)}
	for i, rule := range k.rules {
		if !matches(rule.Match, q) {
			continue
		}
		c.rule = rule
		if rule.Times--; rule.Times == 0 {
			k.rules = slices.Delete(k.rules, i, i+1)
		}
		break
	}
	return c
}

// take is the first hook that matches, which is then over.
func take(hooks *[]*hook, q *request) func() {
	i := slices.IndexFunc(*hooks, func(h *hook) bool { return matches(h.match, q) })
	if i < 0 {
		return nil
	}
	f := (*hooks)[i].do
	*hooks = slices.Delete(*hooks, i, i+1)
	return f
}

// serve lets a request run its course.
func (k *knobs) serve(w http.ResponseWriter, q *request, done <-chan struct{}, do func() *answer) {
	c := k.admit(q)
	if c.latency > 0 && !wait(q, done, c.latency) {
		return
	}
	if c.before != nil {
		c.before()
	}
	if c.rule != nil && !c.rule.How.late() {
		c.rule.answer(w, q, done)
		return
	}
	a := do()
	if c.after != nil {
		c.after()
	}
	if c.rule != nil {
		c.rule.answer(w, q, done)
		return
	}
	a.send(w)
}

// wait is over after a while, or false when nobody waits for the answer any more.
func wait(q *request, done <-chan struct{}, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-q.Context().Done():
	case <-done:
	}
	return false
}

// matches compares a request with what a test named; see Rule.Match.
func matches(match string, q *request) bool {
	if match == "" {
		return true
	}
	if !strings.ContainsAny(match, " /*") {
		return slices.Contains(q.fields, match)
	}
	return glob(match, q.Method+" "+q.URL.Path)
}

// glob compares with a pattern in which * is any text.
func glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	last := parts[len(parts)-1]
	if !strings.HasPrefix(s, parts[0]) {
		return false
	}
	s = s[len(parts[0]):]
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s = s[i+len(part):]
	}
	return strings.HasSuffix(s, last)
}
