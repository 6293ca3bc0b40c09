package yamledit

import "go.yaml.in/yaml/v3"

// witnessed is the size in bytes up to which the parser reads every result, in
// less than a millisecond. Most files that name an image are smaller.
const witnessed = 8 << 10

// witness reads a result for the comparison with the source's trees. Where fast
// read the source, the parser is a witness that knows nothing of it: what fast
// mistook is then a difference, and no edit.
func witness(out []byte) ([]*yaml.Node, error) {
	if len(out) <= witnessed {
		return decodeAny(out)
	}
	return decode(out)
}

// prove parses the result and compares it with the source's trees and the changes.
func (f *File) prove(out []byte, changes []change) error {
	after, err := witness(out)
	if err != nil {
		return f.placed(err)
	}
	if len(after) != len(f.docs) {
		return f.placed(errorf(0, "the edit would turn %d documents into %d", len(f.docs), len(after)))
	}
	p := proof{file: f, next: changes, newKeys: f.aliased}
	for _, c := range changes {
		p.newKeys = p.newKeys || c.isKey
	}
	for i, doc := range f.docs {
		if err := p.compare(doc, after[i]); err != nil {
			return err
		}
	}
	if len(p.next) > 0 {
		return p.changesMore(p.next[0].node)
	}
	return nil
}

// proof is the state of a comparison.
type proof struct {
	file    *File
	next    []change // those that were not met yet
	newKeys bool     // a key may have changed, maybe by an alias
}

// compare walks both trees side by side. Aliases need no following: an alias
// with the same name between the same anchors stands for the same node.
func (p *proof) compare(was, is *yaml.Node) error {
	if was.Kind != is.Kind || was.Anchor != is.Anchor || len(was.Content) != len(is.Content) {
		return p.changesMore(was)
	}
	if len(p.next) > 0 && p.next[0].node == was {
		c := p.next[0]
		p.next = p.next[1:]
		return p.changed(c, is)
	}
	if was.Value != is.Value || was.Tag != is.Tag || was.Style != is.Style {
		return p.changesMore(was)
	}
	for i, child := range was.Content {
		if err := p.compare(child, is.Content[i]); err != nil {
			return err
		}
	}
	if p.newKeys && is.Kind == yaml.MappingNode {
		return p.file.uniqueKeys(is)
	}
	return nil
}

// changed wants the value, as a string, and for a text that only changes within
// the style that it had.
func (p *proof) changed(c change, is *yaml.Node) error {
	switch {
	case is.Value != c.value || is.Tag != "!!str":
		return p.file.errorf(c.node, "the new value %q would be read as %s %q", c.value, is.Tag, is.Value)
	case c.inner != nil && is.Style != c.node.Style:
		return p.changesMore(c.node)
	}
	return nil
}

func (p *proof) changesMore(n *yaml.Node) error {
	return p.file.errorf(n, "the edit would change more than the value: this node, too")
}
