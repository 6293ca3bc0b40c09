package hub

import (
	"strings"

	"github.com/seed-96940006/tagboat/internal/testkit"
)

// WebCommit adds a commit to a branch as somebody does in the browser, past every
// rule, and gives its id: GitHub commits and signs it, and its author is a user
// under the name and the e-mail that they chose, which may be anybody's name.
func (r *Repo) WebCommit(branch, name, email, message string, files ...testkit.GitFile) string {
	h := r.hub
	h.state.Lock()
	defer h.state.Unlock()
	ref := "refs/heads/" + branch
	tip := r.files.get(ref)
	parent, _ := r.store.commit(tip)
	changes := map[string]entry{}
	for _, f := range files {
		changes[f.Path] = r.entryOf(f)
	}
	h.ownerOf(name, email)
	c := commit{tree: r.store.edit(parent.tree, changes), author: stamp{name, email, h.now()}, committer: h.webFlow(), message: message}
	if tip != "" {
		c.parents = []string{tip}
	}
	oid := r.store.putCommit(c, h.key)
	was := tip
	if was == "" {
		was = zero
	}
	if err := r.files.update(change{ref, was, oid}); err != nil {
		h.tb.Errorf("hub: %s: %v", r.FullName(), err)
	}
	r.settle(r.files)
	return oid
}

// entryOf stores a file; one that is deleted has no mode.
func (r *Repo) entryOf(f testkit.GitFile) entry {
	switch f.Mode {
	case "D":
		return entry{}
	case modeSubmodule:
		return entry{mode: modeSubmodule, oid: f.Data}
	case "":
		f.Mode = modeFile
	}
	return entry{mode: f.Mode, oid: r.store.put(kindBlob, []byte(f.Data))}
}

// ownerOf is the user with an e-mail, made where there is none: its login comes of
// the e-mail and is nobody else's.
func (h *Hub) ownerOf(name, email string) *person {
	if p := h.byEmail(email); p != nil {
		return p
	}
	local, _, _ := strings.Cut(strings.ToLower(email), "@")
	if _, after, plus := strings.Cut(local, "+"); plus {
		local = after
	}
	words := strings.FieldsFunc(local, func(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') })
	p := &person{id: h.next(), login: strings.Join(words, "-"), name: name, email: email}
	if p.login == "" || h.known(p.login) != nil || h.known(p.login+"[bot]") != nil {
		p.login += "-" + itoa(p.id)
	}
	h.people = append(h.people, p)
	return p
}
