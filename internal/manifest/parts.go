package manifest

import (
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// The keys that charts hold the parts of a reference under, as partOf gives
// them, the likelier first.
var (
	registryKeys = []string{"registry", "imageregistry"}
	nameKeys     = []string{"repository", "image", "imagerepository", "imagename", "imagerepo", "repo", "name"}
	tagKeys      = []string{"tag", "imagetag", "imageversion", "version"}
	digestKeys   = []string{"digest", "imagedigest", "sha"}
)

// parts are the fields that together name an image, as the values of charts do:
// repository and tag, registry, repository and tag, image and imageTag, with a
// digest or without.
type parts struct {
	registry    string // of the field, or the global one; "" where there is none
	own         scalar // the registry's field
	name        scalar
	tag, digest scalar // node nil where absent
	digestKey   string
	stale       scalar // a digest beside, of which it is not known what it is of
}

// newParts takes the fields that name an image out of a group; ok is false where
// there are none.
func newParts(g group, registry string) (p parts, ok bool) {
	p.registry = registry
	p.own, _ = first(g.fields, registryKeys)
	if p.registry == "" && !p.own.empty() {
		p.registry = p.own.value()
	}
	p.tag, _ = first(g.fields, tagKeys)
	p.digest, p.digestKey = first(g.fields, digestKeys)
	if p.digestKey == "sha" && !p.digest.empty() && !hexDigest.MatchString(p.digest.value()) {
		p.digest, p.digestKey = scalar{}, "" // of a commit
	}
	if p.tag.node == nil && p.digest.node == nil {
		return parts{}, false
	}
	for _, key := range nameKeys {
		name, _ := first(g.fields, []string{key})
		switch {
		case name.empty(), isURL(name.value()):
		case key == "name" && (p.tag.node == nil || g.of != ""): // of a lock file, an entry of images, …
		case key == "repository" && g.of != "" && p.registry == "" && !hasDomain(name.value()): // of a source
		case p.tag.node == nil && strings.Contains(name.value(), ":"): // a whole reference beside some digest
		default:
			p.name = name
			if _, err := p.names(); err == nil {
				return p, true
			}
		}
	}
	return p, p.name.node != nil && g.of == ""
}

// isURL reports a repository of something else: git, charts.
func isURL(name string) bool { return strings.Contains(name, "://") || strings.HasPrefix(name, "git@") }

var hexDigest = pattern.New(`^(sha256:)?[0-9a-f]{64}$`)

// first is the first of the keys that is among the fields with a scalar.
func first(fields []field, keys []string) (scalar, string) {
	for _, key := range keys {
		for _, f := range fields {
			if f.key == key && f.value.node != nil {
				return f.value, key
			}
		}
	}
	return scalar{}, ""
}

func (p parts) text() scalar { return p.name }

func (p parts) scalars() []scalar { return []scalar{p.own, p.name, p.tag, p.digest} }

func (p parts) names() (ref.Image, error) {
	name := p.name.value()
	if p.registry != "" && !hasDomain(name) {
		name = strings.TrimSuffix(p.registry, "/") + "/" + name
	}
	image, err := ref.ParseImage(name)
	if err != nil {
		return ref.Image{}, err
	}
	if image.Tag != "" || image.Digest != "" {
		return ref.Image{}, fmt.Errorf("%q carries a tag or a digest, and %s is there, too", p.name.value(), p.beside())
	}
	// What is no tag or digest does not make another image.
	tag, digest, _ := strings.Cut(p.tag.value(), "@")
	image.Tag, _ = ref.ParseTag(tag)
	image.Digest, _ = ref.ParseDigest(digest)
	if p.digest.node != nil {
		image.Digest, _ = ref.ParseDigest(digestPrefix(p.digest.value()) + p.digest.value())
	}
	return image, nil
}

// hasDomain reports a name that says itself which registry it is of.
func hasDomain(name string) bool {
	first, _, found := strings.Cut(name, "/")
	return found && (strings.ContainsAny(first, ".:") || first == "localhost")
}

// beside is the field that has the tag or digest.
func (p parts) beside() string {
	if p.tag.node != nil {
		return p.tag.path.String()
	}
	return p.digest.path.String()
}

// digestPrefix is what a digest lacks that is written as its hexadecimal part alone.
func digestPrefix(written string) string {
	if strings.Contains(written, ":") {
		return ""
	}
	return "sha256:"
}

// later is the field whose value is filled in later; its node is nil where none is.
func (p parts) later() scalar {
	for _, s := range []scalar{p.tag, p.digest} {
		if filledLater(s.value()) {
			return s
		}
	}
	return scalar{}
}

func (p parts) moves(to Target) ([]move, error) {
	if _, digest, found := strings.Cut(p.tag.value(), "@"); found && p.digest.empty() {
		return p.joined(to, digest)
	}
	hasTag, hasDigest := p.tag.node != nil, !p.digest.empty()
	switch {
	case p.stale.node != nil && p.stale.value() != string(to.Image.Digest):
		return nil, fault.Newf("E_EDIT_REFUSED", "say what the digest is of: mark it with a comment `# tagboat: digest`, or empty it once",
			"%s stands beside %s and would be left stale", p.stale.path, p.name.path)
	case !hasTag && to.Pin == PinBoth, !hasTag && !hasDigest && to.Pin == PinTag:
		return nil, p.lacks("tag", string(to.Image.Tag))
	case p.digest.node == nil && to.Pin != PinTag:
		return nil, p.lacks("digest", string(to.Image.Digest))
	case hasDigest && to.Image.Digest == "":
		return nil, digestUnknown(to, fmt.Sprintf("%q would be left stale", p.digest.value()))
	case hasTag && !p.tag.empty() && to.Image.Tag == "":
		return nil, fault.Newf("E_TAG_UNKNOWN", "give the tag, too, or empty it once",
			"the tag of %s is not known, and %q would be left stale", to.Image, p.tag.value())
	}
	var all []move
	if hasTag && to.Image.Tag != "" && (to.Pin != PinDigest || !p.tag.empty()) {
		all = append(all, move{scalar: p.tag, value: string(to.Image.Tag)})
	}
	if hasDigest || p.digest.node != nil && to.Pin != PinTag {
		all = append(all, move{scalar: p.digest, value: p.digestValue(to.Image.Digest)})
	}
	return all, nil
}

// joined are the moves of a field that holds the tag and the digest.
func (p parts) joined(to Target, old string) ([]move, error) {
	if to.Image.Digest == "" {
		return nil, digestUnknown(to, fmt.Sprintf("%q would be left stale", old))
	}
	if to.Image.Tag == "" {
		return nil, fault.Newf("E_TAG_UNKNOWN", "give the tag, too", "the tag of %s is not known, and %q would be left stale", to.Image, p.tag.value())
	}
	return []move{{scalar: p.tag, value: string(to.Image.Tag) + "@" + string(to.Image.Digest)}}, nil
}

// digestValue writes a digest as the field does.
func (p parts) digestValue(digest ref.Digest) string {
	if p.digestKey == "sha" && !strings.Contains(p.digest.value(), ":") {
		return strings.TrimPrefix(string(digest), "sha256:")
	}
	return string(digest)
}

// lacks refuses fields that a line would have to be added to.
func (p parts) lacks(key, value string) error {
	return fault.Newf("E_EDIT_REFUSED",
		fmt.Sprintf("add the line `%s: %q` beside it once; from then on it is kept up to date", key, value),
		"%s has no %s", p.name.path, key)
}
