package yamledit

import "go.yaml.in/yaml/v3"

// block reads the node at the content of a line, or after a dash. Outer is the
// column of the collection that it is in.
func (r *reader) block(outer int) *yaml.Node {
	switch r.text[r.at] {
	case '-':
		if r.atDash() {
			return r.sequence(r.at - r.start)
		}
	case '[', '{', '|', '>', '&', '*':
		return r.leaf(outer)
	}
	column, begin := r.at-r.start, r.at
	n := r.scalar()
	if r.colon(begin) {
		return r.mapping(column, n)
	}
	r.next()
	return n
}

// leaf reads a node that cannot be a collection unless it is a flow, or has an
// anchor and begins on the next line.
func (r *reader) leaf(outer int) (n *yaml.Node) {
	switch r.text[r.at] {
	case '|', '>':
		return r.textBlock(outer)
	case '&':
		return r.anchored(outer)
	case '*':
		n = r.alias()
	case '[', '{':
		r.tabs = outer < 0
		n = r.flow()
	default:
		n = r.scalar()
	}
	r.next()
	return n
}

func (r *reader) atDash() bool {
	return r.text[r.at] == '-' && class[r.text[r.at+1]]&gap != 0
}

// sequence reads the items whose dashes stand at a column.
func (r *reader) sequence(column int) *yaml.Node {
	r.enter()
	n := r.node(yaml.SequenceNode, "!!seq", r.here(r.at))
	base := len(r.open)
	for {
		r.at++
		r.open = append(r.open, r.item(column))
		if r.column > column {
			giveUp()
		}
		if r.column < column || !r.atDash() {
			break
		}
	}
	n.Content = r.collect(base)
	r.depth--
	return n
}

// item reads what follows a dash.
func (r *reader) item(column int) *yaml.Node {
	after := r.here(r.at)
	if !r.lineEnds() {
		r.blanks()
		return r.block(column)
	}
	r.below()
	if r.column > column {
		return r.block(column)
	}
	return r.null(after)
}

// mapping reads the entries whose keys stand at a column; the first key was read.
func (r *reader) mapping(column int, key *yaml.Node) *yaml.Node {
	r.enter()
	n := r.node(yaml.MappingNode, "!!map", place{key.Line, key.Column - 1})
	base := len(r.open)
	for {
		r.open = append(r.open, key)
		r.open = append(r.open, r.value(column))
		if r.column < column {
			break
		}
		begin := r.at
		if r.column > column {
			giveUp()
		}
		if key = r.scalar(); !r.colon(begin) {
			giveUp()
		}
	}
	n.Content = r.collect(base)
	r.depth--
	return n
}

// value reads what follows a key and its colon. A sequence may stand at the
// column of the keys.
func (r *reader) value(column int) *yaml.Node {
	after := r.at
	if !r.lineEnds() {
		r.blanks()
		return r.leaf(column)
	}
	empty := r.here(after)
	r.below()
	switch {
	case r.column > column:
		return r.block(column)
	case r.column == column && r.atDash():
		return r.sequence(column)
	}
	return r.null(empty)
}

// maxKey is below what the parser allows between the beginning of a key and its colon.
const maxKey = 1000

// colon goes past the colon that makes what was read since begin a key.
func (r *reader) colon(begin int) bool {
	i := r.at
	for r.text[i] == ' ' {
		i++
	}
	if r.text[i] != ':' || class[r.text[i+1]]&gap == 0 {
		return false
	}
	if i-begin > maxKey {
		giveUp()
	}
	r.at = i + 1
	return true
}

func (r *reader) blanks() {
	for r.text[r.at] == ' ' {
		r.at++
	}
}

// anchored reads an anchor and its node, on the same line or below. The node
// begins at the anchor. An alias to it from within is not ours.
func (r *reader) anchored(outer int) (n *yaml.Node) {
	at := r.here(r.at)
	name := r.name()
	r.anchors[name] = nil
	if r.lineEnds() {
		if r.below(); r.column <= outer {
			giveUp()
		}
	} else {
		r.blanks()
	}
	switch c := r.text[r.at]; {
	case c == '&', c == '*':
		giveUp()
	case at.line < r.line:
		n = r.block(outer)
	default:
		n = r.leaf(outer)
	}
	n.Anchor, n.Line, n.Column = name, at.line, at.column+1
	if r.anchors[name] == nil { // otherwise it was given again within
		r.anchors[name] = n
	}
	return n
}

// alias reads the name of a node that was read before, in whatever document.
func (r *reader) alias() *yaml.Node {
	n := r.node(yaml.AliasNode, "", r.here(r.at))
	n.Value = r.name()
	if n.Alias = r.anchors[n.Value]; n.Alias == nil {
		giveUp()
	}
	return n
}

// name reads the name of an anchor or alias after its indicator.
func (r *reader) name() string {
	r.at++
	begin := r.at
	for isName(r.text[r.at]) {
		r.at++
	}
	if c := r.text[r.at]; r.at == begin || class[c]&gap == 0 && c != ',' && c != ']' && c != '}' {
		giveUp()
	}
	return r.text[begin:r.at]
}

func isName(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c == '_' || c == '-'
}
