// Package ref holds the names of images as types of their own: a repository, a
// tag, a digest, and the three together. What comes from outside goes through the
// Parse functions, which let nothing invalid in.
//
// It follows the grammar of github.com/distribution/reference, which a test holds
// it to, and compares names as registries do: nginx, docker.io/nginx and
// index.docker.io/library/nginx are one repository.
package ref

import (
	"fmt"
	"strings"

	"github.com/seed-96940006/tagboat/internal/fault"
)

// Repository is an image name without tag and digest, in its full form:
// docker.io/library/nginx, ghcr.io/acme/web. The zero value names nothing.
// Two repositories are the same if they are ==.
type Repository struct{ domain, path string }

// ParseRepository reads an image name that must carry neither tag nor digest.
// It fails with E_IMAGE_NAME.
func ParseRepository(s string) (Repository, error) {
	image, err := ParseImage(s)
	if err != nil {
		return Repository{}, err
	}
	if image.Tag != "" || image.Digest != "" {
		return Repository{}, fault.Newf("E_IMAGE_NAME",
			fmt.Sprintf("write the repository alone: %s", strings.TrimSuffix(strings.TrimSuffix(s, "@"+string(image.Digest)), ":"+string(image.Tag))),
			"image %q carries a tag or a digest; tags come from the event, or from `tags`", s)
	}
	return image.Repository, nil
}

// String is the full name.
func (r Repository) String() string {
	if r.path == "" {
		return ""
	}
	return r.domain + "/" + r.path
}

// Domain is the registry's host, with its port if it has one.
func (r Repository) Domain() string { return r.domain }

// Path is the name within the registry.
func (r Repository) Path() string { return r.path }

// Base is the last component of the path: web for ghcr.io/acme/web.
func (r Repository) Base() string { return r.path[strings.LastIndexByte(r.path, '/')+1:] }

// MarshalText is String; it makes a Repository a JSON string.
func (r Repository) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Repository) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRepository(string(text))
	return err
}

// Tag is an image tag, at most 128 characters; "" means no tag.
type Tag string

// ParseTag reads a tag; it fails with E_TAG.
func ParseTag(s string) (Tag, error) {
	if !isTag(s) {
		return "", fault.Newf("E_TAG",
			"a tag has 1 to 128 of the characters A-Z a-z 0-9 _ . - and begins with none of . and -",
			"%q is not an image tag", s)
	}
	return Tag(s), nil
}

// Digest is a content digest, sha256:<64 hex digits>; "" means no digest.
type Digest string

// ParseDigest reads a digest; it fails with E_DIGEST.
func ParseDigest(s string) (Digest, error) {
	if !isDigest(s) {
		return "", fault.Newf("E_DIGEST", "a digest is sha256: and 64 hex digits in lower case", "%q is not a digest", s)
	}
	return Digest(s), nil
}

// Short is the digest cut to 12 hex digits, for people.
func (d Digest) Short() string {
	if len(d) < len("sha256:")+12 {
		return string(d)
	}
	return string(d[:len("sha256:")+12])
}

// Image is a repository with an optional tag and an optional digest.
type Image struct {
	Repository Repository
	Tag        Tag
	Digest     Digest
}

// ParseImage reads name[:tag][@digest]; it fails with E_IMAGE_NAME, or with
// E_DIGEST where only the digest is wrong.
func ParseImage(s string) (Image, error) {
	image, wrong := read(s)
	if wrong != "" {
		return Image{}, fault.Newf("E_IMAGE_NAME", nameHint(s), "image %q: %s", s, wrong)
	}
	if name, digest, found := strings.Cut(s, "@"); found {
		var err error
		if image.Digest, err = ParseDigest(digest); err != nil {
			return Image{}, fmt.Errorf("image %q: %w", name, err)
		}
	}
	return image, nil
}

func nameHint(s string) string {
	if before, digest, found := strings.Cut(s, ":sha256:"); found {
		return "a digest stands behind @: " + before + "@sha256:" + digest
	}
	if lower := strings.ToLower(s); lower != s {
		return "image names are lower case: " + lower
	}
	return "an image name is [registry/]path, such as ghcr.io/acme/web"
}

// String is repository[:tag][@digest].
func (i Image) String() string {
	s := i.Repository.String()
	if i.Tag != "" {
		s += ":" + string(i.Tag)
	}
	if i.Digest != "" {
		s += "@" + string(i.Digest)
	}
	return s
}

// MarshalText is String; it makes an Image a JSON string.
func (i Image) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (i *Image) UnmarshalText(text []byte) (err error) {
	*i, err = ParseImage(string(text))
	return err
}
