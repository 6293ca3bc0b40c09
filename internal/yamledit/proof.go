package yamledit

import "go.yaml.in/yaml/v3"

// prove parses the result and compares it with the source's trees and the edits.
func (f *File) prove(out []byte) error {
	after, err := Parse(out)
	if err != nil {
		return err
	}
	if len(after.docs) != len(f.docs) {
		return errorf(0, "the edit would turn %d documents into %d", len(f.docs), len(after.docs))
	}
	for i, doc := range f.docs {
		if err := f.compare(doc, after.docs[i]); err != nil {
			return err
		}
	}
	if isJSON(f.src) && !isJSON(out) {
		return errorf(0, "the edit would leave a text that is not JSON")
	}
	return nil
}

// compare walks both trees side by side. Aliases need no following: an alias
// with the same name between the same anchors stands for the same node.
func (f *File) compare(was, is *yaml.Node) error {
	value, edited := f.edits[was]
	switch {
	case was.Kind != is.Kind, was.Anchor != is.Anchor, len(was.Content) != len(is.Content):
		return changesMore(was)
	case edited && (is.Value != value || is.Tag != "!!str"):
		return errorf(was.Line, "the new value %q would be read as %s %q", value, is.Tag, is.Value)
	case !edited && (was.Value != is.Value || was.Tag != is.Tag || was.Style != is.Style):
		return changesMore(was)
	}
	for i, child := range was.Content {
		if err := f.compare(child, is.Content[i]); err != nil {
			return err
		}
	}
	return nil
}

func changesMore(n *yaml.Node) error {
	return errorf(n.Line, "the edit would change more than the value: this node, too")
}
