package hub

import "time"

// stale is how long reads go on to see the refs as they were before a write.
type stale struct {
	reads int           // this many reads after each write
	lasts time.Duration // or for this long
}

// Stale makes the next n reads of a repository after each write through the API or
// a push see its refs as they were before that write; 0 ends it. Writes always see
// the refs as they are.
func (h *Hub) Stale(n int) { h.setStale(stale{reads: n}) }

// StaleFor is Stale by time.
func (h *Hub) StaleFor(d time.Duration) { h.setStale(stale{lasts: d}) }

func (h *Hub) setStale(s stale) {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	h.knobs.gone = s
}

// past is the state of a repository's refs before its last write.
type past struct {
	refs  memory
	reads int // that see it yet
	until time.Time
}

// remember keeps the refs for the reads that shall see them as they are now.
func (h *Hub) remember(r *Repo) {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	s := h.knobs.gone
	if s == (stale{}) {
		r.past = nil
		return
	}
	p := &past{reads: s.reads, until: h.clock().Add(s.lasts)}
	if r.past != nil && (r.past.reads > 0 || h.clock().Before(r.past.until)) {
		p.refs = r.past.refs // nobody was told of the write before this one either
	} else {
		p.refs = r.files.list("refs/")
	}
	r.past = p
}

// view is the state of the refs that a read sees.
func (h *Hub) view(r *Repo) reader {
	h.knobs.mu.Lock()
	defer h.knobs.mu.Unlock()
	p := r.past
	if p == nil || h.knobs.gone == (stale{}) {
		return r.files
	}
	switch {
	case p.reads > 0:
		p.reads--
		return p.refs
	case h.clock().Before(p.until):
		return p.refs
	default:
		return r.files
	}
}
