package manifest

import (
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
	"github.com/seed-96940006/tagboat/internal/pattern"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// role is what a field holds that was addressed or marked.
type role string

const (
	roleImage   role = "image"
	roleName    role = "name"
	roleTag     role = "tag"
	roleDigest  role = "digest"
	roleVersion role = "version"
)

var roles = []role{roleImage, roleName, roleTag, roleDigest, roleVersion}

// joined lists words.
func joined[S ~string](words []S) string {
	var all []string
	for _, w := range words {
		all = append(all, string(w))
	}
	return strings.Join(all, ", ")
}

var (
	startsWithV = pattern.New(`^v[0-9]`)
	bareHex     = pattern.New(`^[0-9a-f]{64}$`)
)

// roleOf is the role that a field has by its last key, "" where it has none, and
// by its old value, as the doc of Address says; to is the image that is moved.
func roleOf(key, old string, to ref.Repository) role {
	_, old = assigned(old)
	image, err := ref.ParseImage(old)
	whole := err == nil && (image.Tag != "" || image.Digest != "")
	switch key {
	case "tag", "newTag", "imageTag", "appVersion":
		return roleTag
	case "version":
		if startsWithV.MatchString(old) {
			return roleTag
		}
		return roleVersion
	case "digest":
		return roleDigest
	case "repository", "newName":
		if !whole {
			return roleName
		}
	}
	_, err = ref.ParseDigest(old)
	name, _, pinned := strings.Cut(old, "@")
	switch {
	case err == nil:
		return roleDigest
	case isImageKey(key), strings.ContainsAny(name, "/:"):
		return roleImage
	case pinned && image.Repository == to: // nginx@sha256:…, where v1@sha256:… is a tag
		return roleImage
	}
	return roleTag
}

// value is what takes the place of the old value of a field in this role.
func (r role) value(old string, to Target) (string, error) {
	if filledLater(old) {
		return "", fault.Newf("E_EDIT_REFUSED", "address the value that it is filled with", "the value is filled in later: %q", old)
	}
	before, old := assigned(old)
	var value string
	var err error
	switch r {
	case roleImage:
		value, err = imageValue(old, to)
	case roleName:
		value = nameValue(old, to.Image.Repository)
	case roleDigest:
		value, err = digestValue(old, to)
	default:
		value, err = tagValue(r, old, to)
	}
	return before + value, err
}

// assigned parts a value behind its last =, which no part of a reference has in
// it: VERSION=v1 in an environment, --image=nginx:1 among arguments; and behind
// the scheme of a reference, docker://nginx:1.
func assigned(value string) (before, behind string) {
	i := strings.LastIndexByte(value, '=') + 1
	i += len(scheme(value[i:]))
	return value[:i], value[i:]
}

// imageValue is a whole reference, in the old one's spelling.
func imageValue(old string, to Target) (string, error) {
	image, err := ref.ParseImage(old)
	if err != nil || image.Repository != to.Image.Repository {
		return to.Image.Repository.String() + suffix(to.Image, to.Pin), nil
	}
	pin, err := pinFor(old, image, to)
	if err != nil {
		return "", err
	}
	return nameValue(old, to.Image.Repository) + suffix(to.Image, pin), nil
}

// nameValue is the repository as the old value spells it, if it names the same one.
func nameValue(old string, to ref.Repository) string {
	image, err := ref.ParseImage(old)
	if err != nil || image.Repository != to {
		return to.String()
	}
	return spelled(old, image)
}

// digestValue is the digest, without its algorithm where the old one has none.
func digestValue(old string, to Target) (string, error) {
	switch {
	case to.Image.Digest == "":
		return "", digestUnknown(to, "the field holds one")
	case bareHex.MatchString(old):
		return strings.TrimPrefix(string(to.Image.Digest), "sha256:"), nil
	}
	return string(to.Image.Digest), nil
}

// tagValue is the tag, with the digest where the old value has one behind it.
func tagValue(r role, old string, to Target) (string, error) {
	tag := string(to.Image.Tag)
	switch {
	case tag == "":
		return "", fault.Newf("E_TAG_UNKNOWN", "give the tag that the field is to hold", "the tag of %s is not known, and the field holds it", to.Image)
	case r == roleVersion && startsWithV.MatchString(tag):
		tag = tag[1:]
	}
	_, digest, found := strings.Cut(old, "@")
	switch _, err := ref.ParseDigest(digest); {
	case !found || err != nil:
		return tag, nil
	case to.Image.Digest == "":
		return "", digestUnknown(to, fmt.Sprintf("%q would be left stale", digest))
	}
	return tag + "@" + string(to.Image.Digest), nil
}

// spelled is the name in a reference, as written.
func spelled(written string, image ref.Image) string {
	if image.Digest != "" {
		written = strings.TrimSuffix(written, "@"+string(image.Digest))
	}
	if image.Tag != "" {
		written = strings.TrimSuffix(written, ":"+string(image.Tag))
	}
	return written
}

// pinFor is the pin of a reference, one with a digest that stays one.
func pinFor(written string, old ref.Image, to Target) (Pin, error) {
	switch {
	case old.Digest == "" || to.Pin != PinTag:
		return to.Pin, nil
	case to.Image.Digest == "":
		return "", digestUnknown(to, fmt.Sprintf("%q would be left with a stale one", written))
	case old.Tag != "":
		return PinBoth, nil
	}
	return PinDigest, nil
}
