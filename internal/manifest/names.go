package manifest

import (
	"bytes"
	"iter"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// names are the ways to write a repository: nginx, library/nginx,
// docker.io/nginx, … They are looked for in bytes, before any parser runs.
type names struct {
	base     []byte   // the last component, which every way ends in
	prefixes [][]byte // what may stand before it
	full     []byte   // registry and path
}

func newNames(r ref.Repository) names {
	base := r.Base()
	ways := []string{r.String()}
	if r.Domain() == "docker.io" {
		short := strings.TrimPrefix(r.Path(), "library/")
		for _, path := range []string{r.Path(), short} {
			ways = append(ways, path, "docker.io/"+path, "index.docker.io/"+path)
		}
	}
	n := names{base: []byte(base), full: []byte(r.String())}
	for _, way := range ways {
		prefix := strings.TrimSuffix(way, base)
		n.prefixes = append(n.prefixes, []byte(prefix))
		if strings.Contains(prefix, "/") {
			// JSON may escape a slash.
			n.prefixes = append(n.prefixes, []byte(strings.ReplaceAll(prefix, "/", `\/`)))
		}
	}
	return n
}

// line is the line of the first place in src that names the repository, in a
// field, a comment or any text; 0 where there is none. Letters written as
// escapes are not seen: nobody writes image names so.
func (n names) line(src []byte) int {
	for at := range n.all(src) {
		return lineOf(src, at)
	}
	return 0
}

// in is a quick look whether a text may name the repository.
func (n names) in(text string) bool { return strings.Contains(text, string(n.base)) }

// apart reports whether src may name the repository in parts, its registry, or
// more of it, in a field of its own: both parts stand somewhere, each by itself.
func (n names) apart(src []byte) bool {
	for i, c := range n.full {
		if c == '/' && alone(src, n.full[:i]) && alone(src, n.full[i+1:]) {
			return true
		}
	}
	return false
}

// alone reports whether a part of a name stands in src without more of it around;
// a registry may end in a slash.
func alone(src, part []byte) bool {
	for from := 0; ; {
		i := bytes.Index(src[from:], part)
		if i < 0 {
			return false
		}
		i += from
		from = i + len(part)
		after := bytes.TrimPrefix(src[from:], []byte("/"))
		if (i == 0 || !nameByte(src[i-1])) && (len(after) == 0 || !nameByte(after[0])) {
			return true
		}
	}
}

// all are the places in src that name the repository: where its last component
// begins, and whether that is all that stands there.
func (n names) all(src []byte) iter.Seq2[int, bool] {
	return func(yield func(int, bool) bool) {
		for from := 0; ; {
			i := bytes.Index(src[from:], n.base)
			if i < 0 {
				return
			}
			i += from
			from = i + len(n.base)
			if continues(src[from:]) {
				continue
			}
			if prefix, ok := n.endsAt(src[:i]); ok && !yield(i, prefix == 0) {
				return
			}
		}
	}
}

func lineOf(src []byte, at int) int { return 1 + bytes.Count(src[:at], []byte("\n")) }

// endsAt reports that the bytes before the last component complete a name, and
// how many of them belong to it.
func (n names) endsAt(before []byte) (prefix int, ok bool) {
	for _, prefix := range n.prefixes {
		rest, ok := bytes.CutSuffix(before, prefix)
		if ok && (len(rest) == 0 || !nameByte(rest[len(rest)-1]) || schemeEnds(rest)) {
			return len(prefix), true
		}
	}
	return 0, false
}

// continues reports that a longer name stands there: web-admin, web/admin.
func continues(after []byte) bool {
	return len(after) > 0 && (nameByte(after[0]) || bytes.HasPrefix(after, []byte(`\/`)))
}

// nameByte reports a character that image names are made of.
func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		c == '.' || c == '_' || c == '-' || c == '/'
}

// schemes are what some readers want before a name.
var schemes = []string{"docker://", "oci://"}

// scheme is the one that a text begins with, or "".
func scheme(text string) string {
	for _, s := range schemes {
		if strings.HasPrefix(text, s) {
			return s
		}
	}
	return ""
}

func schemeEnds(before []byte) bool {
	return slices.ContainsFunc(schemes, func(s string) bool { return bytes.HasSuffix(before, []byte(s)) })
}

// suffixForm is what may follow a name and belong to it.
var suffixForm = pattern.New(`^(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?(@[a-z0-9]+:[0-9a-f]+)?`)
