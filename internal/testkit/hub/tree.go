package hub

import (
	"bytes"
	"encoding/hex"
	"slices"
	"strings"
)

// The modes of git's tree entries, as git stores them.
const (
	modeFile       = "100644"
	modeExecutable = "100755"
	modeLink       = "120000"
	modeTree       = "40000"
	modeSubmodule  = "160000"
)

// entry is one name of a tree.
type entry struct{ mode, name, oid string }

// kind is the type of the entry's object.
func (e entry) kind() string {
	switch e.mode {
	case modeTree:
		return kindTree
	case modeSubmodule:
		return kindCommit
	default:
		return kindBlob
	}
}

// longMode is the mode as the API writes it.
func (e entry) longMode() string {
	if e.mode == modeTree {
		return "0" + modeTree
	}
	return e.mode
}

// tree reads the entries of a tree; a tree that is not there has none.
func (s *store) tree(oid string) []entry {
	o, _ := s.get(oid)
	if o.kind != kindTree {
		return nil
	}
	var entries []entry
	for data := o.data; len(data) > 0; {
		head, rest, found := bytes.Cut(data, []byte{0})
		mode, name, _ := strings.Cut(string(head), " ")
		if !found || len(rest) < 20 {
			s.tb.Errorf("hub: tree %s is broken", oid)
			return entries
		}
		entries = append(entries, entry{mode, name, hex.EncodeToString(rest[:20])})
		data = rest[20:]
	}
	return entries
}

func (s *store) putTree(entries []entry) string {
	key := func(e entry) string {
		if e.mode == modeTree {
			return e.name + "/" // git sorts a folder as if its name ended so
		}
		return e.name
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(key(a), key(b)) })
	var b bytes.Buffer
	for _, e := range entries {
		b.WriteString(e.mode + " " + e.name + "\x00")
		id, _ := hex.DecodeString(e.oid)
		b.Write(id)
	}
	return s.put(kindTree, b.Bytes())
}

// find follows a path from a tree; "" is the tree itself.
func (s *store) find(tree, path string) (entry, bool) {
	e := entry{mode: modeTree, oid: tree}
	if path == "" {
		return e, true
	}
	for part := range strings.SplitSeq(path, "/") {
		if e.mode != modeTree {
			return entry{}, false
		}
		entries := s.tree(e.oid)
		i := slices.IndexFunc(entries, func(e entry) bool { return e.name == part })
		if i < 0 {
			return entry{}, false
		}
		e = entries[i]
	}
	return e, true
}

// edit makes a tree out of another one: each path gets its entry, and one without
// mode goes away, with the folders that it leaves empty.
func (s *store) edit(tree string, changes map[string]entry) string {
	entries := s.tree(tree)
	below := map[string]map[string]entry{}
	for path, e := range changes {
		first, rest, deep := strings.Cut(path, "/")
		if !deep {
			e.name = first
			entries = replace(entries, e)
			continue
		}
		if below[first] == nil {
			below[first] = map[string]entry{}
		}
		below[first][rest] = e
	}
	for name, changes := range below {
		old := ""
		if i := slices.IndexFunc(entries, func(e entry) bool { return e.name == name && e.mode == modeTree }); i >= 0 {
			old = entries[i].oid
		}
		e := entry{modeTree, name, s.edit(old, changes)}
		if e.oid == emptyTree {
			e.mode = ""
		}
		entries = replace(entries, e)
	}
	return s.putTree(entries)
}

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

func replace(entries []entry, e entry) []entry {
	entries = slices.DeleteFunc(entries, func(old entry) bool { return old.name == e.name })
	if e.mode == "" {
		return entries
	}
	return append(entries, e)
}

// walk calls visit for everything below a tree, folders before what is in them.
func (s *store) walk(tree, prefix string, visit func(path string, e entry) bool) bool {
	for _, e := range s.tree(tree) {
		path := prefix + e.name
		if !visit(path, e) || e.mode == modeTree && !s.walk(e.oid, path+"/", visit) {
			return false
		}
	}
	return true
}

// diff calls visit for every file in which two trees differ, by name; one that is
// not there has no mode.
func (s *store) diff(a, b, prefix string, visit func(path string, was, is entry)) {
	if a == b {
		return
	}
	before, after := byName(s.tree(a)), byName(s.tree(b))
	names := sorted(before)
	for _, name := range sorted(after) {
		if _, both := before[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		was, is := before[name], after[name]
		if was == is {
			continue
		}
		if was.mode == modeTree || is.mode == modeTree {
			s.diff(folder(was), folder(is), prefix+name+"/", visit)
			was, is = file(was), file(is)
		}
		if was != is {
			visit(prefix+name, was, is)
		}
	}
}

// folder is the tree of an entry, and "" of one that is none.
func folder(e entry) string {
	if e.mode == modeTree {
		return e.oid
	}
	return ""
}

// file is an entry that is no folder.
func file(e entry) entry {
	if e.mode == modeTree {
		return entry{}
	}
	return e
}
