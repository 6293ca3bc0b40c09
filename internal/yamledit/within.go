package yamledit

import (
	"errors"

	"go.yaml.in/yaml/v3"
)

// holder is the scalar that a file within a file was read from.
type holder struct {
	file *File
	node *yaml.Node
	text sourceMap
}

// Within reads the text of n, a scalar of one of the documents, as a file of its
// own: a manifest in a block string, a patch in quotes. What is set in it is set
// within the bytes of n by f.Bytes, and nothing else of n changes; n cannot be
// set as a whole, too. The same n gives the same File.
//
// It fails with an *Error where the text cannot be parsed, and where n is no
// string, is a key, or is shared through aliases. The lines of errors are those
// of the bytes that were given to Parse, as those of Line.
func (f *File) Within(n *yaml.Node) (*File, error) {
	if inner := f.within[n]; inner != nil {
		return inner, nil
	}
	if err := f.mayHold(n); err != nil {
		return nil, err
	}
	text, err := f.mapText(n)
	if err != nil {
		return nil, err
	}
	inner, err := parse([]byte(n.Value), &holder{f, n, text})
	if err != nil {
		return nil, err
	}
	if f.within == nil {
		f.within = map[*yaml.Node]*File{}
	}
	f.within[n] = inner
	return inner, nil
}

func (f *File) mayHold(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!str" {
		return f.errorf(n, "the value is not a string")
	}
	if users := f.Aliases(n); len(users) > 0 {
		return f.errorf(n, "the value is also used by the alias *%s on line %d", users[0].Value, f.Line(users[0]))
	}
	at, found := f.find(n)
	switch {
	case !found:
		return f.placed(errorf(0, "the node is not of this file"))
	case at.isKey:
		return f.errorf(n, "the text is a key, not a value")
	}
	return nil
}

// Line is the 1-based line of a node of f in the bytes that were given to Parse,
// also where f is a file within a file.
func (f *File) Line(n *yaml.Node) int {
	if f.in == nil {
		return n.Line
	}
	f.at.seek(n.Line, n.Column)
	return f.lineAt(f.at.off)
}

// lineAt is the line, in the bytes that were given to Parse, of an offset of src.
func (f *File) lineAt(off int) int {
	if f.in == nil {
		return f.at.lineOf(off)
	}
	return f.in.file.lineAt(f.in.text.start(off))
}

// errorf is an error at the line of a node.
func (f *File) errorf(n *yaml.Node, format string, args ...any) *Error {
	return errorf(f.Line(n), format, args...)
}

// placed turns an error about src into one about the bytes that were given to
// Parse. One without a line gets that of the scalar.
func (f *File) placed(err error) error {
	at, ok := errors.AsType[*Error](err)
	if f.in == nil || !ok {
		return err
	}
	line := f.in.file.Line(f.in.node)
	if f.at.seek(at.Line, 1) {
		line = f.lineAt(f.at.off)
	}
	return &Error{Line: line, Msg: at.Msg}
}
