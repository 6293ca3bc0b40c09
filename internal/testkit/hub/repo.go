package hub

import (
	"encoding/json"
	"sort"
	"strings"
	"sync"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// Repo is a repository of the hub. What is embedded writes to it as somebody with
// a clone would, past every rule.
type Repo struct {
	*testkit.GitRepo
	Owner, Name string

	hub   *Hub
	id    int
	store *store
	files files

	settings     Settings // what follows is guarded by Hub.state
	protections  []*Protection
	pulls        []*pull
	labels       []*label
	statuses     map[string]map[string]string // of a commit: context to success, pending, failure
	attestations map[string][]json.RawMessage // of a digest: bundles
	past         *past                        // guarded by Hub.knobs

	merges sync.Map // what merging two commits gives
}

// Settings are those of a repository. The zero value is a public one with
// everything allowed but auto-merge.
type Settings struct {
	DefaultBranch       string // "" is main
	Archived            bool
	Private             bool
	AutoMerge           bool   // auto-merge is allowed
	MergeMethods        string // of "merge squash rebase"; "" is all
	DeleteBranchOnMerge bool
	NoPullsByActions    bool // GITHUB_TOKEN may open no pull requests
	FoldersAreNull      bool // GraphQL's file(path) finds no folders
	TreeLimit           int  // entries of a recursive tree before it is truncated; 0 is 100,000
	UnknownMerges       int  // how often a pull request's mergeable is null before it is known
}

// Repo makes an empty repository, named owner/name, or gives the one that was made.
func (h *Hub) Repo(name string) *Repo {
	h.tb.Helper()
	h.state.Lock()
	defer h.state.Unlock()
	if r := h.repos[strings.ToLower(name)]; r != nil {
		return r
	}
	owner, short, ok := strings.Cut(name, "/")
	if !ok {
		h.tb.Fatalf("hub: a repository is named owner/name, not %q", name)
	}
	r := &Repo{GitRepo: h.backend.Repo(name), Owner: owner, Name: short, hub: h, id: h.next(), statuses: map[string]map[string]string{}}
	r.store, r.files = newStore(h.tb, r.GitRepo), newFiles(r.Dir)
	h.repos[strings.ToLower(name)] = r
	return r
}

// FullName is owner/name.
func (r *Repo) FullName() string { return r.Owner + "/" + r.Name }

// Set changes the settings.
func (r *Repo) Set(change func(*Settings)) {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	change(&r.settings)
}

// RenamedFrom makes the repository answer under a former name, as owner/name, too:
// REST redirects to the number of the repository, GraphQL and git go to it at once.
func (r *Repo) RenamedFrom(name string) {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	r.hub.repos[strings.ToLower(name)] = r
}

// defaultBranch is the default branch.
func (r *Repo) defaultBranch() string {
	if r.settings.DefaultBranch != "" {
		return r.settings.DefaultBranch
	}
	return "main"
}

// empty reports whether the repository has no branches.
func (r *Repo) empty() bool { return !r.files.any("refs/heads/") }

// methods reports whether pull requests may be merged in this way.
func (s Settings) merges(method string) bool {
	return s.MergeMethods == "" || strings.Contains(" "+s.MergeMethods+" ", " "+method+" ")
}

// Status sets what a check says of a commit: success, failure, pending.
func (r *Repo) Status(sha, context, state string) {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	if r.statuses[sha] == nil {
		r.statuses[sha] = map[string]string{}
	}
	r.statuses[sha][context] = state
	r.settle(r.files)
}

// label is one of a repository.
type label struct {
	id          int
	name        string
	color       string
	description string
}

// Label makes a label.
func (r *Repo) Label(name string) {
	r.hub.state.Lock()
	defer r.hub.state.Unlock()
	r.label(name)
}

// label is the one of that name, made where there is none.
func (r *Repo) label(name string) *label {
	if l := r.knownLabel(name); l != nil {
		return l
	}
	l := &label{id: r.hub.next(), name: name, color: "ededed"}
	r.labels = append(r.labels, l)
	return l
}

func (r *Repo) knownLabel(name string) *label {
	return first(r.labels, func(l *label) bool { return strings.EqualFold(l.name, name) })
}

func sorted[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
