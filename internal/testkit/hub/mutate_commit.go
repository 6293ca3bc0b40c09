package hub

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// createCommitOnBranch makes a commit on a branch that is where the client thinks.
// It is signed by GitHub; its author is whose token it is.
func createCommitOnBranch(x *exec, in *args) (map[string]any, error) {
	branch, message, files := in.child("branch"), in.child("message"), in.child("fileChanges")
	expected := in.text("expectedHeadOid")
	r, name, tip, err := x.committable(branch)
	if err != nil {
		return nil, err
	}
	changes, err := fileChanges(r, files)
	if err != nil {
		return nil, err
	}
	if tip != expected {
		return nil, staleData(expected)
	}
	parent, _ := r.store.commit(tip)
	for path, e := range changes {
		if _, ok := r.store.find(parent.tree, path); e.mode == "" && !ok {
			return nil, unprocessable(fmt.Sprintf("A path was requested for deletion which does not exist as of commit oid `%s`", tip))
		}
	}
	k := commit{
		tree: r.store.edit(parent.tree, changes), parents: []string{tip}, author: x.hub.stamp(x.who.owner), committer: x.hub.webFlow(),
		message: joinMessage(message.text("headline"), message.text("body")),
	}
	oid := r.store.putCommit(k, x.hub.key)
	if err := x.move(r, change{name, tip, oid}); err != nil {
		m, ok := errors.AsType[moved](err)
		switch {
		case ok && m.now == "":
			return nil, noBranch(name)
		case ok:
			return nil, staleData(expected)
		}
		return nil, err
	}
	return map[string]any{"commit": r.gitObject(oid), "ref": r.refNode(r.files, name)}, nil
}

func staleData(expected string) error {
	return &graphError{"STALE_DATA", fmt.Sprintf("Expected branch to point to %q but it did not.  Pull and try again.", expected)}
}

func noBranch(name string) error {
	return notFound(fmt.Sprintf("No ref with the name %q found in the repository.", strings.TrimPrefix(name, "refs/heads/")))
}

// committable is the branch that a commit shall be made on, and where it is. It has
// to exist.
func (x *exec) committable(branch *args) (r *Repo, name, tip string, err error) {
	r, name = x.hub.refOf(branch.text("id"))
	if !branch.has("id") {
		full := branch.text("repositoryNameWithOwner")
		r = x.hub.repos[strings.ToLower(full)]
		if r == nil || !x.who.sees(r) {
			return nil, "", "", notFound(fmt.Sprintf("Could not resolve to a Repository with the name '%s'.", full))
		}
		name = "refs/heads/" + strings.TrimPrefix(branch.text("branchName"), "refs/heads/")
	}
	if r == nil || !x.who.sees(r) {
		return nil, "", "", notFound(unresolved(branch.text("id")))
	}
	if err := x.need(r, "contents", "write"); err != nil {
		return nil, "", "", err
	}
	tip = r.files.get(name)
	switch {
	case tip == "" && branch.has("id"): // the id is of nothing any more
		return nil, "", "", notFound(unresolved(branch.text("id")))
	case tip == "":
		return nil, "", "", noBranch(name)
	}
	return r, name, tip, nil
}

// fileChanges are the entries that a commit sets; one without mode is deleted. A
// mode cannot be told, so everything becomes a plain file.
func fileChanges(r *Repo, files *args) (map[string]entry, error) {
	changes := map[string]entry{}
	set := func(path string, e entry) error {
		if _, twice := changes[path]; twice {
			return unprocessable(fmt.Sprintf("A path was given more than once: %s", path))
		}
		if malformed(path) {
			return unprocessable(fmt.Sprintf("A path is malformed: %s", path))
		}
		changes[path] = e
		return nil
	}
	for _, one := range files.children("additions") {
		data, err := base64.StdEncoding.Strict().DecodeString(one.text("contents"))
		if err != nil || strings.ContainsAny(one.text("contents"), "\r\n") {
			return nil, &graphError{"", "Variable $input of type CreateCommitOnBranchInput! was provided invalid value for fileChanges.additions.0.contents (contents is not valid Base64)"}
		}
		if err := set(one.text("path"), entry{mode: modeFile, oid: r.store.put(kindBlob, data)}); err != nil {
			return nil, err
		}
	}
	for _, one := range files.children("deletions") {
		if err := set(one.text("path"), entry{}); err != nil {
			return nil, err
		}
	}
	return changes, nil
}
