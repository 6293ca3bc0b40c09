package manifest

import (
	"fmt"
	slash "path"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
)

// Address is a field that the user names, and what is written to it:
//
//	FILE:PATH[=ROLE]       a value in YAML or JSON
//	FILE:/REGEXP/[=ROLE]   a part of any text
//
// FILE is a path from the root of the files, with slashes and without globs; it
// ends at the first colon that is followed by one of the characters . [ and /.
//
// PATH is made of
//
//	.key             letters, digits, _ and -
//	."quoted key"    any key, quoted as in Go or JSON
//	[0]              an item by its position
//	[name=VALUE]     the one item whose field name has this value; the name may
//	                 be a path (metadata.name), and it and the value be quoted
//
// A file of several documents is a list of documents: [1].spec, [kind=Job].spec.
// Without such a step the path must exist in exactly one of them. A path goes on
// within a string that is YAML itself. Aliases and merge keys are followed.
//
// REGEXP is one of RE2 (https://github.com/google/re2/wiki/Syntax) with exactly
// one group, in which / is written \/ and ^ and $ match at every line, as with
// (?m). It must match, and every match's group is replaced. An empty group is
// filled; one that takes in the end of a line is refused.
//
// ROLE says what is written:
//
//	image    the whole reference; the repository as the old value spells it
//	name     the repository alone
//	tag      the tag
//	digest   the digest
//	version  the tag without a leading v
//
// Without it the last key decides: tag, newTag, imageTag and appVersion hold the
// tag; version the tag, without its leading v where the old value has none;
// digest the digest; repository and newName the repository; what ends in image,
// the whole reference. Otherwise, and where a repository has a tag or a digest
// behind it, the old value does: a digest becomes the digest, what has a slash or
// a colon in it the whole reference, anything else the tag.
//
// What stands in the old value before = stays: VERSION=v1 in an environment, or
// --image=nginx:1 among arguments, holds a tag, or an image, behind it. So does
// the scheme of docker://nginx:1.
//
// A digest is never left stale: where one stands in the old value, it is brought
// up to date. The zero Address names nothing; two that mean the same are ==.
type Address struct {
	file string
	path string // as Address.String writes it: hops, or a regexp between slashes
	role role   // "" where the key and the old value decide
}

const addressGrammar = `write FILE:.key."quoted key"[0][name=VALUE], or FILE:/regexp with one (group)/, and behind it, where it does not go without saying, =image, =name, =tag, =digest or =version`

// ParseAddress reads an address; it fails with E_FIELD.
func ParseAddress(s string) (Address, error) {
	a, err := parseAddress(s)
	if err != nil {
		return Address{}, fault.New("E_FIELD", addressGrammar, fmt.Errorf("field %q: %w", s, err))
	}
	return a, nil
}

// File is the file, slash-separated, from the root of the files.
func (a Address) File() string { return a.file }

// String is the address in a form that ParseAddress reads as the same one.
func (a Address) String() string {
	s := a.file + ":" + a.path
	if a.role != "" {
		s += "=" + string(a.role)
	}
	return s
}

// isText reports an address of a part of a text.
func (a Address) isText() bool { return strings.HasPrefix(a.path, "/") }

// hops are the steps of the path of an address that was parsed.
func (a Address) hops() []hop {
	s := scanner{text: a.path}
	hops, _ := s.hops()
	return hops
}

var endOfFile = pattern.New(`:[.\[/]`)

func parseAddress(s string) (a Address, err error) {
	end := endOfFile.Regexp().FindStringIndex(s)
	switch {
	case !utf8.ValidString(s):
		return a, fmt.Errorf("it is not UTF-8")
	case end == nil:
		return a, fmt.Errorf("a colon and a path or a regexp are missing after the file")
	}
	if a.file, err = parseFile(s[:end[0]]); err != nil {
		return a, err
	}
	scan := scanner{text: s, at: end[0] + 1}
	if scan.peek() == '/' {
		a.path, err = scan.regexp()
	} else {
		var hops []hop
		hops, err = scan.hops()
		a.path = written(hops)
	}
	if err != nil {
		return a, err
	}
	if a.role, err = scan.role(); err == nil && a.isText() {
		err = checkRegexp(a.path)
	}
	return a, err
}

var drive = pattern.New(`^[A-Za-z]:`)

// parseFile checks the name of a file: it stays below the root.
func parseFile(s string) (string, error) {
	parts, clean := strings.Split(s, "/"), slash.Clean(s)
	wrong := ""
	switch {
	case strings.TrimSpace(s) == "", strings.TrimSpace(clean) == "":
		wrong = "is empty"
	case strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }):
		wrong = "holds a control character"
	case strings.ContainsAny(s, "*?[{"):
		wrong = "is a glob; an address names one file"
	case drive.MatchString(clean):
		wrong = "begins with a drive letter"
	case strings.Contains(s, `\`):
		wrong = "has a backslash"
	case parts[0] == "" || strings.HasPrefix(clean+"/", "~/"):
		wrong = "is absolute; it begins at the root of the repository"
	case slices.Contains(parts, ".."):
		wrong = "leads out of the repository"
	case slices.ContainsFunc(parts, func(part string) bool { return strings.EqualFold(part, ".git") }):
		wrong = "is git's own"
	case slices.Contains([]string{"", "."}, parts[len(parts)-1]):
		wrong = "is a folder"
	}
	if wrong != "" {
		return "", fmt.Errorf("the file %q %s", s, wrong)
	}
	return clean, nil
}
