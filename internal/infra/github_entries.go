package infra

import (
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
)

// headAnswer is a commit with the places that were wished for, as p0, p1, ….
type headAnswer struct {
	OID     string
	By      string // who wrote it, and its subject
	Parents []string
	Root    string         // object id of its tree
	Entries *[]entryAnswer // of the root, where they were asked for
	Places  map[string]*entryAnswer
}

// UnmarshalJSON takes apart what GraphQL answers under names of our own.
func (h *headAnswer) UnmarshalJSON(data []byte) error {
	var known struct {
		OID             string
		MessageHeadline string
		Author          personAnswer
		Parents         struct{ Nodes []struct{ OID string } }
		Tree            struct {
			OID     string
			Entries *[]entryAnswer
		}
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(data, &known); err != nil {
		return err
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return err
	}
	*h = headAnswer{OID: known.OID, By: wrote(known.Author.Name, known.MessageHeadline), Root: known.Tree.OID, Entries: known.Tree.Entries, Places: map[string]*entryAnswer{}}
	for _, p := range known.Parents.Nodes {
		h.Parents = append(h.Parents, p.OID)
	}
	for key, raw := range all {
		if key[0] != 'p' || key == "parents" {
			continue
		}
		var e *entryAnswer
		if err := json.Unmarshal(raw, &e); err != nil {
			return err
		}
		h.Places[key] = e
	}
	return nil
}

// entryAnswer is one entry of a tree; Object is what it leads to, as far as it
// was asked for.
type entryAnswer struct {
	Name   string
	Mode   int // git's, as a decimal number
	OID    string
	Object *struct {
		ByteSize              int64
		IsBinary, IsTruncated bool
		Text                  *string
		Entries               *[]entryAnswer
	}
}

// Git's modes, which the API gives as decimal numbers.
const (
	modeFolder     = 0o040000
	modeExecutable = 0o100755
	modeLink       = 0o120000
	modeSubmodule  = 0o160000
)

func (e *entryAnswer) mode() fs.FileMode {
	switch e.Mode {
	case modeFolder:
		return fs.ModeDir | 0o555
	case modeExecutable:
		return 0o755
	case modeLink:
		return fs.ModeSymlink | 0o777
	case modeSubmodule:
		return fs.ModeIrregular
	}
	return 0o644
}

// text is the content of a file, where the answer holds it whole: the API cuts
// what is long, leaves out what it takes for binary, and repairs what is no
// UTF-8. That nothing of it happened is proven by the object's id, which is a hash
// of its bytes.
func (e *entryAnswer) text() ([]byte, bool) {
	if e.Object == nil || e.Object.Text == nil || e.Object.IsTruncated {
		return nil, false
	}
	data := []byte(*e.Object.Text)
	return data, blobID(data) == e.OID
}

// blobID is git's id of a file with this content.
func blobID(data []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", len(data))
	h.Write(data)
	return fmt.Sprintf("%x", h.Sum(nil))
}

// learn takes the answers to the wishes into the tree.
func (t *remoteTree) learn(wishes []wish, h *headAnswer) {
	for i, w := range wishes {
		if w.path == "." {
			if h.Entries != nil {
				t.list(".", *h.Entries)
			}
			continue
		}
		t.put(w.path, h.Places[fmt.Sprintf("p%d", i)])
	}
}

// put takes one place into the tree, nil where there is nothing.
func (t *remoteTree) put(name string, e *entryAnswer) {
	if e == nil {
		t.absent[name] = true
		return
	}
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		t.folder(dir)
	}
	switch mode := e.mode(); {
	case mode.IsDir():
		t.folder(name).id = e.OID
		if e.Object != nil && e.Object.Entries != nil {
			t.list(name, *e.Object.Entries)
		}
	case mode.IsRegular() && readable(name):
		t.file(name, e)
	default:
		t.others[name] = entry{path: name, mode: mode, id: e.OID}
	}
}

func (t *remoteTree) list(name string, entries []entryAnswer) {
	t.folder(name).listed = true
	for i := range entries {
		t.put(path.Join(name, entries[i].Name), &entries[i])
	}
}

func (t *remoteTree) file(name string, e *entryAnswer) {
	n := t.node(name, e.mode())
	n.id = e.OID
	if data, ok := e.text(); ok {
		n.data.Store(&data)
	} else if e.Object != nil && (e.Object.Text != nil || e.Object.IsBinary) {
		n.unwieldy = true
	}
}

// folder is the node of a folder, made where it is not known yet.
func (t *remoteTree) folder(name string) *remoteNode { return t.node(name, fs.ModeDir|0o555) }
