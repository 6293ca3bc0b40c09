package plan

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/pattern"
)

// forms are what the kinds give, without prefix and suffix.
var forms = map[string]pattern.Pattern{
	"pr":                 pattern.New(`^[0-9]+$`),
	"sha":                pattern.New(`^([0-9a-f]{12}|[0-9a-f]{40}|[0-9a-f]{64})$`),
	"version":            versionForm,
	"semver":             versionForm,
	"semver-major-minor": pattern.New(`^[0-9]+\.[0-9]+$`),
	"semver-major":       pattern.New(`^[0-9]+$`),
	"date":               pattern.New(`^[0-9]+([-_][0-9]+)*$`),
}

var versionForm = pattern.New(`^v?[0-9]+\.[0-9]+\.[0-9]+([-_].*)?$`)

// reserved are the rules whose names no branch has, whatever `tags` says: another
// workflow of the repository may use them.
var reserved = []Rule{
	{Kind: "pr", Prefix: "pr-"}, {Kind: "sha", Prefix: "sha-"}, {Kind: "sha"}, {Kind: "version"},
	{Kind: "semver-major-minor"}, {Kind: "semver-major-minor", Prefix: "v"},
	{Kind: "semver-major"}, {Kind: "semver-major", Prefix: "v"},
	{Kind: "date"}, {Kind: "raw", Value: "latest"},
}

// reservedPrefix begins the names of what Tagboat may keep in a registry beside
// images.
const reservedPrefix = "claim-"

// gives reports whether a name is one that the rule could give.
func (r Rule) gives(name string) bool {
	name, before := strings.CutPrefix(name, r.Prefix)
	name, after := strings.CutSuffix(name, r.Suffix)
	switch {
	case !before || !after:
		return false
	case r.Kind == "raw":
		return name == r.Value
	case r.Kind == "branch":
		return name != ""
	}
	form := forms[r.Kind]
	return form.MatchString(name)
}

// trespasses reports whether a name that the rule gives is of a kind that names
// one image alone: a pull request, a commit, a version. A name that a person
// gives may be a version. A pull request's is nothing else.
func (r Rule) trespasses(name string) (other string, taken bool) {
	kind := r.Kind
	for _, one := range reserved {
		strict := one.Kind == "pr" || one.Kind == "sha" && one.Prefix != "" || one.Kind == "version" && kind != "raw"
		if (strict || kind == "pr") && one.Kind != kind && one.gives(name) {
			return one.Kind, true
		}
	}
	return "", false
}

var (
	notInTags = pattern.New(`[^A-Za-z0-9_.-]`)
	hashed    = pattern.New(`-[0-9a-f]{8}$`)
)

const longestTag = 128

// branchTag makes a tag of a branch's name. A name that had to be changed, that
// ends like a changed one, or that another rule could give, gets a hash of the
// whole: feature/a and feature-a never share a tag, and no branch shares one with
// a pull request or a version.
func (r Rule) branchTag(branch string, rules []Rule) string {
	clean := strings.TrimLeft(notInTags.ReplaceAllString(branch, "-"), ".-")
	free := func(name string) bool {
		return !strings.HasPrefix(name, reservedPrefix) &&
			!slices.ContainsFunc(reserved, func(other Rule) bool { return other.gives(name) }) &&
			!slices.ContainsFunc(rules, func(other Rule) bool { return r.yields(other) && other.gives(name) })
	}
	name := r.around(clean)
	if clean == branch && clean != "" && len(name) <= longestTag && !hashed.MatchString(clean) && free(name) {
		return name
	}
	sum := fmt.Sprintf("-%x", sha256.Sum256([]byte(branch)))[:9]
	const own = "branch"
	room := longestTag - len(r.around(own+"-"+sum))
	clean = clean[:min(len(clean), room)]
	if name := r.around(clean + sum); clean != "" && free(name) {
		return name
	}
	return r.around(strings.TrimRight(own+"-"+clean, "-") + sum)
}

// yields reports whether a branch's name gives way to those of another rule. Of
// two rules for branches the one with less around the name does.
func (r Rule) yields(other Rule) bool {
	if other.Kind != "branch" {
		return true
	}
	return other.around("") != r.around("") && len(other.around("")) >= len(r.around(""))
}
