package infra

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/seed-96940006/tagboat/internal/git"
)

// Commit implements Repo. Where the remote refuses, it fails with a fault of
// package git (E_GIT_PROTECTED, E_GIT_CHECKED_OUT, E_GIT_REFUSED and others).
func (g *Git) Commit(ctx context.Context, on *Snapshot, c ChangeSet) (Written, error) {
	written, err := g.CommitEach(ctx, on, []ChangeSet{c})
	if err != nil {
		return Written{}, err
	}
	return written[0], nil
}

// CommitEach implements Chain.
func (g *Git) CommitEach(ctx context.Context, on *Snapshot, sets []ChangeSet) ([]Written, error) {
	tip := on.Head
	var written []Written
	var fulfils []Intent
	for _, c := range sets {
		made, err := g.build(ctx, tip, c)
		if err != nil {
			return nil, err
		}
		if !made.same {
			tip = made.id
		}
		written = append(written, Written{Commit: tip, Branch: on.Branch, Changed: !made.same})
		fulfils = append(fulfils, c.Fulfils...)
	}
	switch {
	case tip != on.Head:
		return written, g.advance(ctx, on, tip, fulfils)
	case len(fulfils) > 0:
		return written, g.Clear(ctx, on, fulfils)
	}
	return written, nil
}

// draft is a commit in the scratch repository that no branch holds yet.
type draft struct {
	id   string
	tree string
	same bool // its tree is that of its parent
}

// build makes a commit on head without a work tree and without an index: git
// fast-import keeps everything but the files that are named.
func (g *Git) build(ctx context.Context, head string, c ChangeSet) (draft, error) {
	if strings.TrimSpace(c.Message) == "" || strings.Contains(c.Message, "\x00") {
		return draft{}, errors.New("a commit needs a message of plain text")
	}
	entries, err := g.list(ctx, head)
	if err != nil {
		return draft{}, err
	}
	if err := checkChange(entries, c); err != nil {
		return draft{}, err
	}
	id, err := g.imported(ctx, g.stream(entries, head, c))
	if err != nil {
		return draft{}, err
	}
	commits, err := g.commits(ctx, id, head)
	if err != nil {
		return draft{}, err
	}
	tree := commits[0].tree
	return draft{id: id, tree: tree, same: tree == commits[1].tree}, nil
}

// imported runs git fast-import, which makes a commit and prints its id.
func (g *Git) imported(ctx context.Context, stream []byte) (string, error) {
	return g.repo.Run(ctx, git.Call{
		Args: []string{"fast-import", "--quiet", "--force", "--done", "--date-format=raw"},
		// A few loose objects are cheaper than a pack and its index.
		Config: []git.Setting{{Key: "fastimport.unpackLimit", Value: "1000"}},
		Stdin:  bytes.NewReader(stream),
	})
}

// stream is the input of git fast-import that makes the commit and prints its id.
func (g *Git) stream(entries []entry, head string, c ChangeSet) []byte {
	executable := map[string]bool{}
	for _, e := range entries {
		executable[e.path] = e.mode.Perm()&0o100 != 0
	}
	who := g.o.Author.at(g.o.Now())
	message := strings.TrimRight(c.Message, "\n") + "\n"
	var b bytes.Buffer
	fmt.Fprintf(&b, "commit %s\nmark :1\nauthor %s\ncommitter %s\ndata %d\n%s\nfrom %s\n", refCommit, who, who, len(message), message, head)
	for _, name := range sortedKeys(c.Files) {
		mode := "100644"
		if executable[name] {
			mode = "100755"
		}
		fmt.Fprintf(&b, "M %s inline %s\ndata %d\n", mode, quote(name), len(c.Files[name]))
		b.Write(c.Files[name])
		b.WriteByte('\n')
	}
	b.WriteString("\nget-mark :1\ndone\n")
	return b.Bytes()
}

// quote is a path in the quotes that git reads everywhere.
func quote(name string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(name) {
		switch c := name[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// move pushes a commit to a branch that holds old ("": that does not exist).
func (g *Git) move(ctx context.Context, branch, old, commit string) (Written, error) {
	written := Written{Commit: commit, Branch: branch, Changed: true}
	results, err := g.repo.Push(ctx, g.o.Remote, git.Update{Ref: "refs/heads/" + branch, New: commit, Old: old})
	if err != nil {
		return Written{}, err
	}
	if err := g.moved(ctx, branch, commit, results[0]); err != nil {
		return Written{}, err
	}
	return written, nil
}

// moved is nil where a push has brought a commit to a branch.
func (g *Git) moved(ctx context.Context, branch, commit string, r git.Result) error {
	switch r.Status {
	case git.Done, git.Same:
		return nil
	case git.Refused:
		return r.Err
	}
	if r.Now != "" && g.holds(ctx, r.Now, commit) {
		return nil
	}
	if r.Still {
		return fmt.Errorf("branch %s: %w: %s", branch, errHeld, strings.TrimSpace(r.Reason+"\n"+r.Said))
	}
	return fmt.Errorf("branch %s: %w (%s)", branch, ErrStale, r.Reason)
}

// deep is how many commits are looked through for one whose push was not
// answered, under those that others put on top of it meanwhile.
const deep = 50

// holds reports whether a commit is part of tip's history. Where that cannot be
// told it is not: editing once more is always safe.
func (g *Git) holds(ctx context.Context, tip, commit string) bool {
	if g.o.Remote.Folder() == "" && g.fetch(ctx, deep, tip, refTip) != nil {
		return false
	}
	_, err := g.repo.Run(ctx, git.Call{Args: []string{"merge-base", "--is-ancestor", commit, tip}})
	return err == nil
}

// commit is the header and message of a commit object.
type commit struct {
	tree              string
	parents           []string
	author, committer string    // name <address>
	at                time.Time // of the committer
	message           string
}

// commits reads commits by id, in their order.
func (g *Git) commits(ctx context.Context, ids ...string) ([]commit, error) {
	found, missing, err := g.objects(ctx, ids)
	if err != nil {
		return nil, err
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("commit %s is not in %s", missing[0], g.o.Remote.URL)
	}
	all := make([]commit, len(ids))
	for i, id := range ids {
		all[i] = parseCommit(string(found[id]))
	}
	return all, nil
}

// by is who wrote the commit, and its subject.
func (c commit) by() string {
	name, _, _ := strings.Cut(c.author, " <")
	return wrote(name, c.message)
}

// wrote says in a few words what somebody did.
func wrote(name, message string) string { return fmt.Sprintf("%s: %s", name, cut(firstLine(message))) }

func parseCommit(raw string) commit {
	header, message, _ := strings.Cut(raw, "\n\n")
	c := commit{message: message}
	for line := range strings.Lines(header) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "tree":
			c.tree = value
		case "parent":
			c.parents = append(c.parents, value)
		case "author":
			c.author = undated(value)
		case "committer":
			c.committer, c.at = undated(value), dated(value)
		}
	}
	return c
}

// undated is an identity of a commit's header without its seconds and time zone.
func undated(value string) string {
	if end := strings.LastIndex(value, "> "); end >= 0 {
		return value[:end+1]
	}
	return strconv.Quote(value) // not an identity: equal to none
}

// dated is the time of an identity of a commit's header; none where it has no
// such.
func dated(value string) time.Time {
	fields := strings.Fields(value[strings.LastIndex(value, ">")+1:])
	if len(fields) == 0 {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.Unix(seconds, 0)
}
