package infra

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"path"
)

// batch is what is written together: the edits of several runs, each made on the
// result of those before it.
type batch struct {
	on    *Snapshot
	files map[string][]byte // of all edits
	sets  []ChangeSet       // one for each edit that changes something
	taken []Intent          // in the order of sets, less this run's own
	done  []Intent          // those that leave nothing to do after these edits
}

// collect makes the edits of other runs on top of this run's. What cannot be read,
// and what fails, is left out and left in place: its run says why.
func (c *combiner) collect(ctx context.Context, on *Snapshot, own ChangeSet, others []Intent) (*batch, error) {
	b := &batch{on: on, files: map[string][]byte{}, sets: []ChangeSet{own}}
	maps.Copy(b.files, own.Files)
	readable, paths, edits := c.replays(others)
	if len(edits) == 0 {
		return b, nil
	}
	selected, err := c.board.Select(ctx, on, paths)
	if err != nil {
		return nil, err
	}
	for i, edit := range edits {
		set, err := ChangeSet{}, selected[i].Err
		if err == nil {
			set, err = b.try(edit, selected[i].Files)
		}
		switch {
		case err != nil && again(err):
			return nil, err // which says nothing about the edit
		case err != nil:
			c.logf("the edit %s of another run is left out: %s", readable[i].ID, firstLine(err.Error()))
		case len(set.Files) == 0:
			b.done = append(b.done, readable[i])
		case c.undoes(b, own, set):
			// It is older than what this run was asked for, though it may not look so.
			c.logf("the edit %s of another run is left out: it would take back what this run writes", readable[i].ID)
			b.done = append(b.done, readable[i])
		default:
			maps.Copy(b.files, set.Files)
			b.sets, b.taken = append(b.sets, set), append(b.taken, readable[i])
		}
	}
	return b, nil
}

// undoes reports whether this run would have something to do again after another
// edit: what this run was asked for comes last.
func (c *combiner) undoes(b *batch, own, other ChangeSet) bool {
	if len(own.Files) == 0 {
		return false
	}
	after := &batch{on: b.on, files: maps.Clone(b.files)}
	maps.Copy(after.files, other.Files)
	set, err := after.try(c.edit, b.on.Files)
	return err != nil || len(set.Files) > 0
}

// landed are those of the intents whose edit is on the branch.
func (c *combiner) landed(ctx context.Context, on *Snapshot, some []Intent) ([]Intent, error) {
	readable, paths, edits := c.replays(some)
	if len(edits) == 0 {
		return nil, nil
	}
	selected, err := c.board.Select(ctx, on, paths)
	if err != nil {
		return nil, err
	}
	var all []Intent
	for i, edit := range edits {
		if selected[i].Err != nil {
			continue
		}
		if set, err := (&batch{on: on}).try(edit, selected[i].Files); err == nil && len(set.Files) == 0 {
			all = append(all, readable[i])
		}
	}
	return all, nil
}

// replays turns the data of intents into edits, where that can be done.
func (c *combiner) replays(some []Intent) (readable []Intent, paths []Paths, edits []Edit) {
	for _, in := range some {
		p, edit, err := c.o.Replay(in.Data)
		if err == nil {
			readable, paths, edits = append(readable, in), append(paths, p), append(edits, edit)
		}
	}
	return readable, paths, edits
}

// try makes one edit on what the batch comes to so far.
func (b *batch) try(edit Edit, files fs.FS) (ChangeSet, error) {
	seen := *b.on
	seen.Files, seen.Tree = overlay{files, b.files, false}, overlay{b.on.Tree, b.files, true}
	set, err := edit(&seen)
	if err != nil {
		return set, err
	}
	for name := range set.Files { // a file that the edit was not shown must not be written over
		_, written := b.files[name]
		if _, err := fs.Stat(seen.Files, name); written && err != nil {
			return set, errors.New(name + " is written by another edit")
		}
		if b.blocked(name) {
			return set, errors.New(name + " is a folder of another edit")
		}
	}
	set.Files, err = differing(seen.Files, set.Files)
	return set, err
}

// blocked reports whether another edit makes a file where this one needs a folder,
// or the other way round.
func (b *batch) blocked(name string) bool {
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		if _, ok := b.files[dir]; ok {
			return true
		}
	}
	for other := range b.files {
		for dir := path.Dir(other); dir != "."; dir = path.Dir(dir) {
			if dir == name {
				return true
			}
		}
	}
	return false
}
