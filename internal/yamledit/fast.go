package yamledit

import "go.yaml.in/yaml/v3"

// fast reads the part of YAML that people and tools write every day, many times
// as fast as the parser, and leaves everything else to the parser: where ok is
// false, nothing is said about the text, not even that it is wrong.
//
// It exists because an edit parses twice, the source and the result, and would
// otherwise do little else. It decides nothing on its own: where ok is true, the
// parser reads the text too, and its trees are equal to these in every kind, tag,
// value, style, anchor, alias, line and column. Only the comments are left out.
// TestFastIsTheParser and FuzzFast compare the two and hold it to that, and so
// does the proof of every small edit: see witness. So the reader is strict where
// the parser is lenient: what is rare or odd is not its business, and whatever a
// function does not know it gives up on.
//
// The reader counts columns from 0, as offsets; nodes have them from 1.
func fast(src []byte) (docs []*yaml.Node, ok bool) {
	text, ascii, ok := clean(src)
	if !ok {
		return nil, false
	}
	defer func() {
		switch p := recover(); p {
		case nil:
		case notOurs:
			docs, ok = nil, false
		default:
			panic(p)
		}
	}()
	r := reader{text: text, ascii: ascii, line: 1, anchors: map[string]*yaml.Node{}}
	return r.stream(), true
}

// reader is at one place of the text, and builds nodes as it goes. Every method
// that reads a node in a block leaves it at the next line with content.
type reader struct {
	text  string // what follows the byte order mark, and a NUL, which no source holds
	ascii bool   // every character is one byte

	at     int  // offset of what is read next
	line   int  // 1-based
	start  int  // offset of the line's first character
	column int  // of the line's content; -1 where the document ends
	depth  int  // of the collections around
	tabs   bool // are blanks within this [] or {}; not where there is an indentation to violate
	runes  counted

	anchors map[string]*yaml.Node // nil for a node that is still being read
	open    []*yaml.Node          // the nodes of the collections that are still being read
	nodes   []yaml.Node           // unused ones
	links   []*yaml.Node          // unused room for contents
	buf     []byte
}

// notOurs is what the reader gives up with.
var notOurs any = "not the fast reader's"

func giveUp() { panic(notOurs) }

// maxDepth is far below what the parser allows.
const maxDepth = 1000

func (r *reader) enter() {
	if r.depth++; r.depth > maxDepth {
		giveUp()
	}
}

// stream reads all documents. Only the first can do without a marker.
func (r *reader) stream() (docs []*yaml.Node) {
	r.content()
	for {
		switch {
		case r.column < 0 && r.text[r.at] == 0:
			return docs
		case r.column < 0:
			doc := r.node(yaml.DocumentNode, "", place{r.line, 0})
			r.at += len("---")
			r.next()
			docs = append(docs, r.document(doc))
		case len(docs) == 0:
			docs = append(docs, r.document(r.node(yaml.DocumentNode, "", place{r.line, r.column})))
		default:
			giveUp()
		}
	}
}

func (r *reader) document(doc *yaml.Node) *yaml.Node {
	base := len(r.open)
	switch {
	case r.column >= 0:
		r.open = append(r.open, r.block(-1))
	case r.at > r.start: // the parser ends the text with a line break
		r.open = append(r.open, r.null(place{r.line + 1, 0}))
	default:
		r.open = append(r.open, r.null(place{r.line, 0}))
	}
	doc.Content = r.collect(base)
	return doc
}

// slab is how many nodes are allocated at once, as many as the rest of the text
// may need. The largest is what the allocator serves from its caches: about 30 KB.
func (r *reader) slab() int { return min(max((len(r.text)-r.at)/24, 8), 200) }

// node takes a node from a slab: one by one, they would cost more than all the reading.
func (r *reader) node(kind yaml.Kind, tag string, at place) *yaml.Node {
	if len(r.nodes) == 0 {
		r.nodes = make([]yaml.Node, r.slab())
	}
	n := &r.nodes[0]
	r.nodes = r.nodes[1:]
	n.Kind, n.Tag, n.Line, n.Column = kind, tag, at.line, at.column+1
	return n
}

func (r *reader) null(at place) *yaml.Node { return r.node(yaml.ScalarNode, "!!null", at) }

// collect takes the open nodes from base on as the content of one node.
func (r *reader) collect(base int) []*yaml.Node {
	n := len(r.open) - base
	if n == 0 {
		return nil
	}
	if len(r.links) < n {
		r.links = make([]*yaml.Node, max(n, r.slab()))
	}
	content := r.links[:n:n]
	r.links = r.links[n:]
	copy(content, r.open[base:])
	r.open = r.open[:base]
	return content
}
