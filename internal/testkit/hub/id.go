package hub

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// Node ids, as GraphQL has them and REST tells them: a prefix that says what it is,
// and the rest for GitHub alone to read.

func nodeID(prefix, inside string) string {
	return prefix + "_" + base64.RawURLEncoding.EncodeToString([]byte(inside))
}

func (r *Repo) nodeID() string             { return nodeID("R", itoa(r.id)) }
func (r *Repo) refID(name string) string   { return nodeID("REF", itoa(r.id)+":"+name) }
func (r *Repo) objectID(oid string) string { return nodeID("O", itoa(r.id)+":"+oid) }
func (p *pull) nodeID() string             { return nodeID("PR", itoa(p.id)) }
func (l *label) nodeID() string            { return nodeID("LA", itoa(l.id)) }
func (p *person) nodeID() string           { return nodeID("U", itoa(p.id)) }
func (t *team) nodeID() string             { return nodeID("T", itoa(t.id)) }
func (m *comment) nodeID() string          { return nodeID("IC", itoa(m.id)) }

// inside is what a node id of this prefix holds: a number and what follows it.
func inside(prefix, id string) (int, string, bool) {
	coded, ok := strings.CutPrefix(id, prefix+"_")
	raw, err := base64.RawURLEncoding.DecodeString(coded)
	number, rest, _ := strings.Cut(string(raw), ":")
	n, bad := strconv.Atoi(number)
	return n, rest, ok && err == nil && bad == nil
}

// repoOf is the repository with a node id, nil where there is none.
func (h *Hub) repoOf(id string) *Repo {
	n, _, ok := inside("R", id)
	return h.numbered(n, ok)
}

func (h *Hub) numbered(n int, ok bool) *Repo {
	for _, r := range h.repos {
		if ok && r.id == n {
			return r
		}
	}
	return nil
}

// refOf is the ref with a node id.
func (h *Hub) refOf(id string) (*Repo, string) {
	n, name, ok := inside("REF", id)
	return h.numbered(n, ok), name
}

// pullOf is the pull request with a node id, nil where there is none.
func (h *Hub) pullOf(id string) *pull {
	n, _, ok := inside("PR", id)
	for _, r := range h.repos {
		if p := first(r.pulls, func(p *pull) bool { return ok && p.id == n }); p != nil {
			return p
		}
	}
	return nil
}

func unresolved(id string) string {
	return fmt.Sprintf("Could not resolve to a node with the global id of '%s'", id)
}
