package yamledit

import "go.yaml.in/yaml/v3"

// flow reads [] or {}, over as many lines as it takes, and stops behind it.
func (r *reader) flow() *yaml.Node {
	r.enter()
	n := r.node(yaml.SequenceNode, "!!seq", r.here(r.at))
	n.Style = yaml.FlowStyle
	end := byte(']')
	if r.text[r.at] == '{' {
		n.Kind, n.Tag, end = yaml.MappingNode, "!!map", '}'
	}
	base := len(r.open)
	for r.at++; r.flowNext() != end; r.at++ {
		if end == '}' {
			r.open = append(r.open, r.flowKey())
			r.open = append(r.open, r.flowValue())
		} else {
			r.open = append(r.open, r.flowNode())
		}
		if c := r.flowNext(); c == end {
			break
		} else if c != ',' {
			giveUp()
		}
	}
	r.at++
	n.Content = r.collect(base)
	r.depth--
	return n
}

// flowKey reads a key and its colon. After quotes no blank need follow the colon.
func (r *reader) flowKey() *yaml.Node {
	begin := r.at
	n := r.flowScalar()
	r.blanks()
	if r.text[r.at] != ':' || r.at-begin > maxKey {
		giveUp()
	}
	r.at++
	return n
}

func (r *reader) flowValue() *yaml.Node {
	if c := r.flowNext(); c == ',' || c == '}' {
		return r.null(r.here(r.at))
	}
	return r.flowNode()
}

func (r *reader) flowNode() *yaml.Node {
	switch r.text[r.at] {
	case '[', '{':
		return r.flow()
	case '*':
		return r.alias()
	}
	return r.flowScalar()
}

// flowNext goes past blanks, line breaks and comments, and is the character there.
func (r *reader) flowNext() byte {
	for before := r.at; ; {
		switch c := r.text[r.at]; {
		case c == ' ', c == '\t' && r.tabs:
			r.at++
		case c == '\n', c == '\r', c == '#' && r.at > before:
			if r.skipLine(); r.marker() {
				giveUp()
			}
		case c == '\t', c == '#':
			giveUp()
		default:
			return c
		}
	}
}
