package cli

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/seed-96940006/tagboat/internal/manifest"
	"github.com/seed-96940006/tagboat/internal/ref"
)

// message is that of the commit in the infra repository: what moved, from where
// to where, with trailers by which the history can be searched.
func message(image ref.Image, pin manifest.Pin, changes []manifest.Change, runURL string) string {
	from := oldValues(changes)
	image = pin.Of(image)
	to := string(image.Tag)
	if to == "" {
		to = image.Digest.Short()
	}
	subject := fmt.Sprintf("%s: %s → %s", image.Repository.Base(), strings.Join(from, ", "), to)
	if len(from) != 1 {
		subject = fmt.Sprintf("%s: → %s", image.Repository.Base(), to)
	}
	trailers := []string{"Tagboat-Image: " + image.Repository.String()}
	for _, old := range from {
		trailers = append(trailers, "Tagboat-From: "+old)
	}
	trailers = append(trailers, "Tagboat-To: "+strings.TrimLeft(strings.TrimPrefix(image.String(), image.Repository.String()), ":@"))
	if runURL != "" {
		trailers = append(trailers, "Tagboat-Run: "+runURL)
	}
	return subject + "\n\n" + strings.Join(trailers, "\n") + "\n"
}

// oldValues are the tags and digests that were there before, each once.
func oldValues(changes []manifest.Change) []string {
	var all []string
	for _, c := range changes {
		if old := tagOf(c.Old); c.Old != c.New && old != "" && !slices.Contains(all, old) {
			all = append(all, old)
		}
	}
	slices.Sort(all)
	return all
}

// tagOf is the tag in a field's value, which is a whole reference or a part of
// one; or else its digest, shortened; or "".
func tagOf(value string) string {
	if digest, err := ref.ParseDigest(value); err == nil {
		return digest.Short()
	}
	if !strings.ContainsAny(value, "/@:") {
		return value
	}
	image, err := ref.ParseImage(value)
	switch {
	case err != nil:
		return value
	case image.Tag == "":
		return image.Digest.Short()
	}
	return string(image.Tag)
}

// proposalBranch is the one branch of pull-request mode for an image in one place,
// the same in every run, so that a newer bump moves it instead of adding another.
// base is the branch that it is for. The hash keeps apart what only looks the
// same: images of one name in two registries, two bases, and two sets of paths,
// such as environments.
func proposalBranch(image ref.Repository, base string, paths []string) string {
	var clean []string
	for _, p := range paths {
		clean = append(clean, path.Clean(p))
	}
	slices.Sort(clean)
	place := append([]string{image.String(), base}, slices.Compact(clean)...)
	sum := sha256.Sum256([]byte(strings.Join(place, "\n")))
	return fmt.Sprintf("tagboat/%s-%x", image.Base(), sum[:4])
}
