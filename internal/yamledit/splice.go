package yamledit

import (
	"bytes"
	"encoding/json"

	"go.yaml.in/yaml/v3"
)

// splice is the new text of a span.
type splice struct {
	span
	text string
}

// wanted is a scalar to be edited.
type wanted struct {
	node   *yaml.Node
	inFlow bool // within [] or {}, where a plain scalar may hold less
}

// wanted lists the edited scalars in the order of the source.
func (f *File) wanted() ([]wanted, error) {
	if len(f.edits) == 0 {
		return nil, nil
	}
	found := make([]wanted, 0, len(f.edits))
	for _, doc := range f.docs {
		found = f.findEdited(found, doc, false)
	}
	if len(found) != len(f.edits) {
		return nil, errorf(0, "a node that was set is not of this file")
	}
	return found, nil
}

func (f *File) findEdited(found []wanted, n *yaml.Node, inFlow bool) []wanted {
	if _, ok := f.edits[n]; ok {
		found = append(found, wanted{n, inFlow})
	}
	inFlow = inFlow || n.Style&yaml.FlowStyle != 0
	for _, child := range n.Content {
		found = f.findEdited(found, child, inFlow)
	}
	return found
}

// splices are the edits as spans of the source and their new text, in the order
// of the source.
func (f *File) splices() ([]splice, error) {
	wanted, err := f.wanted()
	if err != nil {
		return nil, err
	}
	var all []splice
	at := newCursor(f.src)
	mustBeJSON := len(wanted) > 0 && isJSON(f.src)
	for _, w := range wanted {
		value := f.edits[w.node]
		if f.already(w.node, value) {
			continue
		}
		span, err := locate(&at, w.node)
		if err != nil {
			return nil, err
		}
		text, err := write(w, value, mustBeJSON)
		if err != nil {
			return nil, err
		}
		if len(all) > 0 && span.from < all[len(all)-1].to {
			return nil, errorf(w.node.Line, "the value overlaps another that was set")
		}
		if text != string(f.src[span.from:span.to]) {
			all = append(all, splice{span, text})
		}
	}
	return all, nil
}

// isJSON reports that a file is JSON and must stay so: JSON has no unquoted strings.
func isJSON(src []byte) bool {
	text := bytes.TrimPrefix(src, []byte("\uFEFF"))
	text = bytes.TrimLeft(text, " \t\r\n")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') && json.Valid(text)
}

// apply replaces spans, which are in order and do not overlap.
func apply(src []byte, splices []splice) []byte {
	var out bytes.Buffer
	out.Grow(len(src) + 64*len(splices))
	from := 0
	for _, s := range splices {
		out.Write(src[from:s.from])
		out.WriteString(s.text)
		from = s.to
	}
	out.Write(src[from:])
	return out.Bytes()
}
