package hub

import (
	"errors"
	"fmt"
	"strings"
)

// What GraphQL says of refs that cannot be moved is not written down anywhere but
// for the last: the words are near those of REST, and clients go by the state that
// they read again, not by them.
const (
	saysRefTaken = "A ref named %q already exists in the repository."
	saysRefAway  = "The ref %q does not exist in the repository."
	saysNotAt    = "Reference cannot be updated: %s is at %s but expected %s"
	saysNested   = "Ref cannot be created."
)

func refProblem(err error) error {
	if m, ok := errors.AsType[moved](err); ok {
		now := m.now
		if now == "" {
			now = zero
		}
		return unprocessable(fmt.Sprintf(saysNotAt, m.name, now, m.expected))
	}
	if _, ok := errors.AsType[nested](err); ok {
		return unprocessable(saysNested)
	}
	return err
}

// fits reports what is wrong with pointing a ref to an object.
func (r *Repo) pointable(name, oid string) error {
	kind := r.store.kind(oid)
	switch {
	case !strings.HasPrefix(name, "refs/") || strings.Count(name, "/") < 2 || !validRef(name):
		return unprocessable("Ref name is invalid: " + name)
	case kind == "":
		return notFound(fmt.Sprintf("Could not resolve to an object with the oid of '%s'", oid))
	case strings.HasPrefix(name, "refs/heads/") && kind != kindCommit:
		return unprocessable("Object is not a commit")
	default:
		return nil
	}
}

func createRef(x *exec, in *args) (map[string]any, error) {
	r, err := x.theRepo(in.text("repositoryId"))
	if err != nil {
		return nil, err
	}
	name, oid := in.text("name"), in.text("oid")
	if err := r.pointable(name, oid); err != nil {
		return nil, err
	}
	if r.files.get(name) != "" {
		return nil, unprocessable(fmt.Sprintf(saysRefTaken, name))
	}
	if err := x.move(r, change{name, zero, oid}); err != nil {
		return nil, refProblem(err)
	}
	return map[string]any{"ref": r.refNode(r.files, name)}, nil
}

// theRef is the ref of an input, if the token may write to it.
func (x *exec) theRef(in *args) (*Repo, string, string, error) {
	id := in.text("refId")
	r, name := x.hub.refOf(id)
	if r == nil || !x.who.sees(r) || r.files.get(name) == "" {
		return nil, "", "", notFound(unresolved(id))
	}
	return r, name, r.files.get(name), x.need(r, "contents", "write")
}

func updateRef(x *exec, in *args) (map[string]any, error) {
	oid, force := in.text("oid"), in.bool("force")
	r, name, now, err := x.theRef(in)
	if err != nil {
		return nil, err
	}
	if err := r.pointable(name, oid); err != nil {
		return nil, err
	}
	if !force && !r.store.descends(oid, now) {
		return nil, unprocessable(saysNotForward)
	}
	if err := x.move(r, change{name, now, oid}); err != nil {
		return nil, refProblem(err)
	}
	return map[string]any{"ref": r.refNode(r.files, name)}, nil
}

func deleteRef(x *exec, in *args) (map[string]any, error) {
	r, name, now, err := x.theRef(in)
	if err != nil {
		return nil, err
	}
	if name == "refs/heads/"+r.defaultBranch() {
		return nil, unprocessable("Cannot delete the default branch")
	}
	if err := x.move(r, change{name, now, zero}); err != nil {
		return nil, refProblem(err)
	}
	return map[string]any{}, nil
}

// updateRefs moves refs, all or none: a beforeOid is compared with what the ref
// holds, zeros are a ref that does not exist.
func updateRefs(x *exec, in *args) (map[string]any, error) {
	r, err := x.theRepo(in.text("repositoryId"))
	updates := in.children("refUpdates")
	if err != nil {
		return nil, err
	}
	var changes []change
	for _, u := range updates {
		c, err := r.refUpdate(u)
		if err != nil {
			return nil, err
		}
		changes = append(changes, c)
	}
	if err := x.move(r, changes...); err != nil {
		return nil, refProblem(err)
	}
	return map[string]any{}, nil
}

func (r *Repo) refUpdate(u *args) (change, error) {
	c := change{u.text("name"), u.text("beforeOid"), u.text("afterOid")}
	force, now := u.bool("force"), r.files.get(c.name)
	switch {
	case c.old != "" && c.old != now && (c.old != zero || now != ""):
		return c, refProblem(moved{c.name, now, c.old})
	case c.new == zero && now == "":
		return c, unprocessable(fmt.Sprintf(saysRefAway, c.name))
	case c.new == zero && c.name == "refs/heads/"+r.defaultBranch():
		return c, unprocessable("Cannot delete the default branch")
	case c.new == zero:
		return c, nil
	}
	if err := r.pointable(c.name, c.new); err != nil {
		return c, err
	}
	if now != "" && !force && !r.store.descends(c.new, now) {
		return c, unprocessable(saysNotForward)
	}
	return c, nil
}
