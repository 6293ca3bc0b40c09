package ref

import "strings"

// The grammar, in characters rather than in regular expressions: to compile
// those of the library costs every start of the program more than its work does.
//
//	name      = [domain "/"] component *("/" component)   path of at most 255
//	domain    = host [":" port], host = label *("." label) | "[" IPv6 "]"
//	component = word *(("." | "_" | "__" | 1*"-") word), word = 1*[a-z0-9]
//	tag       = [A-Za-z0-9_] 0*127[A-Za-z0-9_.-]

// The registry that names without one mean, and what it is also called.
const (
	hub        = "docker.io"
	hubLegacy  = "index.docker.io"
	hubLibrary = "library/" // of names of one word
)

// longestPath is how long a name may be, without its registry.
const longestPath = 255

// read takes the name and the tag; wrong says what is wrong with them.
func read(s string) (image Image, wrong string) {
	name, _, _ := strings.Cut(s, "@")
	if len(s) == 64 && every(s, isHex) {
		return Image{}, "64 hex digits are an image's id, not its name"
	}
	domain, path := splitDomain(name)
	path, tag, tagged := strings.Cut(path, ":")
	switch {
	case domain == hubLegacy:
		domain = hub
	case !isDomain(domain):
		return Image{}, "the registry is not a host with an optional port"
	}
	if domain == hub && path != "" && !strings.Contains(path, "/") {
		path = hubLibrary + path
	}
	switch {
	case tagged && !isTag(tag):
		return Image{}, "what follows the colon is no tag"
	case strings.ToLower(path) != path:
		return Image{}, "the name must be in lower case"
	case len(path) > longestPath:
		return Image{}, "the name is longer than 255 characters"
	}
	for component := range strings.SplitSeq(path, "/") {
		if !isComponent(component) {
			return Image{}, "invalid reference format"
		}
	}
	return Image{Repository: Repository{domain, path}, Tag: Tag(tag)}, ""
}

// splitDomain takes the registry off a name: the first component is one if it
// has a dot, a port or a capital letter, or is localhost.
func splitDomain(name string) (domain, rest string) {
	first, rest, found := strings.Cut(name, "/")
	if found && (first == "localhost" || strings.ContainsAny(first, ".:") || strings.ToLower(first) != first) {
		return first, rest
	}
	return hub, name
}

func isDomain(s string) bool {
	host, port, hasPort := s, "", false
	if end := strings.IndexByte(s, ']'); strings.HasPrefix(s, "[") && end > 0 {
		host = s[:end+1]
		if s[end+1:] != "" {
			port, hasPort = strings.CutPrefix(s[end+1:], ":")
			if !hasPort {
				return false
			}
		}
	} else {
		host, port, hasPort = strings.Cut(s, ":")
	}
	return isHost(host) && (!hasPort || port != "" && every(port, isDigit))
}

func isHost(s string) bool {
	if address, ok := strings.CutPrefix(s, "["); ok {
		address, closed := strings.CutSuffix(address, "]")
		return closed && address != "" && every(address, func(c byte) bool { return isHex(c) || c >= 'A' && c <= 'F' || c == ':' })
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || label[0] == '-' || label[len(label)-1] == '-' || !every(label, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '-' }) {
			return false
		}
	}
	return true
}

// isComponent reports words with single separators between them.
func isComponent(s string) bool {
	for s != "" {
		word := 0
		for word < len(s) && isWord(s[word]) {
			word++
		}
		if word == 0 {
			return false
		}
		if s = s[word:]; s == "" {
			return true
		}
		separator := 1
		switch {
		case strings.HasPrefix(s, "__"):
			separator = 2
		case s[0] == '-':
			separator = len(s) - len(strings.TrimLeft(s, "-"))
		case s[0] != '.' && s[0] != '_':
			return false
		}
		s = s[separator:]
	}
	return false
}

func isTag(s string) bool {
	return s != "" && len(s) <= 128 && s[0] != '.' && s[0] != '-' &&
		every(s, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' || c == '.' || c == '-' })
}

func isDigest(s string) bool {
	hex, ok := strings.CutPrefix(s, "sha256:")
	return ok && len(hex) == 64 && every(hex, isHex)
}

func every(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || c >= 'a' && c <= 'f' }
func isWord(c byte) bool   { return isDigit(c) || c >= 'a' && c <= 'z' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
